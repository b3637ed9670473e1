"""/site/: every site with its newest picture. /site/<code>/: one as it is now, its night, its log and its uploads."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from archive.domain import sites
from archive.domain.access import Links
from archive.domain.family_rows import newest_pictures
from archive.domain.nightlog import notes_for
from archive.errors import NotFoundError
from archive.models import Reader, SetupTally, is_staff
from archive.models.tally import Span
from archive.web.policy import strict_policy
from archive.web.site.evening import asked_night, evening_of
from archive.web.site.pictures import newest_previews, pictures_of
from archive.web.site.uploads import uploads_of
from archive.web.stream import live_part

NOTES_AT_ONCE = 20
PAGE, PART = "archive/web/site/page.html", "archive/web/site/part.html"


@strict_policy
@require_safe
def site_list(request: HttpRequest) -> HttpResponseBase:
    """Sites that have a configuration, frames or pictures."""
    at = timezone.now()
    links = Links(request.build_absolute_uri("/"))
    named = {each.site_id: str((each.configuration or {}).get("name", "")) for each in sites.current()}
    pictures = {each.exposure.site_id: links.to_object(each.object) for each in newest_pictures(request.user, at=at)}
    counted = SetupTally.objects.filter(span=Span.ALL, is_public=True).order_by().values_list("site_id")
    counts = {code: n for code, n in counted.annotate(n=Sum("n_frames")) if n > 0 and code}
    codes = sorted({*named, *pictures, *counts})
    pictures |= newest_previews((code for code in codes if code not in pictures), request.user, links, at=at)
    shown = [
        {"code": code, "name": named.get(code, ""), "n_frames": counts.get(code, 0), "picture": pictures.get(code, "")}
        for code in codes
    ]
    return render(request, "archive/web/site/list.html", {"sites": shown})


@strict_policy
@require_safe
def site_page(request: HttpRequest, code: str) -> HttpResponseBase:
    """One site as it is now; the pictures and the log of uploads are asked for anew when the live stream says so."""
    if "\0" in code:
        raise Http404("no site has a null character in its code.")
    at = timezone.now()
    is_part = "HX-Request" in request.headers
    context: dict[str, Any] = {
        "code": code,
        "is_part": is_part,
        **pictures_of(code, request.user, Links(request.build_absolute_uri("/")), at=at),
        **uploads_of(code, request, at=at),
    }
    if not is_part:
        context |= {**live_part(urlencode({"site_id": code})), **_site(code, request, at=at)}
        if not _is_known(context):
            raise Http404("there is no such site, or it has nothing that you may see.")
    answer = render(request, PART if is_part else PAGE, context)
    patch_vary_headers(answer, ["HX-Request", "Cookie"])
    return answer


def _is_known(context: dict[str, Any]) -> bool:
    has_infos = any("name" in each for each in context["infos"])
    return bool(context["name"] or context["pictures"] or context["sky"] or has_infos or context["uploads"])


def _site(code: str, request: HttpRequest, *, at: datetime) -> dict[str, Any]:
    """Name, the night that is asked for, and notes."""
    reader: Reader = request.user
    evening = evening_of(code, asked_night(request.GET.get("date", "")), at=at)
    return {
        "name": _name_of(code),
        "notes": list(notes_for(reader, site_id=code, at=at)[:NOTES_AT_ONCE]),
        "tells_writers": is_staff(reader),
        **evening,
    }


def _name_of(code: str) -> str:
    """What a site is called; empty where nobody has said."""
    try:
        return str((sites.configuration_of(code).configuration or {}).get("name", code))
    except NotFoundError:
        return ""
