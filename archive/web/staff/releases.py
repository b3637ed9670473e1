"""/staff/releases/: when frames become public, changed by superusers; and who changed it, when and why."""

from datetime import datetime

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from archive.domain import releases
from archive.domain.releases import Change
from archive.errors import NotFoundError, UsageError
from archive.models import Frame, ReleaseChange
from archive.web.paging import paged
from archive.web.staff.expiries import moment_of
from archive.web.staff.parts import act, asks_first, not_done, page, reason_of, refused, staff_only, who

NEVER = "never"


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def release(request: HttpRequest) -> HttpResponseBase:
    """Changes, newest first, of `?q=`, a frame's name or a programme; POST, of superusers, makes one."""
    if request.method == "POST":
        if not request.user.is_superuser:
            return refused(request, "Superusers alone change when frames become public. Ask one of them.")
        return _asked(request)
    wanted = request.GET.get("q", "").replace("\x00", "").strip()
    found = ReleaseChange.objects.order_by("-changed_at", "-pk")
    if wanted:
        of_name = found.filter(basename=wanted)
        found = of_name if of_name.exists() else found.filter(proposal_id=wanted)
    if not request.user.is_superuser:  # what is public now anybody may know of
        seen = Frame.objects.visible_to(who(request), at=timezone.now())
        found = found.filter(frame_id__in=seen.values("pk"))
    context = {"q": wanted, "changes": paged(request, found), "frame": request.GET.get("frame", "")}
    return page(request, "releases", context)


def _asked(request: HttpRequest) -> HttpResponseBase:
    what = request.POST.get("what", "").strip()
    try:
        when = _when(request)
        words = "never become public" if when is None else f"become public at {when:%Y-%m-%d %H:%M} UTC"
    except UsageError as error:
        return not_done(request, error)
    whose = f"All frames of {what}" if _is_proposal(request) else f"The frame {what} and all that follows it"
    question = f"{whose} shall {words}? Whoever has downloaded what was public keeps it."
    return asks_first(request, question, button="Change the date") or act(
        request, lambda: _changed(request, what, when)
    )


def _is_proposal(request: HttpRequest) -> bool:
    return request.POST.get("scope") == "programme"


def _when(request: HttpRequest) -> datetime | None:
    written = request.POST.get("public_date", "").strip()
    if request.POST.get(NEVER) or written == NEVER:
        return None
    moment = moment_of(written)
    if moment is None:
        raise UsageError("give the day on which it becomes public, such as 2027-03-01, or choose never.")
    return moment


def _changed(request: HttpRequest, what: str, when: datetime | None) -> str:
    is_proposal = _is_proposal(request)
    change = Change(when, who(request).get_username(), reason_of(request), timezone.now(), of_proposal=is_proposal)
    if is_proposal:
        made = releases.change_proposal(proposal_id=what, change=change)
    else:
        frame_id = Frame.objects.filter(basename=what).values_list("pk", flat=True).first()
        if frame_id is None:
            raise NotFoundError(f"there is no frame {what[:100]!r}: give its name without what follows the first dot.")
        made = releases.change_frame(frame_id=frame_id, change=change)
    return (
        f"The public date of {len(made)} frame{'' if len(made) == 1 else 's'} was changed."
        if made
        else "It is so already."
    )
