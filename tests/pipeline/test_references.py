"""A star's light is taken out by images of other stars: which ones, when they are chosen anew, and what of them is told."""

import json
from datetime import timedelta

import pytest

from archive.domain import psf_library
from archive.domain.access import stream_of
from archive.domain.observing import describe
from archive.domain.psf_library import Shelf
from archive.enums import ProductKind
from archive.models import ContrastCurve, Observation, Product, PsfMember, Relation, StrehlMeasurement
from pipeline import planning
from pipeline.references import ROLE, References, chosen
from tests.factories import AO_OBSERVED_AT
from tests.pipeline.conftest import Machine
from tests.pipeline.restoring.conftest import drop_all_rows, exported, keep, restore  # noqa: F401 - a fixture

STARS = [f"4_Star{number}_VIC_lp600_o_20160925_11{number:02d}00.000000" for number in range(4)]
TARGET, *OTHERS = STARS
PLACES = ["01:02:03.00", "03:00:00.00", "05:00:00.00", "07:00:00.00"]  # right ascensions, far from each other

pytestmark = pytest.mark.django_db


@pytest.fixture
def stars(machine: Machine, settings) -> Machine:
    """Four stars, cut out; nobody has put any into the library."""
    settings.REDUCTION_GRAPH = "tests.pipeline.small_steps.COMPARED_GRAPH"
    machine.take_calibrations()
    for name, place in zip(STARS, PLACES, strict=True):
        machine.take(name, TELRA=place, OBJRA=place)
    machine.run()
    return machine


@pytest.fixture
def filled(stars: Machine) -> Machine:
    """All four in the library, and the light of all taken out."""
    add(stars, STARS)
    stars.run()
    return stars


@pytest.fixture
def shelf(ao) -> list[Observation]:
    """A target and three other stars far from it, which are in the library."""
    found = [ao.observation(target_name=f"HD_{number}", ra_deg=10.0 * number) for number in range(4)]
    for each in found:
        ao.candidate(each)
        ao.strehl(ao.product(each, kind=ProductKind.BRIGHT_STREHL))
        psf_library.add(observation=each, by="carol", reason="", at=AO_OBSERVED_AT)
    return found


def in_order(found: References) -> list[str]:
    members = PsfMember.objects.select_related("observation")
    return [members.get(sha256=row["sha256"]).observation.target_name for row in found.inputs]


def names(found: References) -> set[str]:
    return set(in_order(found))


def add(machine: Machine, names: list[str]) -> None:
    for name in names:
        psf_library.add(observation=observation(name), by="carol", reason="", at=machine.now)


def observation(name: str) -> Observation:
    return Observation.objects.get(name=name)


def subtraction(name: str = TARGET) -> Product:
    return Product.objects.get(subject=name, kind=ProductKind.BRIGHT_PCA, is_current=True)


def references(product: Product) -> set[str]:
    """Whose images these are, by the library."""
    images = [row["sha256"] for row in product.inputs if row["role"] == ROLE]
    return set(PsfMember.objects.filter(sha256__in=images).values_list("observation__name", flat=True))


