from dataclasses import replace
from datetime import UTC, datetime

import pytest

from archive.enums import ProductKind
from archive.errors import UsageError
from archive.models import SeeingMeasurement
from tests.pipeline.figures.pictures import opened
from tests.pipeline.reductions.products import bytes_of, file_of
from tests.pipeline.reductions.raw_changes import with_cards
from tests.pipeline.reductions.simulated import SATURATED


@pytest.fixture(scope="module")
def seeing(bench, night):
    return bench.make(ProductKind.SEEING, night.subject("seeing"))


def test_the_width_of_the_star_is_found(seeing, night):
    truth = night.truth(night.subject("seeing"))
    assert seeing.seeing["fwhm_arcsec"] == pytest.approx(truth["image_fwhm_arcsec"], rel=0.03)
    assert seeing.seeing["model"] == "moffat"
    assert seeing.values["gaussian_fwhm_arcsec"] == pytest.approx(truth["image_fwhm_arcsec"], rel=0.08)


def test_the_seeing_at_500_nm_in_the_zenith_is_found(seeing, night):
    truth = night.truth(night.subject("seeing"))
    assert seeing.seeing["zenith_500nm_arcsec"] == pytest.approx(truth["seeing_500nm_zenith_arcsec"], rel=0.03)


def test_without_a_known_altitude_there_is_no_seeing_in_the_zenith(bench, night, tmp_path):
    job = bench.job(ProductKind.SEEING, night.subject("seeing"))
    raw, *others = job.inputs
    path = tmp_path / raw.name
    path.write_bytes(with_cards(raw.path.read_bytes(), ELVATION="9999"))
    made = bench.anew(ProductKind.SEEING, night.subject("seeing"), inputs=(replace(raw, path=path), *others))
    assert made.seeing["zenith_500nm_arcsec"] is None
    assert "zenith" not in made.values["text"]


def test_it_is_made_without_masters_too(bench, night, seeing):
    job = bench.job(ProductKind.SEEING, night.subject("seeing"))
    made = bench.anew(ProductKind.SEEING, night.subject("seeing"), inputs=job.inputs[:1])
    assert made.seeing["fwhm_arcsec"] == pytest.approx(seeing.seeing["fwhm_arcsec"], rel=0.02)


def test_every_value_is_a_column(seeing, night):
    assert set(seeing.seeing) <= {field.name for field in SeeingMeasurement._meta.get_fields()}
    started_at = datetime.fromisoformat(night.truth(night.subject("seeing"))["started_at"]).astimezone(UTC)
    assert seeing.seeing["observed_at"] == started_at
    assert (seeing.seeing["primary_optical_element"], seeing.seeing["exposure_time"]) == ("Si", 40.0)


def test_the_figure_is_called_as_the_exposure(seeing, night):
    assert [(file.role, file.filename) for file in seeing.files] == [("fit", f"{night.subject('seeing')}.png")]
    assert opened(file_of(seeing, "fit").read_bytes()).shape == (600, 1800, 3)


def test_an_exposure_without_a_star_is_refused(bench, night):
    job = bench.job(ProductKind.SEEING, night.subject("seeing"))
    full = next(each for each in bench.job(ProductKind.BRIGHT, night.subject(SATURATED)).inputs if each.role == "raw")
    raw = replace(full, values=job.inputs[0].values)
    with pytest.raises(UsageError):
        bench.anew(ProductKind.SEEING, night.subject("seeing"), inputs=(raw,))


def test_made_twice_all_bytes_are_the_same(bench, night, seeing):
    assert bytes_of(bench.anew(ProductKind.SEEING, night.subject("seeing"))) == bytes_of(seeing)
