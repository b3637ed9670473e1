"""JSON bodies."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request


class BoundedJSON(JSONParser):
    """DRF's JSON, which answers 400 to a body nested deeper than Python can follow."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply.") from error


def large_json(request: Request, *, most_bytes: int) -> Any:
    """What was sent. Read here, for Django refuses bodies of more than 2.5 MB whose size no view has thought of.

    Raises ParseError for what is no JSON, or too large.
    """
    sent = request._request.read(most_bytes + 1)  # noqa: SLF001 - DRF's own request would ask for all of it
    if len(sent) > most_bytes:
        raise ParseError(f"Send {most_bytes} bytes of JSON at most.")
    try:
        return orjson.loads(sent)
    except orjson.JSONDecodeError as error:
        raise ParseError(f"JSON parse error - {error}") from error
