"""Three frames of one made-up field of stars, through three filters: what is on them is known to the last electron."""

import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from archive.models import Frame
from tests.factories import OBSERVED_AT, FrameFactory

SHAPE = (160, 200)
SCALE_ARCSEC = 2.0
SIGMA_PX = 1.6
SKY = 400.0
NOISE = 5.0
M51 = (202.4696, 47.1952)


@dataclass(frozen=True)
class Field:
    """Stars at offsets (east and north of the middle, arcsec), with counts a second in red, green and blue."""

    places_arcsec: Any
    rates: Any  # (n, 3)


# A grey, a red and a blue star, each bright and faint.
FIELD = Field(
    np.array([(-60.0, 40.0), (50.0, 55.0), (10.0, -60.0), (-75.0, -50.0), (80.0, -20.0), (-10.0, 10.0)]),
    np.array([(90, 90, 90), (160, 80, 30), (30, 80, 160), (450, 450, 450), (800, 400, 150), (150, 400, 800)], float),
)


def wcs_at(ra_deg=M51[0], dec_deg=M51[1], *, turn_deg=0.0, shape=SHAPE, scale_arcsec=SCALE_ARCSEC, mirrored=False):
    """A tangent plane; `turn_deg` is the position angle of the y axis. East is to the left unless it is mirrored."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [ra_deg, dec_deg]
    wcs.wcs.crpix = [(shape[1] + 1) / 2, (shape[0] + 1) / 2]
    angle, side = np.radians(turn_deg), 1 if mirrored else -1
    wcs.wcs.cd = (
        np.array([[side * np.cos(angle), np.sin(angle)], [-side * np.sin(angle), np.cos(angle)]]) * scale_arcsec / 3600
    )
    wcs.wcs.set()
    return wcs


def places_of(field, ra_deg=M51[0], dec_deg=M51[1]):
    """Right ascension and declination of the stars about this middle."""
    plane = wcs_at(ra_deg, dec_deg)
    plane.wcs.crpix = [0, 0]
    plane.wcs.cd = np.eye(2) / 3600
    plane.wcs.set()
    return plane.wcs_pix2world(*field.places_arcsec.T, 0)


def image_of(field, wcs, band, *, exposure_s, shape=SHAPE, middle=M51, sky=SKY, noise=NOISE, seed=1):
    """Counts (ny, nx) of the field through a band: 0 red, 1 green, 2 blue."""
    chance = np.random.default_rng(seed)
    y, x = np.indices(shape)
    image = sky + chance.normal(0, noise, shape) if noise else np.full(shape, sky)
    places = wcs.all_world2pix(*places_of(field, *middle), 0)
    for at_x, at_y, rate in zip(*places, field.rates[:, band], strict=True):
        profile = np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / (2 * SIGMA_PX**2)) / (2 * np.pi * SIGMA_PX**2)
        image = image + rate * exposure_s * profile
    return image.astype(np.float32)


def fits_of(image, wcs, **cards):
    content = io.BytesIO()
    header = wcs.to_header()
    header.update(cards)
    fits.PrimaryHDU(image, header).writeto(content)
    return content.getvalue()


def area_of(wcs, shape=SHAPE):
    """Corners as the archive keeps a footprint."""
    ny, nx = shape
    corners = [[-0.5, -0.5], [nx - 0.5, -0.5], [nx - 0.5, ny - 0.5], [-0.5, ny - 0.5], [-0.5, -0.5]]
    return [(float(ra_deg), float(dec_deg)) for ra_deg, dec_deg in wcs.all_pix2world(corners, 0)]


FILTERS = ("ip", "rp", "gp")  # red, green, blue
EXPOSURES_S = (60.0, 45.0, 90.0)


def cluster(seed, *, shape, n_stars=250):
    """A cluster of stars, red giants and blue ones, for eyes rather than for numbers."""
    chance = np.random.default_rng(seed)
    spread = min(shape) * SCALE_ARCSEC / 5
    places = np.concatenate([chance.normal(0, spread, (n_stars, 2)), chance.uniform(-2.2, 2.2, (n_stars, 2)) * spread])
    brightness = chance.pareto(1.1, len(places)) * 12 + 12
    slope = np.clip(chance.normal(0, 0.35, len(places)), -0.7, 0.7)
    return Field(places, brightness[:, None] * np.stack([1 + slope, np.ones_like(slope), 1 - slope], axis=1))


def three_frames(frames: FrameFactory, *, middle=M51, field=FIELD, shape=SHAPE, **changes: Any) -> list[Frame]:
    """Frames of the field through i, r and g, minutes apart, each a little aside and turned; red first."""
    made = []
    for band, (name, exposure_s) in enumerate(zip(FILTERS, EXPOSURES_S, strict=True)):
        wcs = wcs_at(middle[0], middle[1] + band * 3 / 3600, turn_deg=band * 0.7, shape=shape)
        image = image_of(field, wcs, band, exposure_s=exposure_s, shape=shape, middle=middle, seed=band + 1)
        values = {
            "content": fits_of(image, wcs, FILTER=name, EXPTIME=exposure_s),
            "extension": ".fits",
            "primary_optical_element": name,
            "exposure_time": exposure_s,
            "observation_date": OBSERVED_AT + timedelta(minutes=3 * band),
            "reduction_level": 91,
            "footprint": area_of(wcs, shape),
        }
        made.append(frames(**{**values, **changes}))
    return made
