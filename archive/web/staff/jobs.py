"""/staff/pipeline/: what is made of the frames; what failed, and why; having it made again, and the switch."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from archive.domain import products, standing
from archive.enums import ProductKind, ProductState
from archive.models import Product, ProductAttempt
from archive.web.paging import paged
from archive.web.staff.parts import act, asks_first, chosen, page, reason_of, staff_only, who

READ = ["GET", "HEAD", "POST"]
STATES = [state.value for state in ProductState if state != ProductState.STALE]
KINDS = [kind.value for kind in ProductKind]


@staff_only
@require_http_methods(READ)
def pipeline(request: HttpRequest) -> HttpResponseBase:
    """Products by `?state=`, `?kind=`; POST has one made again, or pauses the pipeline."""
    if request.method == "POST":
        return _changed(request)
    given = request.GET.get("state", "")
    state = given if given in STATES else ProductState.FAILED.value
    kind = request.GET.get("kind", "")
    terms = standing.products_in(ProductState(state)) | ({"kind": kind} if kind in KINDS else {})
    if kind in KINDS:
        terms.pop("kind__in")
    seen = Product.objects.visible_to(who(request), at=timezone.now()).filter(**terms)
    counts = standing.products_by_state()
    context: dict[str, Any] = {
        "state": state,
        "kind": kind if kind in KINDS else "",
        "kinds": sorted(counts[state]),
        "states": [{"name": name, "n": sum(counts[name].values())} for name in STATES],
        "products": paged(request, seen.order_by("-night", "subject", "kind")),
        "switch": standing.pipeline_switch(),
        "is_paused": standing.is_paused(),
    }
    return page(request, "pipeline", context)


@staff_only
@require_http_methods(READ)
def job(request: HttpRequest, product_id: int) -> HttpResponseBase:
    """One product: what it is made from, its attempts with their errors; POST has it made again."""
    if request.method == "POST":
        return _changed(request)
    seen = Product.objects.visible_to(who(request), at=timezone.now())
    found = seen.select_related("observation").filter(pk=product_id).first()
    if found is None:
        raise Http404("there is no such product, or you may not see it.")
    context = {
        "product": found,
        "history": paged(request, ProductAttempt.objects.filter(product=found).order_by("-lease")),
        "can_force": found.is_current and found.state not in products.AT_WORK,
    }
    return page(request, "job", context)


def _changed(request: HttpRequest) -> HttpResponseBase:
    by = who(request).get_username()
    if "switch" in request.POST:
        pauses = request.POST["switch"] == "pause"
        if pauses:
            question = (
                "Pause the pipeline? What runs goes on to its end; nothing new begins until somebody lets it go on."
            )
            if asked := asks_first(request, question, button="Pause"):
                return asked
        return act(request, lambda: _switched(by, is_paused=pauses, reason=request.POST.get("reason", "").strip()))
    return act(request, lambda: _forced(request, by))


def _switched(by: str, *, is_paused: bool, reason: str) -> str:
    if products.is_paused() != is_paused:
        products.switch(is_paused=is_paused, by=by, reason=reason, at=timezone.now())
    return "The pipeline is paused." if is_paused else "The pipeline goes on."


def _forced(request: HttpRequest, by: str) -> str:
    at = timezone.now()
    product_id = chosen(request)
    if not Product.objects.visible_to(who(request), at=at).filter(pk=product_id).exists():
        raise ValueError("there is no such product, or you may not see it.")
    made = products.force(product_id=product_id, by=by, reason=reason_of(request), at=at)
    return f"{made.kind} of {made.subject} is made again when a worker is free."
