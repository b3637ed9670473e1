"""What a request asks of telemetry, read out of its parameters; who may ask."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain.telemetry_access import may_read
from archive.errors import UsageError
from telemetry.queries.channels import Channel, Channels
from telemetry.queries.exposure import RULES, Exposure
from telemetry.queries.keys import Key, Named, key_of, named_of, split_at_commas
from telemetry.queries.records import Place, place_of
from telemetry.queries.times import Window, unix_ns

T = TypeVar("T")

DEVICE = OpenApiParameter("device", str, description="Devices, with commas between; all when not given")
EVENT = OpenApiParameter("event", str, description="Event types, with commas between; all when not given")
KEYS = OpenApiParameter(
    "keys", str, description="Keys with commas between: `exptime`, `roi.xcen` of a table, `temps[3]` of a vector"
)
NAMED_KEYS = OpenApiParameter(
    "keys", str, description="Keys as `device:event:key` with commas between, or plain keys of one `device` and `event`"
)
_A_TIME = "ISO 8601 to the nanosecond, UTC without a zone"
START = OpenApiParameter("start", OpenApiTypes.DATETIME, description=f"From then on. {_A_TIME}")
END = OpenApiParameter("end", OpenApiTypes.DATETIME, description="Before then. The same")
START_NEEDED = OpenApiParameter("start", OpenApiTypes.DATETIME, required=True, description=f"From then on. {_A_TIME}")
END_NEEDED = OpenApiParameter("end", OpenApiTypes.DATETIME, required=True, description="Before then. The same")
RULE = OpenApiParameter(
    "rule",
    enum=list(RULES),
    description="state: the last value before the exposure, or the one that it changes to in it; continuous: linear at "
    "the middle. Without it real numbers are continuous, all others states",
)
MAX_AGE = OpenApiParameter(
    "max_age_s", float, description="Records further away than this from start or middle do not count, s; else all do"
)


class ReadsTelemetry(BasePermission):
    """Whoever TELEMETRY_READERS names."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        return may_read(request.user)


def words(request: Request, name: str) -> list[str]:
    """Words of a parameter that may be repeated, and have commas in it."""
    found = [word.strip() for text in request.query_params.getlist(name) for word in text.split(",")]
    if any("\0" in word for word in found):
        raise UsageError(f"{name} holds a character that no name has: leave it out.")
    return [word for word in found if word]


def window(request: Request) -> Window:
    """Raises UsageError for times that can not be read."""
    return Window(*(_read(request, name, unix_ns) for name in ("start", "end")))


def exposure(request: Request) -> Exposure:
    """The exposure that start and end say."""
    return Exposure(*window(request).bounds(), max_age_s(request))


def max_age_s(request: Request) -> float | None:
    return number(request, "max_age_s", least=0)


def cursor(request: Request) -> Place | None:
    return _read(request, "cursor", place_of)


def limit(request: Request) -> int:
    """Rows of a page."""
    asked = whole(request, "limit", least=1)
    return min(asked or settings.PAGINATION_DEFAULT_LIMIT, settings.PAGINATION_MAX_LIMIT)


def number(request: Request, name: str, *, least: float) -> float | None:
    """A finite number of a parameter; None when it is not given. Raises UsageError."""

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = float("nan")
        if not least <= found < 1e12:
            raise UsageError(f"{name}={text[:40]!r} can not be used: give a number of at least {least:g}.")
        return found

    return _read(request, name, read)


def whole(request: Request, name: str, *, least: int) -> int | None:
    """The same, a whole number."""
    found = number(request, name, least=least)
    if found is not None and found != int(found):
        raise UsageError(f"{name}={found:g} can not be used: give a whole number.")
    return None if found is None else int(found)


def chosen(request: Request, name: str, offered: Sequence[str]) -> str | None:
    """One of several words; None when it is not given. Raises UsageError."""

    def read(text: str) -> str:
        if text not in offered:
            raise UsageError(f"{name} is {text[:40]!r}: give one of {', '.join(offered)}.")
        return text

    return _read(request, name, read)


def flag(request: Request, name: str) -> bool:
    return chosen(request, name, ("true", "false")) == "true"


def channels(request: Request, known: Channels) -> list[Channel]:
    """Channels of the devices and events that the request names. Raises NotFoundError."""
    return known.of(words(request, "device"), words(request, "event"))


def keys(request: Request) -> tuple[Key, ...]:
    """Plain keys, each once."""
    return tuple(dict.fromkeys(key_of(text) for text in _listed(request, "keys")))


def named_keys(request: Request) -> list[Named]:
    """Keys with their channels, each once; those without one are of the only `device` and `event`."""
    devices, events = words(request, "device"), words(request, "event")
    return list(dict.fromkeys(_named(text, devices, events) for text in _listed(request, "keys")))


def _named(text: str, devices: Sequence[str], events: Sequence[str]) -> Named:
    if ":" in text.split('"', 1)[0]:
        return named_of(text)
    if len(devices) == 1 and len(events) == 1:
        return Named(devices[0], events[0], key_of(text))
    if devices or events or "." in text or "[" in text:
        raise UsageError(
            f"the key {text[:60]!r} has no channel: give it as device:event:key, or one device and one event with it."
        )
    return named_of(text)


def _listed(request: Request, name: str) -> Iterator[str]:
    for text in request.query_params.getlist(name):
        yield from split_at_commas(text)


def _read(request: Request, name: str, parse: Callable[[str], T]) -> T | None:
    text: Any = request.query_params.get(name)
    return None if text is None or text == "" else parse(text)
