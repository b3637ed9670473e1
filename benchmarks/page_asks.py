"""Questions that the pages for people are asked, with values drawn from what the archive holds."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import cycle

from django.contrib.auth.models import AnonymousUser, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from archive.domain import stream
from archive.domain.arrivals import MOST_LOOKED_AT
from archive.models import Observation
from benchmarks.population.world import LAST_NIGHT, N_NIGHTS
from benchmarks.speed import questions
from benchmarks.speed.asks import Ask, Who
from benchmarks.speed.truth import Truth

SEARCH, SKY, NEW = "/search/", "/search/sky/", "/search/new/"
STAFF_PARTS = ("ingest", "quarantine", "pipeline", "storage", "psf-library", "people", "expiry", "releases")
TABS = ("pictures", "quality", "problems", "log")
SITE, INSTRUMENT, FILTER, PROPOSAL = "site_id", "instrument_id", "primary_optical_element", "proposal_id"
N_SEVERAL = 3  # values chosen of one facet
SEVERAL = {
    "filters": (FILTER,),
    "proposals": (PROPOSAL,),
    "instruments and filters": (INSTRUMENT, FILTER),
    "proposals and filters": (PROPOSAL, FILTER),
}
STAFF = ("staff", *(f"staff-{name}" for name in STAFF_PARTS))


def of_search(truth: Truth) -> Mapping[str, Iterator[Ask]]:
    """The search page by several kinds of terms, the numbers of its map, and what its bar asks."""
    before = str(stream.last_position() - MOST_LOOKED_AT)
    return {
        SEARCH: _always(Ask(SEARCH)),
        f"{SEARCH} of one value": _on(SEARCH, (ask for ask in questions.lists(truth) if ask.params)),
        f"{SEARCH} of a proposal and 60 days": _on(SEARCH, questions.proposals(truth)),
        f"{SEARCH} of a target": _on(SEARCH, questions.target_parts(truth)),
        f"{SEARCH} of a place": _on(SEARCH, questions.places(truth)),
        **{f"{SEARCH} of {N_SEVERAL} {words}": _several(truth, *columns) for words, columns in SEVERAL.items()},
        f"{SEARCH} of {N_SEVERAL} sites and filters, 60 days": _several(truth, SITE, FILTER, days=60),
        f"{SKY} of one value": _on(SKY, (ask for ask in questions.lists(truth) if ask.params)),
        SKY: _always(Ask(SKY)),
        f"{NEW} among {MOST_LOOKED_AT:,} events": _always(Ask(NEW, {"after": before})),
        f"{NEW} of one value": _after(before, _on(NEW, (ask for ask in questions.lists(truth) if ask.params))),
        f"{NEW} of a place": _after(before, _on(NEW, questions.places(truth))),
    }


def of_others(truth: Truth) -> Mapping[str, Iterator[Ask]]:
    """Frames, nights, sites, observations, and each page of staff."""
    pages = {
        "/frame/<id>/": _frames(truth),
        "/frame/<id>/family/": _families(truth),
        "/frame/<id>/telemetry/": (Ask(reverse("frame-page-telemetry", args=[each.pk])) for each in truth.frames()),
        "/observation/<name>/": _observations(truth),
        "/night/": _months(truth),
        "/night/<date>/ of frames": _nights(truth),
        "/night/<date>/ of adaptive optics": _observed_nights(truth),
        "/site/": _always(Ask(reverse("site-list"))),
        "/site/<code>/": (Ask(reverse("site-page", args=[frame.site_id])) for frame in truth.frames()),
    }
    return pages | {reverse(route): _always(Ask(reverse(route), who=Who.ADMIN)) for route in STAFF}


def cookie_of(user: User) -> str:
    """The session of somebody who has logged in: pages know no tokens."""
    browser = Client()
    browser.force_login(user)
    return browser.cookies["sessionid"].value


def _always(ask: Ask) -> Iterator[Ask]:
    while True:
        yield ask


def _on(path: str, asks: Iterator[Ask]) -> Iterator[Ask]:
    return (Ask(path, ask.params, where=ask.where, values=ask.values) for ask in asks)


def _after(position: str, asks: Iterator[Ask]) -> Iterator[Ask]:
    return (Ask(ask.path, {**ask.params, "after": position}) for ask in asks)


def _several(truth: Truth, *columns: str, days: int = 0) -> Iterator[Ask]:
    """Several values of each of some facets, as frames of telescopes have them; `days`: in a window as long as this."""
    frames = truth.frames(request_id__isnull=False)
    where = [f"{column} = ANY(%s)" for column in columns]
    if days:
        where.append("observation_date BETWEEN %s AND %s")
    while True:
        chosen = [next(frames) for _ in range(N_SEVERAL)]
        values = {column: sorted({getattr(frame, column) for frame in chosen}) for column in columns}
        start = questions.start_of(chosen[0]) - timedelta(days=truth.random.uniform(0, days))
        ends = (start, start + timedelta(days=days)) if days else ()
        sent = dict(zip(("start", "end"), (end.isoformat() for end in ends), strict=False))
        yield Ask(SEARCH, {**values, **sent}, where=" AND ".join(where), values=(*values.values(), *ends))


def _frames(truth: Truth) -> Iterator[Ask]:
    """Frames with and without a header, to anybody and to a member."""
    for frame, who in zip(truth.frames(), cycle((Who.ANYBODY, Who.MEMBER)), strict=False):
        yield Ask(reverse("frame-page", args=[frame.pk]), who=who)


def _families(truth: Truth) -> Iterator[Ask]:
    """Both sides of a frame in turn."""
    for frame, way in zip(truth.frames(), cycle(("before", "behind")), strict=False):
        yield Ask(reverse("frame-family", args=[frame.pk]), {"way": way})


def _observations(truth: Truth) -> Iterator[Ask]:
    """Each tab in turn."""
    seen = Observation.objects.visible_to(AnonymousUser(), at=timezone.now()).order_by("pk")
    names = list(seen.values_list("name", flat=True)[:1000])
    for show in cycle(("bright", "faint", "header", "files")):
        yield Ask(reverse("observation-page", args=[truth.random.choice(names)]), {"show": show})


def _months(truth: Truth) -> Iterator[Ask]:
    while True:
        night = LAST_NIGHT - timedelta(days=truth.random.randrange(N_NIGHTS))
        yield Ask(reverse("night-list"), {"month": f"{night:%Y-%m}"})


def _nights(truth: Truth) -> Iterator[Ask]:
    """Each tab in turn, to anybody and to a superuser, who sees all frames of the night."""
    for tab, who in zip(cycle(TABS), cycle((Who.ANYBODY,) * 4 + (Who.ADMIN,) * 4), strict=False):
        night = LAST_NIGHT - timedelta(days=truth.random.randrange(N_NIGHTS))
        yield Ask(reverse("night-page", args=[night.isoformat()]), {"tab": tab}, who)


def _observed_nights(truth: Truth) -> Iterator[Ask]:
    nights = list(Observation.objects.order_by("night").values_list("night", flat=True).distinct())
    for tab in cycle(TABS):
        yield Ask(reverse("night-page", args=[truth.random.choice(nights).isoformat()]), {"tab": tab})
