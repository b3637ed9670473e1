"""Colour pictures as rows: which are made, who sees them, and what is left when they go."""

import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from PIL import Image

from archive.domain import access, colour_frames, colour_pictures, removal
from archive.domain.expiry import expire, set_own_expiry
from archive.enums import ColourState, ExpiringKind
from archive.models import ColourPicture, Frame, StoredObject
from pipeline.reductions.colour import make_colour_picture
from pipeline.tasks import find_colour_pictures
from tests.colours import EXPOSURES_S, FIELD, SHAPE, SIGMA_PX, fits_of, image_of, places_of, three_frames, wcs_at

pytestmark = pytest.mark.django_db(transaction=True)
NEVER = datetime(2999, 1, 1, tzinfo=UTC)


def made(frames, now, *, target="M 51"):
    """The picture of these frames, as the workers make it."""
    (picture_id,) = colour_pictures.choose(target, at=now)
    assert make_colour_picture(picture_id=picture_id, at=now)
    return ColourPicture.objects.get(pk=picture_id)


def bytes_of(stored):
    return b"".join(access.stream_of(stored))


def test_a_picture_has_the_colours_of_its_stars_where_they_are(frame_factory, now):
    picture = made(three_frames(frame_factory), now)
    frames = [version.frame.primary_optical_element for version in picture.versions]
    assert frames == ["ip", "rp", "gp"]
    shown = np.asarray(Image.open(io.BytesIO(bytes_of(picture.picture))).convert("RGB"))[::-1]
    assert shown.shape == (picture.height_px, picture.width_px, 3)
    with fits.open(io.BytesIO(bytes_of(picture.cube))) as cube:
        wcs = WCS(cube["GREEN"].header)
        planes = {name: cube[name].data for name in ("RED", "GREEN", "BLUE")}
    x, y = wcs.all_world2pix(*places_of(FIELD), 0)
    for at_x, at_y, rates in zip(x, y, FIELD.rates, strict=True):
        pixel = shown[round(at_y), round(at_x)].astype(float)
        assert np.argsort(pixel)[[0, -1]].tolist() == np.argsort(rates)[[0, -1]].tolist() or np.ptp(rates) == 0
        for name, rate in zip(planes, rates, strict=True):
            rows, columns = np.indices(planes[name].shape)
            near = np.hypot(columns - at_x, rows - at_y) <= 6 * SIGMA_PX
            assert planes[name][near].sum() == pytest.approx(rate, rel=0.05, abs=8)
    assert Image.open(io.BytesIO(bytes_of(picture.thumbnail))).size <= (640, 640)
