"""Adaptive-optics tables of frames, whatever their instrument."""

from archive.models import AoFile, Frame


def file_of(frame: Frame) -> AoFile | None:
    """What the newest version of a frame that a reader may see holds; None when that is nothing."""
    files = AoFile.objects.filter(version__frame=frame).select_related("version__object")
    return files.order_by("-version__created", "-version").first()
