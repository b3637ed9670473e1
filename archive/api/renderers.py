"""The browsable pages: DRF's, with the archive's name and the pictures of the frames they show."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from django.conf import settings
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer

SHOWN_SIZE = {True: "medium", False: "small"}  # of a single frame, and of each frame of a list


class FastJSON(JSONRenderer):
    """JSON as DRF writes it, by orjson. What orjson does not take, such as huge integers of headers, DRF writes."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> Any:
        if data is None:
            return b""
        if self.get_indent(accepted_media_type or "", renderer_context or {}) is None:
            try:
                return orjson.dumps(data, default=_plain, option=orjson.OPT_UTC_Z)
            except TypeError:
                pass
        return super().render(data, accepted_media_type, renderer_context)


def _plain(value: Any) -> Any:
    """What DRF's own encoder makes of a value that JSON does not know."""
    return JSONRenderer.encoder_class().default(value)


class PicturePages(BrowsableAPIRenderer):
    """Pages for people: previews stand above the JSON."""

    template = "archive/api.html"

    def get_context(
        self, data: Any, accepted_media_type: str | None, renderer_context: Mapping[str, Any]
    ) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(data, accepted_media_type, renderer_context)
        context["site"] = settings.SITE
        context["pictures"] = list(_pictures(context["view"], data))
        return context


def _pictures(view: Any, data: Any) -> Iterator[dict[str, Any]]:
    """Link, name and picture of each frame in an answer that can show some."""
    find = getattr(view, "pictures_of", None)
    if find is None or not isinstance(data, Mapping):
        return
    is_single = "results" not in data
    rows = [data] if is_single else data["results"]
    by_frame = find([row["id"] for row in rows if "id" in row], size=SHOWN_SIZE[is_single])
    for row in rows:
        if row.get("id") in by_frame:
            yield {"frame_id": row["id"], "name": row["basename"], "url": by_frame[row["id"]]}
