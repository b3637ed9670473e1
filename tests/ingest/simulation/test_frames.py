import gzip
import io
import warnings
from datetime import date, datetime

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from ingest.simulation.frames import files_of, stars_of
from ingest.simulation.night import plan

RECENT = date(2026, 11, 1)
EXPOSURES = {exposure.raw_name: exposure for exposure in plan(RECENT)}
TARGETS = {name: exposure.target for name, exposure in EXPOSURES.items() if exposure.target}
REQUIRED = [
    "SITEID",
    "TELID",
    "INSTRUME",
    "OBSTYPE",
    "PROPID",
    "DATE-OBS",
    "DAY-OBS",
    "UTSTOP",
    "BLKUID",
    "MOLUID",
    "REQNUM",
    "TRACKNUM",
    "FILTER",
    "OBJECT",
    "EXPTIME",
    "RLEVEL",
    "RA",
    "DEC",
    "RDNOISE",
    "SATURATE",
    "GAIN",
    "CCDSUM",
    "AIRMASS",
    "ORIGIN",
]
RELATED = ("L1IDBIAS", "L1IDDARK", "L1IDFLAT", "ORIGNAME")


@pytest.fixture(scope="module")
def made():
    """All files of all exposures: name to bytes, uncompressed where gzip was around them."""
    files: dict[str, bytes] = {}
    for exposure in EXPOSURES.values():
        files |= files_of(exposure, seed=1)
    return {name: gzip.decompress(data) if name.endswith(".gz") else data for name, data in files.items()}


def opened(data):
    return fits.open(io.BytesIO(data))


def as_stored(data):
    """Compressed images as the tables that they are in the file: the checksums are those of the tables."""
    return fits.open(io.BytesIO(data), checksum=True, disable_image_compression=True)


def main_header(hdus):
    """Header of the first HDU that tells the site."""
    return next(hdu.header for hdu in hdus if "SITEID" in hdu.header)


def test_each_exposure_gives_the_files_it_names(made):
    assert set(made) == {name for exposure in EXPOSURES.values() for name in exposure.filenames}


def test_every_frame_holds_the_keys_that_the_archive_reads(made):
    for name, data in made.items():
        with opened(data) as hdus:
            header = main_header(hdus)
            assert [key for key in REQUIRED if key not in header] == [], name
            assert header["ORIGIN"] == "SIMULATED"
            assert name.startswith(header["SITEID"])
            assert f"-{header['INSTRUME']}-{header['DAY-OBS']}-" in name
            assert datetime.fromisoformat(header["DATE-OBS"])


def test_reduced_frames_name_what_they_were_made_of_and_when_they_become_public(made):
    basenames = {name.split(".")[0] for name in made}
    for exposure in EXPOSURES.values():
        if not exposure.target:
            continue
        with opened(made[exposure.filenames[1]]) as hdus:
            header = main_header(hdus)
            assert {header[key].split(".")[0] for key in RELATED} <= basenames
            assert header["RLEVEL"] == 91
            assert datetime.fromisoformat(header["L1PUBDAT"] + "+00:00").date() == exposure.public_at.date()


def test_catalogue_and_reduced_frame_name_each_other(made):
    for name in (name for name in made if "_cat" in name):
        parent = name.removesuffix("_cat.fits")
        with opened(made[name]) as hdus:
            assert hdus[0].header["OBSTYPE"] == "CATALOG"
            assert hdus[0].header["L1IDCAT"] == parent
        (frame,) = (file for file in made if file.split(".")[0] == parent)
        with opened(made[frame]) as hdus:
            assert main_header(hdus)["L1IDCAT"] == name


def test_every_checksum_holds(made):
    for data in made.values():
        with warnings.catch_warnings(action="error"), as_stored(data) as hdus:
            assert all("CHECKSUM" in hdu.header for hdu in hdus)
            assert all(hdu.data is not None for hdu in hdus if hdu.header.get("NAXIS", 0) > 0)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    for name in ("ogg0m404-kb27-20250309-0004-e00", "cpt1m010-fa06-20250309-0004-s00"):
        once, again = files_of(EXPOSURES[name], seed=5), files_of(EXPOSURES[name], seed=5)
        other = files_of(EXPOSURES[name], seed=6)
        assert once == again
        assert all(once[file] != other[file] for file in once)


def test_frames_are_of_a_size_that_loads_quickly(made):
    images = [len(data) for name, data in made.items() if "_cat" not in name]
    assert max(images) < 2.2e6
    assert min(images) > 0.2e6


