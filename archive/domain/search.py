"""Terms to a visible, ordered queryset."""

from datetime import datetime

from django.db.models import F, Prefetch

from archive.models import Frame, FrameQuerySet, Reader, Relation

# Newest first; frames without a date do not come into lists. The id makes the order total: pages lose and repeat none.
NEWEST_FIRST = (F("observation_date").desc(), F("id").desc())


def frames_for(user: Reader, *, at: datetime) -> FrameQuerySet:
    """Every frame that `user` may see, newest first."""
    return Frame.objects.visible_to(user, at=at).order_by(*NEWEST_FIRST)


def related_to(frame: Frame, user: Reader, *, at: datetime) -> FrameQuerySet:
    """Frames that belong to `frame`, in either direction, as far as `user` may see them."""
    ids = Relation.objects.filter(derived=frame).values("source")
    ids = ids.union(Relation.objects.filter(source=frame).values("derived"))
    return Frame.objects.visible_to(user, at=at).filter(pk__in=ids).order_by("pk")


def with_parts(frames: FrameQuerySet, user: Reader, *, at: datetime) -> FrameQuerySet:
    """Add versions, pictures and related frames, in a query each however many frames there are.

    Of related frames only those that `user` may see: the id of a hidden one tells that it exists.
    """
    seen = Frame.objects.visible_to(user, at=at).values("pk")
    return frames.prefetch_related(
        "versions__object",
        "thumbnails__object",
        Prefetch("relations_out", Relation.objects.filter(derived__in=seen)),
        Prefetch("relations_in", Relation.objects.filter(source__in=seen)),
    )
