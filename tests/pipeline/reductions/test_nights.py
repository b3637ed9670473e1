"""Plots of a night, from measurements whose means and medians are known."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.conf import settings

from archive.enums import ProductKind
from pipeline.needs import installation_of_night
from pipeline.reductions.job import Input, Job
from pipeline.reductions.nights import make
from tests.pipeline.figures.pictures import chunks, opened

NIGHT = date(2016, 9, 25)


@pytest.fixture
def made(tmp_path):
    def of(kind: ProductKind, *rows: dict[str, object]):
        at = datetime(2016, 9, 25, 4, tzinfo=UTC)
        inputs = tuple(
            Input(f"{number}", "", "measured", None, {"at": (at + number * timedelta(hours=1)).isoformat(), **row})
            for number, row in enumerate(rows)
        )
        installation = installation_of_night(NIGHT)
        assert installation is not None
        result = make(Job(kind, "night_20160925", NIGHT, None, installation, inputs, {}, "a", "1", "f", tmp_path))
        (file,) = result.files
        picture = file.path.read_bytes()
        assert dict(chunks(picture))[b"iTXt" if not result.values["text"].isascii() else b"tEXt"] == (
            b"Description\0" + result.values["text"].encode()
        )
        assert opened(picture).ndim == 3
        return file.filename, result.values

    return of


def test_seeing(made):
    rows = [
        {"primary_optical_element": "Si", "exposure_time": time, "fwhm_arcsec": fwhm}
        for time, fwhm in ((10.0, 1.0), (30.0, 1.5), (None, 3.5))
    ]
    filename, values = made(ProductKind.NIGHT_SEEING, *rows)
    assert filename == "seeing.20160925.png"
    assert (values["n"], values["median_arcsec"], values["mean_arcsec"]) == (3, 1.5, 2.0)


def test_strehl_ratios_by_way_and_flag(made):
    rows = [
        {"kind": kind, "strehl_ratio": ratio, "flag": flag}
        for kind, ratio, flag in (
            ("bright-strehl", 0.25, "OK"),
            ("bright-strehl", 0.75, "OK"),
            ("bright-strehl", 0.01, "BAD?"),
            ("faint-strehl", 0.02, "BAD?"),
        )
    ]
    filename, values = made(ProductKind.NIGHT_STREHL, *rows)
    assert filename == "strehl.20160925.png"
    assert values["bright"] == {"n_ok": 2, "n_bad": 1, "mean_ok": 0.5, "sigma_ok": pytest.approx(0.5 / np.sqrt(2))}
    assert values["faint"] == {"n_ok": 0, "n_bad": 1, "mean_ok": None, "sigma_ok": None}


def test_limits_of_contrast(made):
    rows = [
        {"kind": "bright-pca", "separations_arcsec": [0.1, 1.5], "delta_mags": limits}
        for limits in ([1.0, 1.0], [3.0, 3.0], [4.0, 4.0], [8.0, None])
    ]
    filename, values = made(ProductKind.NIGHT_CONTRAST, *rows)
    assert filename == "contrast_curve.20160925.png"
    assert (values["bright"]["n"], values["bright"]["n_whole"]) == (4, 3)
    assert values["bright"]["median_delta_mags"] == [3.0] * 100
    assert values["faint"]["median_delta_mags"] == [None] * 100


def test_the_night_has_the_installation_of_its_noon():
    assert installation_of_night(NIGHT) == settings.INSTALLATIONS[-1]
