"""/observation/<name>/: one observation, a tab for each way of reducing it, its header and its files."""

from datetime import datetime
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from archive.domain import products
from archive.domain.observing import ObservationRow, observation_named, rows_of
from archive.domain.reduced import WholeProduct, reduction_of, whole
from archive.enums import ProductKind, ProductState
from archive.errors import NotFoundError, UsageError
from archive.models import Observation, Product, PsfMember, RawFile, Reader, is_staff
from archive.models.frame import visible_condition
from archive.web.frame.cards import header_of
from archive.web.observation import shown
from archive.web.observation.elsewhere import links_of
from archive.web.observation.pipelines import BRIGHT, CLASS_WORDS, KIND_WORDS, PIPELINES, PLANETARY
from archive.web.policy import strict_policy
from archive.web.staff.parts import act, reason_of, refused
from archive.web.words import embargo_words

PAGE, CARDS = "archive/web/observation/page.html", "archive/web/frame/cards.html"
HEADER, FILES = "header", "files"
LONGEST_REASON = 1000  # letters


@strict_policy
@require_http_methods(["GET", "HEAD", "POST"])
def observation_page(request: HttpRequest, name: str) -> HttpResponseBase:
    """The page; `?show=` bright, faint, planetary, header or files. POST by staff has a product made again.

    404 for an observation that is not there or that the reader may not see.
    """
    at = timezone.now()
    try:
        observation = observation_named(name, request.user, at=at)
    except NotFoundError as error:
        raise Http404(str(error)) from error
    if request.method == "POST":
        return _redone(request, observation, at=at)
    is_part = "HX-Request" in request.headers
    context = _context(request, observation, at=at)
    answer = render(request, CARDS if is_part and context["tab"] == HEADER else PAGE, context)
    patch_vary_headers(answer, ["HX-Request", "Cookie"])
    return answer


def _redone(request: HttpRequest, observation: Observation, *, at: datetime) -> HttpResponseBase:
    if request.user.is_anonymous:
        return redirect_to_login(request.get_full_path())
    if not is_staff(request.user):
        return refused(request, "The archive's staff alone may have products made again.")
    by = request.user.get_username()

    def redo() -> str:
        kind = request.POST.get("kind", "")
        if kind not in KIND_WORDS:
            raise UsageError("the form does not say which product it is about: open the page again.")
        reason = reason_of(request)[:LONGEST_REASON]
        products.force_of_observation(observation=observation, kind=ProductKind(kind), by=by, reason=reason, at=at)
        return f"{KIND_WORDS[kind]} ({kind}) is made again when a worker is free."

    return act(request, redo)


def _context(request: HttpRequest, observation: Observation, *, at: datetime) -> dict[str, Any]:
    (row,) = rows_of([observation])
    tabs = _tabs(row)
    asked = request.GET.get("show", "")
    tab = asked if asked in tabs else _best_tab(row)
    parts = {HEADER: _header, FILES: _files}
    part = parts[tab](request, observation, at) if tab in parts else _reduced(request.user, row, tab, at=at)
    return {
        "observation": observation,
        "embargo": embargo_words(observation.public_date, at=at),
        "signal_class": CLASS_WORDS.get(observation.signal_class, ""),
        "member": PsfMember.objects.filter(observation=observation, removed_at=None).first(),
        "elsewhere": links_of(observation),
        "n_failed": sum(each.state == ProductState.FAILED for each in row.products),
        "tabs": [{"name": name, "label": label, "is_here": name == tab} for name, label in tabs.items()],
        "tab": tab,
        "by_staff": is_staff(request.user),
        **part,
    }


def _tabs(row: ObservationRow) -> dict[str, str]:
    """Planets have a tab where somebody planned one."""
    has_planet = any(each.kind in PLANETARY.kinds for each in row.products)
    labels = {name: each.label for name, each in PIPELINES.items() if each is not PLANETARY or has_planet}
    return {**labels, HEADER: "Header", FILES: "Files and provenance"}


def _best_tab(row: ObservationRow) -> str:
    """The first of the pipelines that have a picture; else that of bright stars, which is tried of all."""
    with_picture = {each.kind for each in row.previews}
    return next((each.name for each in PIPELINES.values() if each.preview in with_picture), BRIGHT.name)


def _products_of(observation: Observation, reader: Reader, *, at: datetime) -> list[WholeProduct]:
    return whole(Product.objects.filter(observation=observation), reader, at=at)


def _reduced(reader: Reader, row: ObservationRow, tab: str, *, at: datetime) -> dict[str, Any]:
    pipeline = PIPELINES[tab]
    found = {each.product.kind: each for each in _products_of(row.observation, reader, at=at)}
    return {
        "pipeline": pipeline,
        "pictures": shown.pictures(found, pipeline),
        "strehl": shown.strehl(row, pipeline),
        "makings": shown.makings(found, pipeline.kinds, by_staff=is_staff(reader)),
        **shown.contrast(row.observation, pipeline, reader, at=at),
    }


def _header(request: HttpRequest, observation: Observation, at: datetime) -> dict[str, Any]:
    """Cards of a stack, or of the first raw file: `?of=` says which frame's."""
    seen = visible_condition(request.user, at=at, prefix="frame__")
    raws = RawFile.objects.filter(seen, observation=observation).order_by("observed_at", "file_number", "pk")
    raw_frames = list(raws.values_list("frame_id", flat=True)[:1])
    sources = shown.header_sources(_products_of(observation, request.user, at=at), raw_frames)
    asked = request.GET.get("of", "")
    frame_id = next((pk for pk in sources.values() if str(pk) == asked), next(iter(sources.values()), None))
    cards = {"cards": [], "n_cards": 0, "n_found": 0, "q": ""} if frame_id is None else header_of(frame_id, request.GET)
    more = f"?show={HEADER}&of={frame_id}&all"
    return {"sources": sources.items(), "of": frame_id, "all_address": more, **cards}


def _files(request: HttpRequest, observation: Observation, at: datetime) -> dict[str, Any]:
    return shown.files(reduction_of(observation, request.user, at=at))
