"""/staff/ingest/ and /staff/quarantine/: what comes in late, waits, or could not be taken."""

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from archive.domain import ingest_lag, quarantine, received, standing
from archive.enums import ReceivedState
from archive.errors import NotFoundError, UsageError
from archive.models import QuarantinedFile, ReceivedObject
from archive.models.upload import GIVEN_UP
from archive.web.paging import paged
from archive.web.staff.parts import act, asks_first, chosen, page, staff_only

READ = ["GET", "HEAD", "POST"]
# What a person can have tried once more; what was taken, or is there already, needs it no more.
RETRIED = frozenset(GIVEN_UP)
SHOWN = (ReceivedState.WAITING, ReceivedState.FAILED, ReceivedState.REFUSED, ReceivedState.GONE)


@staff_only
@require_http_methods(READ)
def ingest(request: HttpRequest) -> HttpResponseBase:
    """How long frames take, and objects of the store by `?state=`; POST has one tried again."""
    if request.method == "POST":
        return act(request, lambda: _try_again(chosen(request)))
    at = timezone.now()
    asked = request.GET.get("state", "")
    state = asked if asked in {each.value for each in SHOWN} else ReceivedState.WAITING.value
    rows = ReceivedObject.objects.filter(state=state).order_by("-heard_at", "-pk")
    context = {
        "now": at,
        "lags": ingest_lag.lags(),
        "received": standing.received(at=at),
        "state": state,
        "states": [each.value for each in SHOWN],
        "objects": paged(request, rows),
        "retried": {each.value for each in RETRIED},
    }
    return page(request, "ingest", context)


def _try_again(received_id: int) -> str:
    row = ReceivedObject.objects.filter(pk=received_id).first()
    if row is None:
        raise UsageError("there is no such object any more: open the page again.")
    if row.state == ReceivedState.WAITING:
        return f"{row.path} waits for its turn already."
    if row.state not in RETRIED:
        raise UsageError(f"{row.path} is {row.state}: there is nothing to try again.")
    received.wait_again([row])
    return f"{row.path} is tried again within ten minutes."


@staff_only
@require_http_methods(READ)
def quarantined(request: HttpRequest) -> HttpResponseBase:
    """Files that could not be placed. POST looks whether one came in by now, or waves it off."""
    if request.method == "POST":
        if "dismiss" in request.POST:
            question = (
                "Wave this file off? It leaves the list, and nobody is reminded of it. It can still be sent again."
            )
            if asked := asks_first(request, question, button="Wave it off"):
                return asked
            return act(request, lambda: _dismissed(chosen(request)))
        return act(request, lambda: _retried(chosen(request)))
    shows_all = request.GET.get("all") == "1"
    rows = QuarantinedFile.objects.order_by("-last_seen_at", "-pk") if shows_all else quarantine.waiting()
    context = {"files": paged(request, rows), "shows_all": shows_all, "now": timezone.now()}
    return page(request, "quarantine", context)


def _dismissed(file_id: int) -> str:
    quarantine.dismiss([file_id], at=timezone.now())
    return "The file is waved off."


def _retried(file_id: int) -> str:
    """Nothing of it was kept but its name and digest: it is settled here when its bytes are in the archive by now."""
    file = QuarantinedFile.objects.filter(pk=file_id).first()
    if file is None:
        raise UsageError("there is no such file any more: open the page again.")
    if quarantine.settle_if_held(file, at=timezone.now()):
        return f"{file.filename} is in the archive by now: it is settled."
    if n_again := _heard_again(file.filename):
        return f"{file.filename} is tried again within ten minutes: objects of the store: {n_again}."
    raise NotFoundError(f"the store has no object {file.filename} to try again. Mend the file, then send it once more.")


def _heard_again(filename: str) -> int:
    rows = [row for row in received.of_name(filename) if row.state in RETRIED]
    received.wait_again(rows)
    return len(rows)
