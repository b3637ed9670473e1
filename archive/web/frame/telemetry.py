"""/frame/<id>/telemetry/: what devices said at a frame's exposure, a device at a time, with small curves of numbers.

Whoever sees the frame may read the telemetry of its exposure. What was said before it and after it is for those who may
read telemetry of any time: to others curves end where the exposure does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from archive.domain import telemetry_access
from archive.domain.telemetry_at import exposure_of, opened, window_around
from archive.errors import NotFoundError
from archive.models import Frame
from archive.web.frame.asked import asked_frame
from archive.web.policy import strict_policy
from telemetry.errors import TelemetryError
from telemetry.queries.binned import NUMBER, NumberBin, binned, binning
from telemetry.queries.channels import Channels
from telemetry.queries.exposure import Exposure, Value, at_exposure
from telemetry.queries.keys import Named
from telemetry.queries.times import NS_PER_S, Window, iso

MOST_KEYS, MOST_CURVES, BINS = 60, 12, 48
WIDE, HIGH, INSET = 160, 32, 3  # of a curve, in the drawing's own units
NOON = timedelta(hours=12)
PAGE, PART = "archive/web/frame/telemetry.html", "archive/web/frame/telemetry_part.html"


@dataclass(frozen=True, slots=True)
class Curve:
    """Means of a number in bins around an exposure, which is the band from `start` to `end`."""

    points: str
    start: float
    end: float
    least: float
    greatest: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Values of one device; `curves` are by the place of their value."""

    devices: Sequence[str]
    device: str
    values: Sequence[Value]
    n_keys: int
    curves: dict[int, Curve]


@strict_policy
@require_safe
def frame_telemetry(request: HttpRequest, frame_id: int) -> HttpResponseBase:
    """The page; htmx asks for the part alone. `?device=` says whose. 404 for a frame that the reader may not see."""
    at = timezone.now()
    frame = asked_frame(request, frame_id, at=at)
    context: dict[str, Any] = {"frame": frame}
    status = HTTPStatus.OK
    try:
        context |= _context(request, frame, at=at)
    except NotFoundError:
        context["nothing"] = "This frame does not say how long it was exposed."
    except TelemetryError as error:
        context["error"], status = str(error), HTTPStatus.SERVICE_UNAVAILABLE
    is_part = "HX-Request" in request.headers
    # htmx leaves out what comes with an error: the part says it in words.
    answer = render(request, PART if is_part else PAGE, context, status=HTTPStatus.OK if is_part else status)
    patch_vary_headers(answer, ["HX-Request", "Cookie"])
    return answer


def _context(request: HttpRequest, frame: Frame, *, at: datetime) -> dict[str, Any]:
    exposure, reads_all = exposure_of(frame), telemetry_access.may_read(request.user)
    window = window_around(exposure) if reads_all else Window(exposure.start_ns, exposure.end_ns)
    wanted = request.GET.get("device", "")

    def question(known: Channels) -> Asked:
        return _asked(known, exposure, window, wanted=wanted, instrument=frame.instrument_id)

    found = telemetry_access.asked(question, request.user, at=at)
    if not found.devices:
        return {"nothing": "No device of this archive has told anything."}
    return {
        "devices": [{"name": name, "is_here": name == found.device} for name in found.devices],
        "device": found.device,
        "rows": [_row(value, found.curves.get(number)) for number, value in enumerate(found.values)],
        "n_more": found.n_keys - len(found.values),
        "wide": WIDE,
        "high": HIGH,
        "has_curves": bool(found.curves),
        "minutes_around": round((window.length_ns - exposure.end_ns + exposure.start_ns) / NS_PER_S / 120),
        "plots": _plots(found.values, exposure, window) if reads_all else "",
        "api": f"{reverse('frame-telemetry', args=[frame.pk])}?{urlencode({'device': found.device})}",
    }


def _asked(known: Channels, exposure: Exposure, window: Window, *, wanted: str, instrument: str) -> Asked:
    channels = known.of()
    devices = list(dict.fromkeys(channel.device for channel in channels))
    if wanted and wanted not in devices:
        raise Http404("there is no telemetry of such a device.")
    device = wanted or _nearest(devices, instrument)
    keys = opened([(each, None) for each in channels if each.device == device], exposure, using=known.using)
    values = at_exposure(keys[:MOST_KEYS], exposure, using=known.using)
    curves = _curves(values, exposure, window, using=known.using) if window.length_ns else {}
    return Asked(devices, device, values, len(keys), curves)


def _nearest(devices: Sequence[str], instrument: str) -> str:
    """The device that is called as the instrument, if one is; else the first."""
    folded = instrument.casefold()
    alike = (each for each in devices if each.casefold() in folded or (folded and folded in each.casefold()))
    return next(alike, devices[0] if devices else "")


def _curves(values: Sequence[Value], exposure: Exposure, window: Window, *, using: str) -> dict[int, Curve]:
    """Of the first few numbers: each is a question of its own."""
    into = binning(window, bins=BINS)
    numbers = [number for number, each in enumerate(values) if _is_number(each.value)]
    found = {}
    for number in numbers[:MOST_CURVES]:
        each = values[number]
        series = binned(each.channel, each.key, into, kind=NUMBER, using=using)
        bins = [one for one in series.bins if isinstance(one, NumberBin)]
        if curve := curve_of(bins, exposure, window):
            found[number] = curve
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def curve_of(bins: Sequence[NumberBin], exposure: Exposure, window: Window) -> Curve | None:
    """None where fewer than two bins have a mean: that is no curve."""
    means = [(each.start_ns, each.mean) for each in bins if each.mean is not None and math.isfinite(each.mean)]
    if len(means) < 2:
        return None
    start_ns, end_ns = window.bounds()
    least, greatest = (pick(mean for _, mean in means) for pick in (min, max))
    spread = greatest - least

    def across(at_ns: int) -> float:
        return round((min(max(at_ns, start_ns), end_ns) - start_ns) / (end_ns - start_ns) * WIDE, 1)

    def down(mean: float) -> float:
        share = (greatest - mean) / spread if spread and math.isfinite(spread) else 0.5
        return round(INSET + share * (HIGH - 2 * INSET), 1)

    points = " ".join(f"{across(at_ns)},{down(mean)}" for at_ns, mean in means)
    return Curve(points, across(exposure.start_ns), across(exposure.end_ns), least, greatest)


def _row(value: Value, curve: Curve | None) -> dict[str, Any]:
    return {
        "event": value.channel.event,
        "key": str(value.key),
        "value": _text(value.value),
        "rule": value.rule,
        "invalid": value.invalid,
        "changed": value.changed,
        "at": [iso(at_ns)[11:23] for at_ns in value.at_ns],
        "curve": curve,
        "says": "" if curve is None else f"{value.key}: {curve.least:.4g} to {curve.greatest:.4g}",
        "band": None if curve is None else max(1.0, curve.end - curve.start),
    }


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.8g}"
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return "" if value is None else str(value)


def _plots(values: Sequence[Value], exposure: Exposure, window: Window) -> str:
    """Address of the page of plots with the first numbers, over the same time."""
    names = [str(Named(each.channel.device, each.channel.event, each.key)) for each in values if _is_number(each.value)]
    start = datetime.fromtimestamp(exposure.start_ns // NS_PER_S, UTC)
    night = (start + settings.TELEMETRY_UTC_OFFSET - NOON).date()
    terms = [("night", night.isoformat()), *(zip(("start", "end"), map(iso, window.bounds()), strict=True))]
    return f"{reverse('telemetry-plots')}?{urlencode([*terms, *(('keys', name) for name in names[:MOST_CURVES])])}"
