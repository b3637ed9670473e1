"""From frames to a frozen selection: what POST /frames/zip/, POST /downloads/ and the scripts have in common."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request

from archive.domain import selections
from archive.downloads.members import Chosen, Form, chosen
from archive.errors import ConflictError, UsageError
from archive.models import FrameQuerySet, FrozenSelection, Reader

LARGEST_ID = 2**63 - 1


class FrameIds(serializers.ListField):
    """Ids of frames: ten thousand of them are looked at as one list, and one by one only to say what is wrong."""

    child = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)

    def run_child_validation(self, data: Any) -> Any:
        if all(type(each) is int and 1 <= each <= LARGEST_ID for each in data):
            return data
        return super().run_child_validation(data)


class FormSerializer(serializers.Serializer[Any]):
    """In which form files go into a zip."""

    uncompress = serializers.BooleanField(default=False, help_text="Unpack .fits.fz files")
    catalog_only = serializers.BooleanField(
        default=False, help_text="Of final images (reduction level 91) only their catalogues"
    )


@dataclass(frozen=True, slots=True)
class Frozen:
    """A new selection, and how many files were left out because they are known to be damaged."""

    selection: FrozenSelection
    left_out: int


def freeze(  # the verbs of the routes differ in all of these
    frames: FrameQuerySet,
    reader: Reader,
    *,
    at: datetime,
    uncompress: bool = False,
    catalog_only: bool = False,
    damaged_are_left_out: bool = False,
) -> Frozen | None:
    """Fix the newest files of `frames`, all of which `reader` may see at `at`. None when there are none.

    What is public as a whole is anybody's who has the link; anything else is its reader's alone.

    Raises UsageError when there are too many, ConflictError when a file is known to be damaged.
    """
    found = chosen(frames, uncompress=uncompress, catalog_only=catalog_only, at=at, most=settings.DOWNLOAD_MAX_FRAMES)
    _require_few(found)
    if found.damaged and not damaged_are_left_out:
        frame_id, name, fault = found.damaged[0]
        raise ConflictError(f"the file of {name} is not what was posted ({fault}): leave frame {frame_id} out.")
    if not found.members:
        return None
    folder = f"{settings.ZIP_DOWNLOAD_FILENAME_BASE}-{at:%Y%m%d}-{len(found.members)}"
    owner = None if found.all_public else reader
    return Frozen(selections.freeze(found.members, owner=owner, folder=folder, at=at), len(found.damaged))


def url_of(request: Request, selection_id: uuid.UUID) -> str:
    """Absolute address of a selection's zip."""
    return request.build_absolute_uri(reverse("download", args=[selection_id]))


def link_to(request: Request, response: HttpResponseBase, selection: FrozenSelection) -> None:
    """Name the frozen selection in an answer that already is its zip: there it can be resumed, or had again."""
    response["Link"] = f'<{url_of(request, selection.pk)}>; rel="alternate"; type="application/zip"'


def _require_few(found: Chosen) -> None:
    n_unpacked = sum(member.form == Form.UNPACKED for member in found.members)
    if n_unpacked > settings.ZIP_DOWNLOAD_MAX_UNCOMPRESSED_FILES:
        raise UsageError(
            f"{n_unpacked} files would have to be unpacked, and at most {settings.ZIP_DOWNLOAD_MAX_UNCOMPRESSED_FILES} "
            "are for one download: choose fewer frames, or ask without uncompress."
        )
    if len(found.members) + len(found.damaged) > settings.DOWNLOAD_MAX_FRAMES:
        raise UsageError(
            f"These are more than {settings.DOWNLOAD_MAX_FRAMES} frames, the most of one download: narrow the search, "
            "by nights or proposals say, and make several."
        )
