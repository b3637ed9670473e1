"""A star's light taken out: a companion that was put beside it is told where and as bright as it is."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from django.conf import settings

from archive.enums import ProductKind
from archive.errors import UsageError
from archive.models import Companion, ContrastCurve, Observation
from ingest.headers.installations import installation_at
from pipeline.graph import GRAPH
from pipeline.provenance import Stacked, stack_header
from pipeline.reductions import psf_candidate, psf_subtraction
from pipeline.reductions.job import Input, Job, NothingToMake
from pipeline.reductions.psf_subtraction import position_angle_deg
from tests.pipeline.arrays.high_contrast.skies import FWHM_PX, Sky
from tests.pipeline.figures.pictures import opened
from tests.pipeline.reductions.products import bytes_of, file_of, header_of, pixels_of

SIDE = 241
SCALE_ARCSEC = 0.0351594 / 2
SEPARATION_PX, ANGLE_DEG, FLUX = 40.0, 128.0, 0.01
NOISE = 1e-4
AT = datetime(2016, 9, 25, 11, 4, 27, 40912, tzinfo=UTC)
NAME = "4_HD_1984_VIC_Si_o_20160925_110427.040912"
LIBRARY = "a" * 64
POINTING = fits.Header({"TELRA": "01:02:03.00", "TELDEC": "-00:12:30.0", "EQUINOX": 2000.0})


def job_of(kind, stack, folder, *, references=(), lock_yx=(SIDE // 2, SIDE // 2)):
    """The job that planning would give, of a stack (ny, nx) with the star at its lock."""
    folder.mkdir()
    installation = installation_at(settings.INSTALLATIONS, instrument_id="roboao", at=AT)
    measured = {"strehl_ratio": 0.2, "core_arcsec": FWHM_PX * SCALE_ARCSEC, "warnings": []}
    values = measured | {"y_px": float(lock_yx[0]), "x_px": float(lock_yx[1])}
    job = Job(
        kind=kind,
        subject=NAME,
        night=date(2016, 9, 25),
        observation=Observation(name=NAME, target_name="HD_1984", primary_optical_element="Si", observed_at=AT),
        installation=installation,
        inputs=(),
        parameters={**GRAPH[kind].parameters, "library_version": LIBRARY},
        algorithm="pca",
        version="1",
        fingerprint="0" * 64,
        folder=folder,
    )
    stacked = Stacked(
        n_used=100,
        n_frames=100,
        unit="electron",
        lock_yx=lock_yx,
        scale_arcsec=SCALE_ARCSEC,
        detector_arcsec=2 * SCALE_ARCSEC,
    )
    fits.writeto(folder / "stack.fits", stack.astype("f4"), stack_header(job, POINTING, stacked, shape=stack.shape))
    given = [Input("stack.fits", "1" * 64, "stack", folder / "stack.fits")]
    given.append(Input("bright-strehl values", "2" * 64, "values", None, values))
    for number, reference in enumerate(references):
        path = folder / f"reference{number}.fits"
        fits.writeto(path, reference.astype("f4"))
        given.append(Input(f"psf_{number}.fits", f"{number:064x}", "reference", path))
    return Job(**{name: getattr(job, name) for name in job.__slots__} | {"inputs": tuple(given)})


def near(sky, count):
    """Images of the library: the middle 201 x 201 pixels of other stars."""
    edge = (SIDE - 201) // 2
    return sky.stars(count)[:, edge:-edge, edge:-edge]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    sky = Sky(noise=NOISE, side=SIDE)
    stack = sky.star((SEPARATION_PX, ANGLE_DEG, FLUX))
    job = job_of(ProductKind.BRIGHT_PCA, stack, tmp_path_factory.mktemp("pca") / "job", references=near(sky, 12))
    return psf_subtraction.make(job)


def test_a_companion_is_told_where_and_as_bright_as_it_is(made):
    (companion,) = made.companions
    assert companion["delta_mag"] == pytest.approx(5.0, abs=5 * companion["delta_mag_error"])
    assert companion["delta_mag_error"] < 0.1
    distance = SEPARATION_PX * SCALE_ARCSEC
    assert companion["separation_arcsec"] == pytest.approx(distance, abs=5 * companion["separation_error_arcsec"])
    # North is up in this stack, and east left, as position angles of the simulated sky have it.
    assert companion["position_angle_deg"] == pytest.approx(ANGLE_DEG, abs=5 * companion["position_angle_error_deg"])
    assert companion["t"] > companion["threshold"]


def test_the_world_coordinates_of_the_residual_agree_with_the_angle(made):
    header = header_of(made, "residual")
    wcs = WCS(header)
    (companion,) = made.companions
    middle = (header["NAXIS2"] // 2, header["NAXIS1"] // 2)
    star = wcs.pixel_to_world(middle[1], middle[0])
    place = wcs.pixel_to_world(middle[1] + companion["x_px"], middle[0] + companion["y_px"])
    assert star.separation(place).arcsec == pytest.approx(companion["separation_arcsec"], rel=1e-4)
    assert star.position_angle(place).deg == pytest.approx(companion["position_angle_deg"], abs=0.01)


def test_rows_have_the_columns_of_their_tables_and_say_with_what_it_was_made(made):
    assert set(made.contrast) <= {field.name for field in ContrastCurve._meta.get_fields()}
    assert set(made.companions[0]) <= {field.name for field in Companion._meta.get_fields()}
    assert made.values["library_version"] == made.contrast["library_version"] == LIBRARY
    assert sorted(made.values["references"]) == [f"{number:064x}" for number in range(12)]
    assert made.contrast["reference_count"] == 12
    lengths = {len(made.contrast[name]) for name in ("separations_arcsec", "delta_mags", "throughputs", "thresholds")}
    assert len(lengths) == 1


def test_the_limit_at_half_an_arcsecond_lies_on_the_curve(made):
    curve = made.contrast
    expected = np.interp(0.5, curve["separations_arcsec"], curve["delta_mags"])
    assert curve["delta_mag_0p5"] == pytest.approx(expected)
    lines = file_of(made, "legacy").read_text().splitlines()
    assert lines[0].endswith(f"{SIDE // 2} {SIDE // 2}")
    assert lines[1].split() == [f"{curve['separations_arcsec'][0]:.3f}", f"{curve['delta_mags'][0]:.3f}"]


def test_images_and_pictures_are_there_and_the_same_each_time(made, tmp_path):
    assert {file.role for file in made.files} == {"residual", "snr", "picture", "curve", "legacy"}
    assert pixels_of(made, "residual").shape == pixels_of(made, "snr").shape == (201, 201)
    assert header_of(made, "residual")["PSFLIB"] == LIBRARY
    assert opened(file_of(made, "picture").read_bytes()).shape == (800, 1606, 3)
    assert "5.0 magnitudes fainter" in made.values["texts"]["picture"]
    sky = Sky(noise=NOISE, side=SIDE)
    stack = sky.star((SEPARATION_PX, ANGLE_DEG, FLUX))
    again = psf_subtraction.make(job_of(ProductKind.BRIGHT_PCA, stack, tmp_path / "job", references=near(sky, 12)))
    assert bytes_of(again) == bytes_of(made)


def test_a_faint_star_gives_frames_names_of_their_own(tmp_path):
    sky = Sky(noise=NOISE, side=SIDE)
    job = job_of(ProductKind.FAINT_PCA, sky.star(), tmp_path / "job", references=near(sky, 4))
    told = [
        each if each.role != "values" else Input("faint-strehl values", each.sha256, "values", None, each.values)
        for each in job.inputs
    ]
    made = psf_subtraction.make(Job(**{name: getattr(job, name) for name in job.__slots__} | {"inputs": tuple(told)}))
    assert file_of(made, "residual").name == f"{NAME}_faint_pca.fits"
    assert made.companions == []


def test_a_star_near_the_edge_is_no_failure(tmp_path):
    stack = np.roll(Sky(noise=NOISE, side=SIDE).star(), (60, 0), axis=(0, 1))
    with pytest.raises(NothingToMake, match="does not lie in the image"):
        psf_candidate.make(job_of(ProductKind.BRIGHT_PSF, stack, tmp_path / "job", lock_yx=(SIDE // 2 + 60, SIDE // 2)))


def test_references_of_another_size_are_refused(tmp_path):
    sky = Sky(noise=NOISE, side=SIDE)
    job = job_of(ProductKind.BRIGHT_PCA, sky.star(), tmp_path / "job", references=sky.stars(4))
    with pytest.raises(UsageError, match="do not fit"):
        psf_subtraction.make(job)


@pytest.mark.parametrize("off", [(0.0, 0.0), (0.37, -0.24)])
def test_a_candidate_has_its_star_on_the_middle_pixel(tmp_path, off):
    y, x = np.indices((SIDE, SIDE)) - SIDE // 2
    width = FWHM_PX / np.sqrt(8 * np.log(2))
    stack = np.exp(-((y - off[0]) ** 2 + (x - off[1]) ** 2) / (2 * width**2))
    made = psf_candidate.make(job_of(ProductKind.BRIGHT_PSF, stack, tmp_path / "job"))
    pixels = pixels_of(made, "psf")
    assert pixels.shape == (201, 201)
    weights = pixels / pixels.sum()
    centre = [float((np.arange(201) * weights.sum(axis=1 - axis)).sum()) for axis in (0, 1)]
    assert centre == pytest.approx([100.0, 100.0], abs=0.05)  # crop_star's step is a twentieth
    assert made.values["fwhm_arcsec"] == pytest.approx(FWHM_PX * SCALE_ARCSEC)


@pytest.mark.parametrize(
    ("offset_yx", "north_yx", "east_yx", "angle"),
    [
        ((1.0, 0.0), (1.0, 0.0), (0.0, -1.0), 0.0),
        ((0.0, -1.0), (1.0, 0.0), (0.0, -1.0), 90.0),
        ((-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), 180.0),
        ((1.0, 0.0), (0.0, 1.0), (1.0, 0.0), 90.0),  # north to the right, east up: a quarter turn
        ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0), 45.0),  # mirrored: east right
    ],
)
def test_position_angles_follow_the_header_however_the_image_is_turned(offset_yx, north_yx, east_yx, angle):
    assert position_angle_deg(offset_yx, north_yx, east_yx) == pytest.approx(angle)
