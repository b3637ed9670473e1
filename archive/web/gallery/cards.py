"""A colour picture in a list of some: small, with its words, and where its files are."""

from typing import Any

from django.urls import reverse

from archive.models import ColourPicture
from archive.web.gallery.words import alternative, bands_of

THUMBNAIL_PX = 640
# Names of a picture's files in addresses.
FILES = {"picture.jpg": "picture", "small.jpg": "thumbnail", "planes.fits.fz": "cube"}


def card_of(picture: ColourPicture) -> dict[str, Any]:
    """Context of one in a list; needs the picture's frames."""
    bands = bands_of(picture)
    width_px, height_px = picture.width_px or 1, picture.height_px or 1
    scale = min(1.0, THUMBNAIL_PX / max(width_px, height_px))
    return {
        "picture": picture,
        "small": files_of(picture)["small"],
        "width_px": max(1, round(width_px * scale)),
        "height_px": max(1, round(height_px * scale)),
        "alternative": alternative(picture, bands),
        "filters": [band.filter for band in bands],
    }


def files_of(picture: ColourPicture) -> dict[str, str]:
    """Addresses of a picture's files: `picture`, `small`, `planes`."""
    return {name.split(".")[0]: reverse("gallery-file", args=[picture.pk, name]) for name in FILES}
