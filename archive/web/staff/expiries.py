"""/staff/expiry/: what goes next, and by which rule; when a single frame goes, and giving it a time of its own."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.views.decorators.http import require_http_methods

from archive.domain import expiry, search
from archive.domain.expiring import Due, Expiring
from archive.domain.limited import at_most
from archive.enums import ExpiringKind
from archive.errors import ArchiveError, NotFoundError, TransientError, UsageError
from archive.models import ExpiryRule, Reader, Tombstone
from archive.web.paging import Paged, paged
from archive.web.staff.parts import act, asks_first, page, refused, staff_only, who

LONGEST_MS = 2_000  # of a preview
MOST_DAYS = 3_650
KINDS = {kind.kind.value: kind for kind in expiry.KINDS}
HIDDEN = "one that you may not see"


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def expiries(request: HttpRequest) -> HttpResponseBase:
    """What is due in `?days=` of one `?kind=`; `?name=` says when one goes. POST, of superusers, sets its own time."""
    if request.method == "POST":
        if not request.user.is_superuser:
            return refused(request, "Superusers alone say when a single frame goes. Ask one of them.")
        question = (
            f"Let {request.POST.get('name', '')} go at that time, whatever the rules say? Nothing can bring it back."
        )
        return asks_first(request, question, button="Set the time") or act(request, lambda: _set(request))
    at = timezone.now()
    given = request.GET.get("days", "7")
    days = min(int(given) if given.isdecimal() and len(given) < len("10000") else 7, MOST_DAYS)
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ExpiringKind.FRAME.value
    due, wrong = _preview(request, KINDS[kind], at + timedelta(days=days))
    context = {
        "days": days,
        "kind": kind,
        "kinds": list(KINDS),
        "due": due,
        "wrong": wrong,
        "rules": paged(request, ExpiryRule.objects.order_by("kind", "name"), name="rules_page"),
        "gone": _gone(who(request), kind),
        **_fate(request, kind, at),
    }
    return page(request, "expiry", context)


def _preview(request: HttpRequest, kind: Expiring, at: datetime) -> tuple[Paged | None, str]:
    try:
        with at_most(LONGEST_MS):
            found = paged(request, kind.due(at=at))
            names = _names_seen(who(request), found.rows, at=timezone.now())
    except TransientError:
        return None, "This takes longer than two seconds. Ask for fewer days, or run manage.py expire --dry-run."
    rows = [
        {"name": names.get(due.thing_id, HIDDEN), "rule": due.cause.rule, "reason": due.cause.reason}
        for due in found.rows
    ]
    return Paged(rows, found.number, found.before, found.after), ""


def _names_seen(reader: Reader, due: Sequence[Due], *, at: datetime) -> dict[int, str]:
    """Names of things that the reader may see; superusers see all, others frames that are theirs or everybody's."""
    names = {thing.thing_id: thing.name for thing in due}
    if reader.is_superuser or not due:
        return names
    if due[0].kind != ExpiringKind.FRAME:
        return {}
    seen = search.frames_for(reader, at=at).filter(pk__in=list(names)).values_list("pk", flat=True)
    return {thing_id: names[thing_id] for thing_id in seen}


def _gone(reader: Reader, kind: str) -> list[Tombstone]:
    return list(Tombstone.objects.visible_to(reader).filter(kind=kind).order_by("-deleted_at", "-pk")[:10])


def _fate(request: HttpRequest, kind: str, at: datetime) -> dict[str, Any]:
    name = request.GET.get("name", "").replace("\x00", "").strip()
    if not name:
        return {"name": ""}
    try:
        is_seen = request.user.is_superuser or (
            kind == ExpiringKind.FRAME and search.frames_for(request.user, at=at).filter(basename=name).exists()
        )
        if not is_seen:
            raise NotFoundError(f"there is no {kind} {name!r}, or you may not see it.")
        return {"name": name, "fate": expiry.fate_of(ExpiringKind(kind), name)}
    except ArchiveError as error:
        return {"name": name, "no_fate": str(error)}


def _set(request: HttpRequest) -> str:
    name, kind = request.POST.get("name", "").strip(), request.POST.get("kind", ExpiringKind.FRAME.value)
    if kind not in KINDS:
        raise UsageError("choose what kind of thing it is.")
    expiry.fate_of(ExpiringKind(kind), name)  # there is such a thing
    moment = moment_of(request.POST.get("expires_at", ""))
    if moment is None:
        raise UsageError("give the day on which it goes, such as 2027-03-01.")
    own = expiry.set_own_expiry(
        kind=ExpiringKind(kind),
        name=name,
        expires_at=moment,
        at=timezone.now(),
        by=who(request).get_username(),
        replace=True,
    )
    return f"{name} goes at {own.expires_at:%Y-%m-%d %H:%M} UTC."


def moment_of(written: str) -> datetime | None:
    """A day or a time of UTC; None for nothing. Raises UsageError."""
    text = written.strip()
    if not text:
        return None
    try:
        day = parse_date(text)
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC) if day else parse_datetime(text)
    except ValueError as error:
        raise UsageError(f"{text[:40]} is no day: write it as 2027-03-01.") from error
    if moment is None:
        raise UsageError(f"{text[:40]} is no day: write it as 2027-03-01.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
