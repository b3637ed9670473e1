"""/night/: a month of nights. /night/<date>/: pictures, quality, problems and log of one, a tab each."""

import calendar
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from archive.domain import frame_nights, observing_nights
from archive.domain.access import Links
from archive.domain.frame_nights import Exposed
from archive.domain.listing import Listing, listing_for
from archive.domain.nightlog import notes_for
from archive.domain.observing import ObservationRow, observations_for
from archive.domain.observing_nights import Night, NightSummary
from archive.domain.reduced import WholeProduct
from archive.domain.seeing import median_of
from archive.enums import ProductKind
from archive.errors import NotFoundError
from archive.models import Frame, Reader, SeeingMeasurement, Thumbnail, is_staff
from archive.terms.asked import asked_terms
from archive.web.night.clock import CLOCK, clocks_of
from archive.web.night.progress import progress_part, span_of
from archive.web.night.timeline import timeline_of
from archive.web.policy import strict_policy
from archive.web.words import embargo_words

PICTURES_AT_ONCE = 60  # of a programme
GAPS_AT_ONCE = 20
DAY = timedelta(days=1)
TABS = (("pictures", "Pictures"), ("quality", "Quality"), ("problems", "Problems"), ("log", "Timeline and log"))
TITLES: Mapping[str, str] = {
    ProductKind.NIGHT_SEEING: "Seeing",
    ProductKind.NIGHT_STREHL: "Strehl ratio",
    ProductKind.NIGHT_CONTRAST: "Contrast",
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a tab is made of."""

    night: date
    reader: Reader
    frames: Sequence[Exposed]
    observed: Night | None
    links: Links
    at: datetime
    clock: str  # site whose clock is asked for


@strict_policy
@require_safe
def nights(request: HttpRequest) -> HttpResponseBase:
    """Nights of a month that have something the reader may see: `?month=2026-11`, the latest where it is not given."""
    at = timezone.now()
    listing = listing_for(request.user, asked_terms(QueryDict()), at=at)
    first = _month(request.GET.get("month", ""), lambda: _latest(listing, request.user, at=at))
    _require_neighbours(first)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    counts = frame_nights.counts_between(listing, first, last)
    observations = observations_for(request.user, at=at).filter(night__range=(first, last))
    found = set(counts) | set(observing_nights.nights_of(observations))
    summaries = {each.night: each for each in observing_nights.summaries_of(sorted(found), observations)}
    context = {
        "month": first,
        "before": first - DAY,
        "after": last + DAY,
        "nights": [
            _row(night, counts.get(night, Counter()), summaries[night]) for night in sorted(found, reverse=True)
        ],
    }
    return render(request, "archive/web/night/list.html", context)


@strict_policy
@require_safe
def night_page(request: HttpRequest, night: str) -> HttpResponseBase:
    """All of one night that the reader may see; htmx asks for the progress alone, until there is no more to come."""
    at = timezone.now()
    try:
        day = observing_nights.night_named(night)
    except NotFoundError as error:
        raise Http404(str(error)) from error
    _require_neighbours(day)
    if "HX-Request" in request.headers:
        answer = render(request, "archive/web/night/progress.html", progress_part(day, request.user, at=at))
    else:
        answer = render(request, "archive/web/night/page.html", _context(request, day, at=at))
    patch_vary_headers(answer, ["HX-Request", "Cookie"])
    return answer


def _context(request: HttpRequest, day: date, *, at: datetime) -> dict[str, Any]:
    listing = listing_for(request.user, asked_terms(QueryDict()), at=at)
    frames = frame_nights.frames_of_night(listing, day)
    observed = _observed(day, request.user, at=at)
    counts = frame_nights.counts_between(listing, day, day).get(day, Counter())
    tab = request.GET.get("tab", "")
    tab = tab if tab in dict(TABS) else TABS[0][0]
    parts = {"pictures": _pictures, "quality": _quality, "problems": _problems, "log": _log}
    links = Links(request.build_absolute_uri("/"))
    asked = _Asked(day, request.user, frames, observed, links, at, request.GET.get(CLOCK, ""))
    return {
        "night": day,
        "before": day - DAY,
        "after": day + DAY,
        "tabs": [{"name": name, "label": label, "is_here": name == tab} for name, label in TABS],
        "tab": tab,
        "n_frames": sum(counts.values()),
        "instruments": counts.most_common(),
        "n_observations": 0 if observed is None else len(observed.observations),
        "seeing": None if observed is None else median_of(observed.seeing.widths_arcsec),
        **progress_part(day, request.user, at=at),
        **parts[tab](asked),
    }


def _observed(day: date, reader: Reader, *, at: datetime) -> Night | None:
    try:
        return observing_nights.night_of(day, reader, at=at)
    except NotFoundError:
        return None


def _pictures(asked: _Asked) -> dict[str, Any]:
    """A gallery for each programme: observations by their best preview, other frames by their small picture."""
    programmes: dict[str, dict[str, Any]] = {}
    rows = {} if asked.observed is None else asked.observed.by_programme()
    for proposal_id, observations in rows.items():
        shown = [_observation(row, asked.links) for row in observations[:PICTURES_AT_ONCE]]
        programmes[proposal_id] = {
            "observations": shown,
            "n_observations": len(observations),
            "frames": [],
            "n_frames": 0,
        }
    by_programme: dict[str, list[Exposed]] = {}
    for each in asked.frames:
        by_programme.setdefault(each.proposal_id, []).append(each)
    some = [each for found in by_programme.values() for each in found[:PICTURES_AT_ONCE]]
    pictures, dates = _small_pictures(some, asked.links), _public_dates(some)
    for proposal_id, found in by_programme.items():
        into = programmes.setdefault(proposal_id, {"observations": [], "n_observations": 0})
        into["n_frames"] = len(found)
        into["frames"] = [
            {
                "frame": each,
                "picture": pictures.get(each.frame_id, ""),
                "embargo": embargo_words(dates[each.frame_id], at=asked.at) if each.frame_id in dates else "",
            }
            for each in found[:PICTURES_AT_ONCE]
        ]
    return {"programmes": dict(sorted(programmes.items()))}


def _small_pictures(frames: Sequence[Exposed], links: Links) -> dict[int, str]:
    ids = [each.frame_id for each in frames]
    found = Thumbnail.objects.filter(frame__any_of=ids, size="small", object__fault="").order_by("pk")
    rows = found.values_list("frame_id", "object__store", "object__path", "object__version_id")
    return {frame_id: links.to(*stored) for frame_id, *stored in rows}


def _public_dates(frames: Sequence[Exposed]) -> dict[int, datetime | None]:
    rows = Frame.objects.filter(pk__any_of=[each.frame_id for each in frames])
    return dict(rows.values_list("pk", "public_date"))


def _observation(row: ObservationRow, links: Links) -> dict[str, Any]:
    preview = next((each for each in row.previews if each.role == "cropped"), None) or next(iter(row.previews), None)
    strehl = next((each.values for each in row.strehls), None)
    return {
        "name": row.observation.name,
        "target": row.observation.target_name,
        "observed_at": row.observation.observed_at,
        "filter": row.observation.primary_optical_element,
        "picture": "" if preview is None else links.to(preview.store, preview.path, preview.version_id),
        "strehl": strehl,
        "address": reverse("observation-page", args=[row.observation.name]),
    }


def _quality(asked: _Asked) -> dict[str, Any]:
    """Plots of the night, and the fits of its seeing one beside the other."""
    if asked.observed is None:
        return {}
    night = asked.observed
    fits = [each for each in night.products if each.product.kind == ProductKind.SEEING]
    measured = {each.pk: each for each in night.measurements}
    return {
        "plots": [plot for each in night.plots for plot in _images(each, night, TITLES.get(each.product.kind, ""))],
        "fits": [
            fit | {"measured": measured.get(each.product.pk)}
            for each in sorted(fits, key=lambda each: _observed_at(measured.get(each.product.pk)))
            for fit in _images(each, night, each.product.subject)
        ],
        "measurements": night.measurements,
    }


def _observed_at(measured: SeeingMeasurement | None) -> datetime:
    return datetime.min.replace(tzinfo=UTC) if measured is None else measured.observed_at


def _images(each: WholeProduct, observed: Night, title: str) -> list[dict[str, Any]]:
    """Pictures among the files of a product."""
    night = observed.night.isoformat()
    return [
        {
            "title": title,
            "address": reverse("night-file", args=[night, each.product.subject, each.product.kind, file.role]),
        }
        for file in each.files
        if file.filename.endswith(".png")
    ]


def _problems(asked: _Asked) -> dict[str, Any]:
    return {"failures": [] if asked.observed is None else asked.observed.failures()}


def _log(asked: _Asked) -> dict[str, Any]:
    """When shutters were open, how long they were not, and what people wrote in that night."""
    first, end = span_of(asked.night)
    site_ids = sorted({each.site_id for each in asked.frames})
    clocks = clocks_of(site_ids, asked=asked.clock)
    clock = next((each for each in clocks if each.is_here), None)
    gaps = frame_nights.gaps_of(asked.frames)[:GAPS_AT_ONCE]
    notes = [
        note
        for site_id in site_ids
        for note in notes_for(asked.reader, site_id=site_id, at=asked.at)
        if first <= note.written_at < end
    ]
    return {
        "timeline": timeline_of(asked.frames, gaps, zone=None if clock is None else clock.zone),
        "clocks": clocks,
        "clock": clock,
        "gaps": gaps,
        "notes": notes,
        "tells_writers": is_staff(asked.reader),
    }


def _row(night: date, counts: Mapping[str, int], summary: NightSummary) -> dict[str, Any]:
    return {
        "night": night,
        "n_frames": sum(counts.values()),
        "instruments": sorted(counts.items()),
        "n_observations": sum(each.n_observations for each in summary.programmes.values()),
        "programmes": sorted(summary.programmes),
        "seeing": median_of(summary.seeing.widths_arcsec),
    }


def _month(text: str, otherwise: Callable[[], date]) -> date:
    """First day of the month that was asked for."""
    try:
        return date.fromisoformat(f"{text}-01") if text else otherwise().replace(day=1)
    except ValueError as error:
        raise Http404(f"{text[:20]!r} is no month: write it as 2026-11.") from error


def _require_neighbours(day: date) -> None:
    """Raise Http404 at the ends of the calendar: a page leads to the nights before and after."""
    if not date.min.year < day.year < date.max.year:
        raise Http404("the archive has no nights of that year.")


def _latest(listing: Listing, reader: Reader, *, at: datetime) -> date:
    newest = observations_for(reader, at=at).values_list("night", flat=True).first()
    nights = [night for night in (frame_nights.latest_night(listing), newest) if night is not None]
    return max(nights, default=at.date())
