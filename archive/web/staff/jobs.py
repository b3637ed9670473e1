"""/staff/pipeline/: what is made of the frames; what failed, and why; forced, cancelled, and the switch."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from archive.domain import cancelling, products, standing
from archive.enums import ProductKind, ProductState
from archive.errors import UsageError
from archive.models import Product, ProductAttempt, ProductCancellation
from archive.web.paging import paged
from archive.web.staff.parts import act, asks_first, chosen, not_done, page, reason_of, staff_only, who

READ = ["GET", "HEAD", "POST"]
STATES = [state.value for state in ProductState if state != ProductState.STALE]
CANCELLATIONS_AT_ONCE = 20
KINDS = [kind.value for kind in ProductKind]


@staff_only
@require_http_methods(READ)
def pipeline(request: HttpRequest) -> HttpResponseBase:
    """Products by `?state=`, `?kind=`; POST has one made again, cancels one, or pauses the pipeline."""
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
        "can_cancel": state in cancelling.TO_BE_ENDED,
        "products": paged(request, seen.order_by("-night", "subject", "kind")),
        "switch": standing.pipeline_switch(),
        "is_paused": standing.is_paused(),
    }
    return page(request, "pipeline", context)


@staff_only
@require_http_methods(READ)
def job(request: HttpRequest, product_id: int) -> HttpResponseBase:
    """One product: what it is made from, its attempts with their errors; POST has it made again, or cancels it."""
    if request.method == "POST":
        return _changed(request)
    seen = Product.objects.visible_to(who(request), at=timezone.now())
    found = seen.select_related("observation").filter(pk=product_id).first()
    if found is None:
        raise Http404("there is no such product, or you may not see it.")
    context = {
        "product": found,
        "history": paged(request, ProductAttempt.objects.filter(product=found).order_by("-lease")),
        "cancellations": list(ProductCancellation.objects.filter(product=found)[:CANCELLATIONS_AT_ONCE]),
        "can_force": found.is_current and found.state not in products.AT_WORK,
        "can_cancel": found.is_current and found.state in cancelling.TO_BE_ENDED,
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
    if "cancel" in request.POST:
        return _cancelled(request, by)
    return act(request, lambda: _forced(request, by))


def _cancelled(request: HttpRequest, by: str) -> HttpResponseBase:
    try:
        product_id, reason = _seen(request).pk, reason_of(request)
    except (UsageError, ValueError) as error:
        return not_done(request, error)
    question = (
        "Cancel this product? What a worker computes of it is thrown away, what follows from it is not made, and "
        "nothing asks for it again until somebody forces it."
    )
    if asked := asks_first(request, question, button="Cancel the product"):
        return asked

    def cancel() -> str:
        ended = cancelling.cancel(product_id=product_id, by=by, reason=reason, at=timezone.now())
        return f"{ended.kind} of {ended.subject} is cancelled."

    return act(request, cancel)


def _switched(by: str, *, is_paused: bool, reason: str) -> str:
    if products.is_paused() != is_paused:
        products.switch(is_paused=is_paused, by=by, reason=reason, at=timezone.now())
    return "The pipeline is paused." if is_paused else "The pipeline goes on."


def _forced(request: HttpRequest, by: str) -> str:
    made = products.force(product_id=_seen(request).pk, by=by, reason=reason_of(request), at=timezone.now())
    return f"{made.kind} of {made.subject} is made again when a worker is free."


def _seen(request: HttpRequest) -> Product:
    """The product that a form is about. Raises UsageError, and ValueError for one that its sender may not see."""
    found = Product.objects.visible_to(who(request), at=timezone.now()).filter(pk=chosen(request)).first()
    if found is None:
        raise ValueError("there is no such product, or you may not see it.")
    return found