class TestChoice:
    def test_without_a_library_it_is_skipped_and_says_what_is_missing(self, stars):
        assert subtraction().state == "skipped"
        assert subtraction().reason == "The PSF library has 0 images of other stars that suit it: 3 are needed."

    def test_it_is_made_as_soon_as_there_are_enough_others_and_never_of_itself(self, stars):
        add(stars, OTHERS[:2])
        stars.run()
        assert subtraction().state == "skipped"
        add(stars, [TARGET])
        stars.run()
        assert subtraction().state == "skipped"
        add(stars, OTHERS[2:])
        stars.run()
        assert subtraction().state == "done"
        assert references(subtraction()) == set(OTHERS)
        assert subtraction().parameters["library_version"] == psf_library.name_of(Shelf.of(observation(TARGET)))
        assert ContrastCurve.objects.get(product=subtraction()).reference_count == 3

    def test_the_target_by_another_name_or_in_the_same_place_is_left_out(self, shelf):
        target, first, second, _third = shelf
        describe(target, alternative_names=["hd_1"], comment=None, by="eve", at=AO_OBSERVED_AT)
        assert names(chosen(target, strehl_ratio=None)) == {"HD_2", "HD_3"}
        Observation.objects.filter(pk=second.pk).update(position=target.position)
        assert names(chosen(target, strehl_ratio=None)) == {"HD_3"}
        Observation.objects.exclude(pk=target.pk).update(position=None)
        assert names(chosen(target, strehl_ratio=None)) == {"HD_2", "HD_3"}, "those whose place nobody knows serve too"
        Observation.objects.filter(pk=first.pk).update(target_name="other")
        assert len(names(chosen(target, strehl_ratio=None))) == 3

    def test_stars_with_companions_serve_nobody(self, shelf, ao):
        target, first, second, _third = shelf
        StrehlMeasurement.objects.filter(observation=first).update(warnings=["companion"])
        ao.companion(ao.product(second, kind=ProductKind.BRIGHT_PCA))
        assert names(chosen(target, strehl_ratio=None)) == {"HD_3"}

    def test_the_nearest_in_strehl_ratio_and_time_come_first(self, shelf):
        target, *others = shelf
        for other, ratio in zip(others, (0.30, 0.21, 0.05), strict=True):
            StrehlMeasurement.objects.filter(observation=other).update(strehl_ratio=ratio)
        assert in_order(chosen(target, strehl_ratio=0.2)) == ["HD_2", "HD_1", "HD_3"]
        Observation.objects.filter(pk=others[1].pk).update(night=target.night - timedelta(days=365))
        assert in_order(chosen(target, strehl_ratio=0.2)) == ["HD_1", "HD_3", "HD_2"]

    def test_images_of_another_filter_camera_or_telescope_do_not_suit(self, shelf):
        target, first, second, third = shelf
        for other, change in ((first, "camera"), (second, "primary_optical_element"), (third, "telescope_id")):
            Observation.objects.filter(pk=other.pk).update(**{change: "another"})
        assert names(chosen(target, strehl_ratio=None)) == set()


class TestAnew:
    def test_a_library_that_changes_makes_nothing_anew_by_itself(self, filled):
        before = subtraction()
        psf_library.remove(observation=observation(OTHERS[0]), by="carol", reason="double", at=filled.now)
        planning.plan_product(before, at=filled.now)
        assert subtraction().pk == before.pk
        assert references(subtraction()) == set(OTHERS)

    def test_staff_has_a_night_made_anew_with_the_library_of_now(self, filled):
        before = subtraction()
        psf_library.remove(observation=observation(OTHERS[0]), by="carol", reason="double", at=filled.now)
        night = before.night
        assert psf_library.make_anew(night=night, by="carol", reason="a double star", at=filled.now) > 0
        filled.run()
        assert subtraction().state == "skipped"  # two are too few
        filled.later(minutes=1)
        add(filled, OTHERS[:1])
        filled.run()
        assert (subtraction().state, subtraction().pk) == ("done", before.pk), "the same inputs: the same product"

    def test_a_new_stack_is_compared_with_the_library_of_now(self, filled):
        before = subtraction()
        filled.take(f"{TARGET}_0")
        filled.run()
        assert subtraction().pk != before.pk
        assert (subtraction().state, references(subtraction())) == ("done", set(OTHERS))


def test_nothing_tells_whose_images_they_are(filled):
    """References may be of programmes of which the observation's readers may know nothing."""
    product = subtraction()
    told = b"".join(stream_of(product.files.get(role="product").object)).decode()
    assert json.loads(told)["parameters"]["library_version"] == product.parameters["library_version"]
    assert not any(name in told for name in OTHERS)
    assert not any(other in json.dumps([product.inputs, product.values]) for other in OTHERS)
    frames = product.files.get(role="residual").version.frame
    assert not Relation.objects.filter(derived=frames, source__basename__contains="_psf").exists()


def test_the_library_comes_back_out_of_the_store(filled, restore):  # noqa: F811 - the fixture
    keep(filled)
    before, inputs = exported(), subtraction().inputs
    drop_all_rows()
    report = restore()
    assert exported() == before
    assert report.left_out == {}
    assert b'"row":"psf_member"' in before
    assert b'"row":"psf_library_version"' in before
    planning.plan_product(subtraction(), at=filled.now)
    assert {row["sha256"] for row in subtraction().inputs} == {row["sha256"] for row in inputs}
    assert filled.dispatch() == [], "nothing is made anew"
