"""/search/new/: frames that came since a page of the search was made; and what that page needs to ask for them.

The page's bar counts them. Where the newest do not come first nobody can say where in the list they are, and there is
no bar; nor over maps.
"""

import re
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from archive.domain import arrivals
from archive.domain.order import NEWEST_FIRST
from archive.domain.replica import PRIMARY, with_fallback
from archive.domain.stream import ForgottenError
from archive.metering import seconds_to_wait_of_open_page
from archive.models import Reader
from archive.web.policy import strict_policy
from archive.web.search.asked import Asked, asked_of
from archive.web.stream import live_part

POSITION = re.compile(r"[0-9]{1,18}")
NO_POSITION = "after is no position: give the one that the page or the last answer told."


@strict_policy
@require_safe
def new_frames(request: HttpRequest) -> JsonResponse:
    """Ids of frames after the position `after` that meet the terms of lists, and the position to go on from."""
    at = timezone.now()
    if wait_s := seconds_to_wait_of_open_page(request, at=at):
        refused = _refusal({"": [f"Too many questions: ask again in {wait_s} s."]}, HTTPStatus.TOO_MANY_REQUESTS)
        refused["Retry-After"] = str(wait_s)
        return refused
    asked = asked_of(request.GET, request.user, at=at, using=PRIMARY)
    after = request.GET.get("after", "")
    if asked.terms is None or not POSITION.fullmatch(after):
        return _refusal(asked.errors or {"after": [NO_POSITION]}, HTTPStatus.BAD_REQUEST)
    try:
        # Of the primary: who is told by the stream would not find it yet in a replica.
        found = arrivals.arrived(request.user, asked.terms, after=int(after), at=at)
    except ForgottenError as error:
        return _refusal({"after": [str(error)]}, HTTPStatus.GONE)
    answer = JsonResponse({"frames": found.frame_ids, "after": found.position, "has_more": found.has_more})
    answer["Cache-Control"] = "private, no-store"
    patch_vary_headers(answer, ["Cookie"])
    return answer


def _refusal(errors: dict[str, list[str]], status: HTTPStatus) -> JsonResponse:
    return JsonResponse({"errors": errors}, status=status)


def watch(asked: Asked, reader: Reader, *, at: datetime) -> dict[str, Any]:
    """For the bar of a page whose list is read after this; nothing where it has none."""
    if not asked.per_page or asked.order[0] != NEWEST_FIRST[0]:
        return {}
    mark = with_fallback(lambda alias: arrivals.mark_now(using=alias), reader, at=at)
    query = asked.api.urlencode()
    return {
        "address": f"{reverse('search-new')}?{query}",
        "list": asked.address(),
        "after": mark.position,
        "waiting": ",".join(map(str, mark.frame_ids)),
        **live_part(query),
    }