@pytest.mark.parametrize("raw_name", TARGETS)
def test_the_wcs_of_the_header_puts_stars_of_known_place_at_their_pixels(made, raw_name):
    """The centre of light about the predicted pixel is that pixel; the distortion alone is up to 1.5 pixels."""
    exposure = EXPOSURES[raw_name]
    with opened(made[exposure.filenames[1]]) as hdus:
        hdu = next(hdu for hdu in hdus if "CTYPE1" in hdu.header)
        image, wcs = hdu.data, WCS(hdu.header)
    stars = stars_of(TARGETS[raw_name], seed=1)
    x, y = wcs.all_world2pix(stars.ra_deg, stars.dec_deg, 0)
    offsets = []
    for n in isolated(y, x, stars.magnitude, image.shape):
        row, column = round(float(y[n])), round(float(x[n]))
        stamp = image[row - 4 : row + 5, column - 4 : column + 5] - np.median(image)
        dy, dx = np.indices(stamp.shape) - 4
        offsets.append(
            ((stamp * dy).sum() / stamp.sum() + row - y[n], (stamp * dx).sum() / stamp.sum() + column - x[n])
        )
    assert len(offsets) >= 2
    assert np.abs(np.median(offsets, axis=0)).max() < 0.1


def isolated(y, x, magnitude, shape):
    """Indices of bright stars that have no other of note within 15 pixels, away from edges and from the target."""
    ny, nx = shape
    for n in np.flatnonzero((magnitude > 11) & (magnitude < 16)):
        distance = np.hypot(y - y[n], x - x[n])
        alone = np.sum((distance < 15) & (magnitude < magnitude[n] + 4)) == 1
        if alone and 12 < y[n] < ny - 12 and 12 < x[n] < nx - 12 and np.hypot(y[n] - ny / 2, x[n] - nx / 2) > 180:
            yield n


def test_one_frame_lies_across_right_ascension_zero_and_one_near_the_pole(made):
    corners = {}
    for name in ("cpt1m010-fa06-20250309-0004-s91.fits.fz", "lsc1m005-fa15-20261101-0004-e91.fits.fz"):
        with opened(made[name]) as hdus:
            corners[name[:3]] = WCS(hdus[1].header).calc_footprint(axes=(1024, 1024))
    assert corners["cpt"][:, 0].min() < 1
    assert corners["cpt"][:, 0].max() > 359
    assert corners["lsc"][:, 1].max() < -88.7


def test_one_camera_writes_four_amplifiers_and_one_header_has_a_distortion(made):
    with opened(made["lsc1m005-fa15-20250309-0004-e00.fits.fz"]) as hdus:
        assert [hdu.header.get("DETSEC", "")[:6] for hdu in hdus] == ["", "[1025:", "[1025:", "[3072:", "[3072:"]
        assert [hdu.data.shape for hdu in hdus[1:]] == [(522, 544)] * 4
    with opened(made["ogg0m404-kb27-20250309-0004-e91.fits"]) as hdus:
        assert hdus[0].header["CTYPE1"] == "RA---TAN-SIP"
        assert hdus[0].header["A_ORDER"] == 2


def test_catalogued_fluxes_are_those_of_the_stars(made):
    """Magnitude 13 at a zero point of 23.4 gives 60 s x 10^4.16 electrons, most of them within the aperture."""
    with opened(made["lsc1m005-fa15-20261101-0004-e91_cat.fits"]) as hdus:
        table = hdus[1].data
    stars = stars_of(TARGETS["lsc1m005-fa15-20261101-0004-e00"], seed=1)
    ratios = []
    for n in np.flatnonzero((stars.magnitude > 12) & (stars.magnitude < 16)):
        distance = np.hypot(
            (table["ra"] - stars.ra_deg[n]) * np.cos(np.radians(-88.96)), table["dec"] - stars.dec_deg[n]
        )
        if distance.min() < 1e-6:
            ratios.append(table["flux"][distance.argmin()] / (90 * 10 ** (0.4 * (23.4 - stars.magnitude[n]))))
    # Of a Moffat profile of beta 3, 1 - (1 + (1.5 FWHM / alpha)^2)^-2 = 0.91 lies within 1.5 FWHM.
    assert len(ratios) > 10
    assert np.median(ratios) == pytest.approx(0.91, abs=0.03)
