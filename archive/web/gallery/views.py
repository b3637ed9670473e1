"""/gallery/: public colour pictures. /gallery/<id>/: one of them, how it was made, and its files."""

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from archive.domain import colour_pictures
from archive.domain.target_names import folded
from archive.downloads.streams import file_response
from archive.enums import ColourState
from archive.errors import NotFoundError
from archive.models import ColourPicture, ColourPictureQuerySet, Version, is_staff
from archive.web.gallery.cards import FILES, card_of, files_of
from archive.web.gallery.words import alternative, bands_of, field_of, marks_of
from archive.web.paging import paged
from archive.web.policy import strict_policy
from archive.web.staff.parts import refused

PICTURES_AT_ONCE = 24
LONGEST_NAME = 100


@strict_policy
@require_safe
def gallery(request: HttpRequest) -> HttpResponseBase:
    """All pictures, newest first; `?q=` part of the target's name in any spelling. Staff may ask for `?hidden=1`."""
    at = timezone.now()
    wanted = request.GET.get("q", "").strip()[:LONGEST_NAME]
    only_hidden = is_staff(request.user) and bool(request.GET.get("hidden"))
    found = _made(at=at).exclude(hidden_at=None) if only_hidden else ColourPicture.objects.shown(at=at)
    if wanted:
        found = found.filter(target_key__contains=folded(wanted)) if folded(wanted) else found.none()
    page = paged(request, found.with_frames().order_by("-observed_at", "-pk"), size=PICTURES_AT_ONCE)
    context = {
        "pictures": [card_of(picture) for picture in page.rows],
        "page": page,
        "q": wanted,
        "is_staff": is_staff(request.user),
        "only_hidden": only_hidden,
    }
    return render(request, "archive/web/gallery/list.html", context)


@strict_policy
@require_http_methods(["GET", "HEAD", "POST"])
def gallery_picture(request: HttpRequest, picture_id: int) -> HttpResponseBase:
    """One picture. Staff may POST `hide` to take it away, and `show` to bring it back."""
    at = timezone.now()
    picture = _picture_for(request, picture_id, at=at)
    if request.method == "POST":
        return _changed(request, picture, at=at)
    bands = bands_of(picture)
    context = {
        "picture": picture,
        "bands": bands,
        "files": files_of(picture),
        "alternative": alternative(picture, bands),
        "field": field_of(picture),
        "marks": marks_of(picture),
        "downloads": {band.colour: _download(band.version) for band in bands},
        "is_staff": is_staff(request.user),
        "credit": settings.GALLERY_CREDIT,
        "licence": settings.GALLERY_LICENCE,
        "licence_url": settings.GALLERY_LICENCE_URL,
    }
    return render(request, "archive/web/gallery/picture.html", context)


@require_safe
def gallery_file(request: HttpRequest, picture_id: int, name: str) -> HttpResponseBase:
    """One of a picture's files. Browsers ask each time whether it may be shown still, and get it only once."""
    picture = _picture_for(request, picture_id, at=timezone.now())
    try:
        stored = colour_pictures.file_of(picture, FILES.get(name, ""))
    except NotFoundError as error:
        raise Http404(str(error)) from error
    answer = file_response(request, stored, filename=f"{picture.target_key[:LONGEST_NAME]}-{picture.pk}-{name}")
    answer["Cache-Control"] = "private, no-cache"
    return answer


def _made(*, at: datetime) -> ColourPictureQuerySet:
    return ColourPicture.objects.public(at=at).filter(state=ColourState.DONE)


def _picture_for(request: HttpRequest, picture_id: int, *, at: datetime) -> ColourPicture:
    """The picture; 404 unless it is of frames that all may see. One that was taken away is there for staff alone."""
    found = _made(at=at) if is_staff(request.user) else ColourPicture.objects.shown(at=at)
    picture = found.with_frames().select_related("picture", "thumbnail", "cube").filter(pk=picture_id).first()
    if picture is None:
        raise Http404("there is no such picture, or it is not public.")
    return picture


def _changed(request: HttpRequest, picture: ColourPicture, *, at: datetime) -> HttpResponseBase:
    if not is_staff(request.user):
        return refused(request, "Only the archive's staff takes pictures out of the gallery.")
    if "show" in request.POST:
        colour_pictures.show_again(picture.pk)
        messages.success(request, "The picture is in the gallery again.")
    elif "hide" in request.POST:
        colour_pictures.hide(picture.pk, by=request.user.get_username(), at=at)
        messages.success(request, "The picture is out of the gallery, and no other of this target takes its place.")
    return redirect("gallery-picture", picture.pk)


def _download(version: Version) -> str:
    return reverse("frame-download", args=[version.frame_id])
