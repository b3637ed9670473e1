"""/telemetry/plots/: chosen keys over a night. All of it follows from the address; without scripts there are tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from archive.domain import telemetry_access
from archive.models import is_staff
from archive.web.policy import strict_policy
from telemetry.errors import NotFoundError, TelemetryError, UsageError
from telemetry.queries.binned import NUMBER, Series, binned, binning
from telemetry.queries.channels import Channel, Channels, Described, described
from telemetry.queries.keys import Key, Named, leaves_of, named_of, split_at_commas
from telemetry.queries.times import NS_PER_S, Window, iso, ns_of, unix_ns

MOST_PLOTS = 12
ROWS_OF_TABLE = 24
FIRST_YEAR, LAST_YEAR = 1971, 2261  # what Unix nanoseconds can say, but for the ends
DAY = timedelta(days=1)
NOON = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Night:
    """From noon to noon of the telescope's clock; `date` is the first one's."""

    date: date

    @property
    def window(self) -> Window:
        noon = datetime.combine(self.date, datetime.min.time(), UTC) + NOON - settings.TELEMETRY_UTC_OFFSET
        return Window(ns_of(noon), ns_of(noon + DAY))


@dataclass(frozen=True, slots=True)
class Plot:
    """One key, and what a table shows of it."""

    name: str
    channel: Channel
    key: Key
    series: Series

    @property
    def is_number(self) -> bool:
        return self.series.kind == NUMBER


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. Without start and end the whole night."""

    night: Night
    window: Window
    names: Sequence[Named]


@strict_policy
@require_safe
def plots(request: HttpRequest) -> HttpResponseBase:
    """The page; a login for whoever may not read telemetry yet."""
    if not telemetry_access.may_read(request.user):
        if request.user.is_anonymous:
            return redirect_to_login(request.get_full_path())
        return render(request, "archive/web/refused.html", _context(request), status=HTTPStatus.FORBIDDEN)
    now = timezone.now()
    known = telemetry_access.asked(_described, request.user, at=now)
    shown = _context(request) | {"choices": _choices(known), "most": MOST_PLOTS}
    try:
        asked = _asked(request.GET, known, now=now)
        found = telemetry_access.asked(lambda channels: _plots(asked, channels), request.user, at=now)
    except TelemetryError as error:
        status = HTTPStatus.NOT_FOUND if isinstance(error, NotFoundError) else HTTPStatus.BAD_REQUEST
        shown |= {"error": str(error), "night": _night_of(known, now=now).date}
        return render(request, "archive/web/telemetry_plots.html", shown, status=status)
    return render(request, "archive/web/telemetry_plots.html", shown | _shown(asked, found))


def _described(channels: Channels) -> list[Described]:
    return described(channels.of(), using=channels.using)


def _context(request: HttpRequest) -> dict[str, Any]:
    return {"names_people": is_staff(request.user)}


def _choices(known: Sequence[Described]) -> list[str]:
    """Every key that can be plotted: those of the latest records. Vectors are plotted by their elements."""
    found = []
    for each in known:
        for key, value in leaves_of(each.msg):
            parts = [Key((*key.parts, n)) for n in range(len(value))] if isinstance(value, list) else [key]
            found += [str(Named(each.channel.device, each.channel.event, part)) for part in parts]
    return found


def _asked(given: QueryDict, known: Sequence[Described], *, now: datetime) -> Asked:
    """Raises UsageError for what can not be read."""
    night_text, *times = (str(given.get(name) or "") for name in ("night", "start", "end"))
    night = _named_night(night_text) if night_text else _night_of(known, now=now)
    window = Window(*(unix_ns(text) if text else None for text in times))
    if window.start_ns is None or window.end_ns is None:
        window = night.window
    texts = [part for text in given.getlist("keys") for part in split_at_commas(text)]
    names = list(dict.fromkeys(map(named_of, texts)))
    if len(names) > MOST_PLOTS:
        raise UsageError(f"{len(names)} keys are too many for one page: plot at most {MOST_PLOTS}.")
    if any(name.key is None for name in names):
        raise UsageError("give each key as device:event:key, such as camsci1:telem_stdcam:fps.")
    return Asked(night, window, names)


def _named_night(text: str) -> Night:
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text[:40]!r} is no night: give it as 2024-04-15.") from error
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise UsageError(f"records are of the years {FIRST_YEAR} to {LAST_YEAR}: choose a night of these.")
    return Night(found)


def _night_of(known: Sequence[Described], *, now: datetime) -> Night:
    """The night of the latest record that there is."""
    latest = max((each.ts for each in known if each.ts <= now), default=now)
    return Night((latest + settings.TELEMETRY_UTC_OFFSET - NOON).date())


def _plots(asked: Asked, channels: Channels) -> list[Plot]:
    into = binning(asked.window, bins=ROWS_OF_TABLE)
    found = []
    for name, (channel, key) in zip(asked.names, channels.named(asked.names), strict=True):
        if key is not None:
            found.append(Plot(str(name), channel, key, binned(channel, key, into, using=channels.using)))
    return found


def _shown(asked: Asked, found: Sequence[Plot]) -> dict[str, Any]:
    start_ns, end_ns = asked.window.bounds()
    night_start_ns, night_end_ns = asked.night.window.bounds()
    return {
        "night": asked.night.date,
        "before": asked.night.date - DAY,
        "after": asked.night.date + DAY,
        "start": _moment(start_ns),
        "end": _moment(end_ns),
        "start_s": start_ns / NS_PER_S,
        "end_s": end_ns / NS_PER_S,
        "night_start_s": night_start_ns / NS_PER_S,
        "night_end_s": night_end_ns / NS_PER_S,
        "start_text": iso(start_ns),
        "end_text": iso(end_ns),
        "is_whole": asked.window == asked.night.window,
        "plots": [{"plot": plot, "rows": _rows(plot), "without": _without(plot, found)} for plot in found],
    }


def _rows(plot: Plot) -> list[tuple[datetime, Any]]:
    return [(_moment(each.start_ns), each) for each in plot.series.bins]


def _without(plot: Plot, found: Sequence[Plot]) -> str:
    """Query string of the other keys."""
    terms = QueryDict(mutable=True)
    terms.setlist("keys", [other.name for other in found if other is not plot])
    return terms.urlencode()


def _moment(at_ns: int) -> datetime:
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC)
