"""Which products there are to be follows from the files and rows of the archive, whoever looks, however often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from archive.domain import products
from archive.enums import PLOTS_OF_NIGHT, ProductKind, ProductState, SignalClass
from archive.models import Observation, Product, ProductFile, Proposal, RawFile, SeeingMeasurement
from pipeline import planning
from pipeline.graph import GRAPH, STEPS
from pipeline.needs import LOOK_AGAIN
from pipeline.subjects import subject_of_product, users_of_master
from tests.pipeline.conftest import DARK, EMPTY, FLAT, PLANET, SEEING, STAR

LATER_SEEING = "seeing_VIC_Si_20160925_060000.000000"
STARS = {"bright", "bright-strehl", "bright-preview", "faint", "faint-strehl", "faint-preview"}


def test_every_step_stands_behind_what_it_needs():
    assert set(GRAPH) == set(ProductKind)
    for number, step in enumerate(STEPS):
        before = {other.kind for other in STEPS[:number]}
        assert {need.kind for need in (*step.masters, *step.upstream)} <= before


@pytest.mark.django_db
class TestOneObservation:
    def test_everything_of_a_star_is_made_once_its_calibrations_are(self, machine):
        machine.take(STAR)
        assert machine.states() == dict.fromkeys(STARS, "pending")
        assert machine.product(ProductKind.BRIGHT).reason == "There is no dark_VIC_1 within 30 nights."
        assert machine.product(ProductKind.FAINT).reason == f"It waits for bright of {STAR}."
        assert machine.dispatch() == []
        machine.take_calibrations()
        machine.run()
        assert machine.states() == dict.fromkeys(STARS, "done")
        assert machine.states("dark_1") == {"dark": "done"}
        assert machine.states("flat_lp600") == {"flat": "done"}

    def test_what_a_product_is_made_from_stands_in_its_row(self, reduced):
        bright = reduced.product(ProductKind.BRIGHT)
        assert [(each["name"], each["role"]) for each in bright.inputs] == [
            (f"{STAR}.fits.bz2", "raw"),
            ("dark_1_20160925.fits", "dark"),
            ("flat_lp600_20160925.fits", "flat"),
        ]
        assert bright.parameters["installation"]["primary_m"] == 1.85
        preview = reduced.product(ProductKind.BRIGHT_PREVIEW)
        assert [each["name"] for each in preview.inputs] == [
            f"{STAR}_100p.fits",
            "bright values",
            "bright-strehl values",
        ]
        assert preview.values["inputs"] == [each["name"] for each in preview.inputs]

    def test_planning_again_changes_no_row(self, reduced):
        before = list(Product.objects.values())
        reduced.later(hours=1)
        for product in Product.objects.all():
            planning.plan_product(product, at=reduced.now)
        assert list(Product.objects.values()) == before

    def test_an_empty_field_has_no_strehl_and_no_faint_stack(self, machine):
        machine.take_calibrations()
        machine.take(EMPTY)
        machine.run()
        states = machine.states(EMPTY)
        assert {kind for kind, state in states.items() if state == "done"} == {"bright", "bright-preview"}
        assert {kind for kind, state in states.items() if state == "skipped"} == STARS - {"bright", "bright-preview"}
        assert machine.product(ProductKind.FAINT, EMPTY).reason == (
            "The signal is zero_flux: it takes faint or high_flux."
        )
        assert Observation.objects.get(name=EMPTY).signal_class == SignalClass.ZERO_FLUX

    def test_a_stack_that_failed_leaves_nothing_to_measure(self, machine):
        machine.order("never-bright")
        machine.take_calibrations()
        machine.take(STAR)
        machine.run()
        states = machine.states()
        assert (states.pop("bright"), set(states.values())) == ("failed", {"skipped"})
        assert Observation.objects.get(name=STAR).signal_class == SignalClass.FAILED
        assert machine.product(ProductKind.BRIGHT_STREHL).reason == (
            "There is no bright, which is failed: These pixels can never pass."
        )

    def test_the_preview_waits_for_the_strehl_ratio_and_goes_without_one_that_failed(self, machine):
        machine.order("never-bright-strehl")
        machine.take_calibrations()
        machine.take(STAR)
        machine.run()
        assert machine.states()["bright-preview"] == "done"
        preview = machine.product(ProductKind.BRIGHT_PREVIEW)
        assert [each["name"] for each in preview.inputs] == [f"{STAR}_100p.fits", "bright values"]

    def test_of_a_planetary_programme_only_the_disc_is_reduced(self, machine):
        Proposal.objects.create(pk="24", is_planetary=True)
        machine.take_calibrations()
        machine.take(PLANET)
        machine.run()
        assert machine.states(PLANET) == {"planetary": "done", "planetary-preview": "done"}

    def test_files_of_one_exposure_are_waited_for(self, machine, settings):
        settings.AO_SETTLE_TIME = timedelta(seconds=60)
        machine.take_calibrations()
        machine.later(seconds=60)
        machine.run()
        machine.take(STAR)
        machine.later(seconds=50)
        machine.take(f"{STAR}_0")
        bright = machine.product(ProductKind.BRIGHT)
        complete_at = machine.now + timedelta(seconds=60)
        assert (bright.reason, bright.not_before) == (
            f"More raw files may come until {complete_at:%H:%M:%S} UTC.",
            complete_at,
        )
        machine.later(seconds=59)
        assert machine.dispatch() == []
        machine.later(seconds=1)
        machine.run()
        raws = [each["name"] for each in machine.product(ProductKind.BRIGHT).inputs if each["role"] == "raw"]
        assert raws == [f"{STAR}.fits.bz2", f"{STAR}_0.fits.bz2"]

    def test_files_stand_in_the_order_of_their_numbers(self, machine):
        machine.take_calibrations()
        for number in [*range(11, -1, -1)]:
            machine.take(f"{STAR}_{number}")
        machine.take(STAR)
        machine.run()
        raws = [each["name"] for each in machine.product(ProductKind.BRIGHT).inputs if each["role"] == "raw"]
        assert raws == [f"{STAR}.fits.bz2", *(f"{STAR}_{number}.fits.bz2" for number in range(12))]

    def test_bytes_that_nobody_has_read_are_waited_for(self, machine):
        machine.take_calibrations()
        frame = machine.take(STAR, plan=False)
        stored = frame.versions.get().object
        sha256, verified_at = stored.sha256, stored.verified_at
        stored.sha256, stored.verified_at = None, None
        stored.save()
        planning.plan_frame(frame.pk, at=machine.now)
        assert machine.product(ProductKind.BRIGHT).reason == f"Nobody has read the bytes of {STAR} yet."
        stored.sha256, stored.verified_at = sha256, verified_at
        stored.save()
        machine.later(minutes=1)
        machine.run()
        assert machine.states()["bright"] == "done"

    def test_a_frame_that_is_no_raw_file_plans_nothing(self, frame_factory, now, small_graph):
        planning.plan_frame(frame_factory().pk, at=now)
        planning.plan_frame(10**12, at=now)
        assert not Product.objects.exists()


@pytest.mark.django_db
class TestChanges:
    def test_a_further_raw_file_makes_the_products_stale_and_makes_them_anew(self, reduced):
        old = reduced.product(ProductKind.BRIGHT)
        reduced.later(hours=1)
        reduced.take(f"{STAR}_0")
        old.refresh_from_db()
        assert (old.state, old.is_current) == ("stale", False)
        assert reduced.states()["bright"] == "pending"
        assert reduced.states()["bright-strehl"] == "done"  # of the old stack, until the new one is there
        reduced.run()
        assert reduced.states() == dict.fromkeys(STARS, "done")
        assert Product.objects.filter(subject=STAR, state="stale").count() == len(STARS)

    def test_a_version_that_changed_replaces_what_the_old_one_made(self, reduced, settings):
        settings.REDUCTION_GRAPH = "tests.pipeline.small_steps.NEWER_GRAPH"
        call_command("reductions", "plan", stdout=StringIO())
        reduced.later(days=1000)
        reduced.run()
        current = Product.objects.filter(is_current=True)
        assert set(current.values_list("state", "version")) == {("done", "2")}
        stale = Product.objects.filter(is_current=False)
        assert set(stale.values_list("state", "version")) == {("stale", "1")}
        assert stale.count() == current.exclude(kind__in=PLOTS_OF_NIGHT).count()  # of these there is one row

    def test_what_comes_back_to_old_inputs_takes_up_its_old_row(self, reduced, settings):
        first = reduced.product(ProductKind.DARK, "dark_1")
        for graph in ("NEWER_GRAPH", "GRAPH"):
            settings.REDUCTION_GRAPH = f"tests.pipeline.small_steps.{graph}"
            planning.plan_product(reduced.product(ProductKind.DARK, "dark_1"), at=reduced.now)
            reduced.later(seconds=1)
            reduced.run()
        again = reduced.product(ProductKind.DARK, "dark_1")
        assert (again.pk, again.state, again.lease) == (first.pk, "done", 2)
        version = again.files.get(role="master").version
        assert version == version.frame.versions.first()  # what readers get is what the current product made
        assert Product.objects.filter(subject="dark_1").count() == 2

    def test_a_stack_that_comes_out_the_same_makes_nothing_else_again(self, reduced):
        leases = dict(Product.objects.filter(subject=STAR).exclude(kind="bright").values_list("kind", "lease"))
        bright = reduced.product(ProductKind.BRIGHT)
        products.force(product_id=bright.pk, by="eve", reason="to see", at=reduced.now)
        reduced.run()
        assert reduced.product(ProductKind.BRIGHT).lease == 2
        assert dict(Product.objects.filter(subject=STAR).exclude(kind="bright").values_list("kind", "lease")) == leases

    def test_a_product_whose_files_are_gone_is_told_as_such(self, reduced):
        ProductFile.objects.filter(product=reduced.product(ProductKind.BRIGHT), role="stack").delete()
        planning.plan_product(reduced.product(ProductKind.BRIGHT_STREHL), at=reduced.now)
        row = reduced.product(ProductKind.BRIGHT_STREHL)
        assert (row.state, row.reason) == ("skipped", f"bright of {STAR} of 2016-09-25 has no file stack.")


@pytest.mark.django_db
class TestMasters:
    def test_the_nearest_night_gives_the_master(self, machine):
        for day in ("20160901", "20160930", "20161010"):
            machine.take(DARK.replace("20160925", day))
            machine.take(FLAT.replace("20160925", day))
        machine.run()
        machine.take(STAR)
        machine.run()
        names = [each["name"] for each in machine.product(ProductKind.BRIGHT).inputs if each["role"] != "raw"]
        assert names == ["dark_1_20160930.fits", "flat_lp600_20160930.fits"]

    def test_a_nearer_master_that_comes_later_is_used_in_the_end(self, machine):
        machine.take(DARK.replace("20160925", "20160901"))
        machine.take(FLAT)
        machine.take(STAR)
        machine.run()
        assert machine.product(ProductKind.BRIGHT).inputs[1]["name"] == "dark_1_20160901.fits"
        machine.take(DARK)
        machine.run()
        bright = machine.product(ProductKind.BRIGHT)
        assert (bright.state, bright.inputs[1]["name"]) == ("done", "dark_1_20160925.fits")

    def test_a_master_that_failed_gives_way_to_the_next_one(self, machine):
        machine.take(DARK.replace("20160925", "20160901"))
        machine.take(FLAT)
        machine.run()
        machine.order("never-dark.once")
        machine.take(DARK)
        machine.take(STAR)
        assert machine.product(ProductKind.BRIGHT).reason == "It waits for dark_1 of 2016-09-25."
        machine.run()
        assert machine.states("dark_1") == {"dark": "failed"}
        bright = machine.product(ProductKind.BRIGHT)
        assert (bright.state, bright.inputs[1]["name"]) == ("done", "dark_1_20160901.fits")

    def test_masters_of_another_camera_or_mode_or_season_do_not_suit(self, machine):
        machine.take(DARK.replace("dark_1", "dark_IR1_1"))
        machine.take(DARK.replace("dark_1", "dark_14"))
        machine.take(DARK.replace("20160925", "20160825"))
        machine.take(FLAT)
        machine.run()
        machine.take(STAR)
        machine.run()
        assert machine.product(ProductKind.BRIGHT).reason == "There is no dark_VIC_1 within 30 nights."
        machine.take(DARK.replace("dark_1", "dark_VIC_1"))
        machine.run()
        assert machine.product(ProductKind.BRIGHT).inputs[1]["name"] == "dark_VIC_1_20160925.fits"

    def test_seeing_is_measured_with_the_calibrations_that_there_are(self, machine):
        machine.take(SEEING)
        machine.take(f"{SEEING}_0")
        machine.run()
        seeing = machine.product(ProductKind.SEEING, SEEING)
        assert [each["name"] for each in seeing.inputs] == [f"{SEEING}.fits.bz2", f"{SEEING}_0.fits.bz2"]
        machine.take(DARK)
        machine.run()
        anew = machine.product(ProductKind.SEEING, SEEING)
        assert (anew.state, anew.inputs[-1]["name"]) == ("done", "dark_1_20160925.fits")

    def test_an_observation_says_the_seeing_that_stands_whichever_came_last(self, machine):
        def said() -> float | None:
            return Observation.objects.get().seeing_nearest_arcsec

        machine.take(SEEING)
        machine.run()
        machine.take(STAR)
        assert said() == 1.2
        machine.take(f"{SEEING}_0")  # what was measured of one file stands no more
        assert said() is None
        machine.run()
        assert said() == 1.2

    def test_the_plot_of_a_night_is_made_when_its_others_are_settled_and_again_when_they_change(
        self, machine, settings
    ):
        def plot() -> Product:
            return Product.objects.get(kind=ProductKind.NIGHT_SEEING)

        machine.take(SEEING)
        machine.take(LATER_SEEING)
        settings.AO_SETTLE_TIME = timedelta(minutes=5)
        assert not Product.objects.filter(kind=ProductKind.NIGHT_SEEING).exists()
        first, second = machine.dispatch()
        machine.make(first)
        assert (plot().state, plot().reason) == ("pending", "It waits until nothing of its night is in work: 1 left.")
        machine.make(second)
        assert (plot().state, plot().not_before) == ("pending", machine.now + timedelta(minutes=5))
        assert machine.dispatch() == []
        machine.later(minutes=5)
        machine.run()
        made = plot()
        assert (made.state, [each["name"] for each in made.inputs]) == (
            "done",
            [f"seeing of {SEEING}", f"seeing of {LATER_SEEING}"],
        )
        SeeingMeasurement.objects.filter(product__subject=SEEING).update(fwhm_arcsec=2.0)
        planning.plan_night(made.night, at=machine.now)
        machine.later(minutes=4)
        SeeingMeasurement.objects.filter(product__subject=SEEING).update(fwhm_arcsec=2.5)
        planning.plan_night(made.night, at=machine.now)  # the second change waits for no longer than the first
        assert (plot().pk, plot().state, plot().values) == (made.pk, "pending", made.values)  # shown until made anew
        machine.later(minutes=1)
        machine.run()
        assert (plot().state, plot().lease) == ("done", 2)
        SeeingMeasurement.objects.all().delete()
        planning.plan_night(made.night, at=machine.now)
        assert Product.objects.get(kind=ProductKind.NIGHT_SEEING, is_current=True).state == "skipped"

    def test_a_header_without_its_mode_is_told(self, machine):
        machine.take_calibrations()
        machine.take(STAR, MODE_NUM=None)
        assert machine.product(ProductKind.BRIGHT).reason == (
            f"{STAR} does not state its detector mode, so no dark is known to suit it."
        )

    def test_only_what_lies_nearest_to_a_master_is_planned_for_it(self, machine):
        days = [f"201609{day:02d}" for day in (1, 5, 9, 13, 17, 21)]
        for day in days:
            machine.take(STAR.replace("20160925", day), plan=False)
        for day in ("20160905", "20160915"):
            machine.take(DARK.replace("20160925", day))
        master = Product.objects.get(kind="dark", night=date(2016, 9, 15))
        assert [subject.night.day for subject in users_of_master(master)] == [21, 17, 13]
        other = Product.objects.get(kind="dark", night=date(2016, 9, 5))
        assert [subject.night.day for subject in users_of_master(other)] == [9, 5, 1]


@pytest.mark.django_db
def test_what_waits_is_looked_at_again_although_nothing_happens(machine):
    """A lost event costs an hour, and no more."""
    machine.take(STAR)
    machine.take(DARK, plan=False)
    machine.take(FLAT, plan=False)
    machine.later(minutes=59)
    assert machine.dispatch() == []
    for raw in RawFile.objects.filter(observation=None):
        planning.plan_frame(raw.pk, at=machine.now)
    for product_id in machine.dispatch():
        machine.make(product_id)
    machine.later(seconds=LOOK_AGAIN.total_seconds())
    machine.run()
    assert machine.states() == dict.fromkeys(STARS, "done")


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_many_who_plan_one_observation_at_once_leave_each_product_once(self, machine):
        frame = machine.take(STAR, plan=False)

        def plan() -> None:
            planning.plan_frame(frame.pk, at=machine.now)
            connection.close()

        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(plan) for _ in range(16)]:
                done.result()
        assert machine.states() == dict.fromkeys(STARS, "pending")
        assert Product.objects.count() == len(STARS)

    def test_files_that_come_at_once_are_all_among_the_inputs_in_the_end(self, machine):
        machine.take_calibrations()
        machine.run()
        frames = [machine.take(name, plan=False) for name in (STAR, *(f"{STAR}_{number}" for number in range(7)))]
        rows = list(RawFile.objects.filter(frame__in=frames))

        def come(raw: RawFile) -> None:
            raw.save()
            planning.plan_frame(raw.pk, at=machine.now)
            connection.close()

        RawFile.objects.filter(frame__in=frames).delete()
        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(come, raw) for raw in rows]:
                done.result()
        bright = machine.product(ProductKind.BRIGHT)
        assert len([each for each in bright.inputs if each["role"] == "raw"]) == len(frames)
        assert Product.objects.filter(subject=STAR, kind=ProductKind.BRIGHT).count() == 1
        assert bright.state == ProductState.PENDING
        assert subject_of_product(bright).name == STAR
