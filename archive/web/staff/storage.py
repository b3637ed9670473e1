"""/staff/storage/: what the store holds by site and class, what is to be removed from it, and what is damaged."""

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from archive.domain import standing, storage_use
from archive.models import DoomedBytes
from archive.web.paging import paged
from archive.web.staff.parts import act, page, staff_only


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def storage(request: HttpRequest) -> HttpResponseBase:
    """The last count; POST counts anew."""
    if request.method == "POST":
        return act(request, _counted)
    use = storage_use.known()
    context = {
        "use": use,
        "shares": paged(request, use.shares if use else ()),
        "faulty": paged(request, use.faulty if use else (), name="faulty_page"),
        "n_doomed": standing.n_doomed(),
        "doomed": paged(request, DoomedBytes.objects.order_by("pk"), name="doomed_page"),
        "most_faulty": storage_use.MOST_FAULTY,
    }
    return page(request, "storage", context)


def _counted() -> str:
    use = storage_use.count(at=timezone.now())
    return f"{use.n:,} objects were counted."
