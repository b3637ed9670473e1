"""/site/<code>/<directory>/<base>/: a picture of a site, such as an info image, its header and analysis."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from archive.domain.access import Links
from archive.domain.family_rows import FamilyRow, family_named, rows_of
from archive.enums import ExposureKind, FileRole
from archive.errors import ConflictError, NotFoundError
from archive.models import Exposure, InfoImage, Reader
from archive.web.frame.cards import cards_of
from archive.web.policy import strict_policy
from archive.web.site.analysis import analysis_of
from archive.web.site.pictures import family_as_shown
from ingest.family_names import KIND_OF_DIRECTORY

PAGE, CARDS = "archive/web/site/family.html", "archive/web/frame/cards.html"
ANALYSIS, ANALYSIS_ID = "archive/web/site/analysis.html", "analysis"


@strict_policy
@require_safe
def site_family(request: HttpRequest, code: str, directory: str, base: str) -> HttpResponseBase:
    """The page; 404 for what is not there, not to be seen, or shown no longer.

    `?q=` narrows the header, `?analysis=` asks for that of the FITS file or of the picture.
    """
    at = timezone.now()
    family, channel = shown_family(code, directory, base, request.user, at=at)
    row = next(iter(rows_of([family.pk], request.user, at=at)), None)
    if row is None:
        raise Http404("it has just gone.")
    context = {"family": family, "code": code, "directory": directory, "channel": channel}
    target = request.headers.get("HX-Target", "")
    if "HX-Request" in request.headers and target != ANALYSIS_ID:
        answer = render(request, CARDS, context | cards_of(family.header or {}, request.GET))
    elif "HX-Request" in request.headers:
        answer = render(request, ANALYSIS, context | analysis_of(row, request.GET))
    else:
        links = Links(request.build_absolute_uri("/"))
        context |= {"shown": family_as_shown(row, links), "files": list(_files(row, links))}
        context |= {**cards_of(family.header or {}, request.GET), **analysis_of(row, request.GET)}
        answer = render(request, PAGE, context)
    patch_vary_headers(answer, ["HX-Request", "HX-Target", "Cookie"])
    return answer


def shown_family(
    code: str, directory: str, base: str, reader: Reader, *, at: datetime
) -> tuple[Exposure, InfoImage | None]:
    """A family of a site by folder and name; an info image with the channel that shows it still. Raises Http404."""
    kind = KIND_OF_DIRECTORY.get(directory)
    try:
        family = None if kind is None else family_named(base, reader, kind=kind, at=at)
    except (NotFoundError, ConflictError) as error:
        raise Http404(str(error)) from error
    if family is None or family.site_id != code:
        raise Http404("there is no such picture of this site.")
    if kind is not ExposureKind.INFO_IMAGE:
        return family, None
    channel = InfoImage.objects.filter(exposure=family, expires_at__gt=at).first()
    if channel is None:
        raise Http404("info images are shown for a while only, and this one's time is over.")
    return family, channel


def _files(row: FamilyRow, links: Links) -> Any:
    """Files of the family that came from its site, those that others were made from first."""
    for file in sorted(row.files, key=lambda file: (list(FileRole).index(FileRole(file.role)), file.level)):
        name = f"{row.values['name']}-{file.data_type}{file.level:02d}{file.extension}"
        yield {
            "name": name,
            "address": "" if file.object.fault else links.to_object(file.object),
            "size_bytes": file.object.size_bytes,
            "put_at": file.put_at,
            "frame": file.frame_id,
            "role": file.role,
            "fault": file.fault or file.object.fault,
        }
