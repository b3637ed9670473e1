"""What is pending and due is asked of workers, while they may begin; failures are tried again, and parked in the end."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from archive.domain import products
from archive.enums import ProductKind, SignalClass
from archive.errors import TransientError
from archive.models import Event, Observation, Product, ProductAttempt
from pipeline import dispatch
from pipeline.dispatch import LOST_AFTER, MOST_QUEUED, is_quiet
from pipeline.failures import LONGEST_WAIT, wait_after
from pipeline.work_folder import LOCK, PREFIX, remove_abandoned, work_folder
from tests.pipeline.conftest import DARK, FLAT, STAR

NIGHT = (time(18), time(7))
DAY = (time(9), time(17, 30))
PHOENIX = ZoneInfo("America/Phoenix")  # UTC-7 all year
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("hours", "zone", "at", "quiet"),
    [
        (None, UTC, "2026-11-21T00:00", False),
        (NIGHT, UTC, "2026-11-21T17:59", False),
        (NIGHT, UTC, "2026-11-21T18:00", True),
        (NIGHT, UTC, "2026-11-21T00:00", True),
        (NIGHT, UTC, "2026-11-21T06:59", True),
        (NIGHT, UTC, "2026-11-21T07:00", False),
        (DAY, UTC, "2026-11-21T08:59", False),
        (DAY, UTC, "2026-11-21T09:00", True),
        (DAY, UTC, "2026-11-21T17:30", False),
        (NIGHT, PHOENIX, "2026-11-21T00:59", False),
        (NIGHT, PHOENIX, "2026-11-21T01:00", True),
        (NIGHT, PHOENIX, "2026-11-21T13:59", True),
        (NIGHT, PHOENIX, "2026-11-21T14:00", False),
        (NIGHT, BERLIN, "2026-07-01T16:00", True),  # summer time: UTC+2
        (NIGHT, BERLIN, "2026-12-01T16:00", False),
    ],
)
def test_quiet_hours_are_of_the_clock_of_their_zone(hours, zone, at, quiet):
    assert is_quiet(datetime.fromisoformat(at).replace(tzinfo=UTC), hours, zone) is quiet


@pytest.mark.django_db
class TestWhen:
    def test_nothing_begins_in_quiet_hours(self, machine, settings):
        settings.QUIET_HOURS = (time(11), time(13))
        machine.take(DARK)
        assert machine.dispatch() == []
        machine.later(hours=1)  # 13:00
        assert len(machine.dispatch()) == 1

    def test_nothing_begins_while_paused_and_what_runs_goes_on(self, machine):
        machine.take(DARK)
        machine.take(FLAT)
        (dark,) = machine.dispatch()
        products.switch(is_paused=True, by="eve", reason="tests", at=machine.now)
        machine.make(dark)  # its message was on the way
        assert machine.states("dark_1") == {"dark": "pending"}
        assert machine.dispatch() == []
        products.switch(is_paused=False, by="eve", reason="", at=machine.now)
        assert machine.dispatch() == [dark]

    def test_the_newest_night_comes_first_and_what_was_forced_before_it(self, machine):
        for day in ("20160923", "20160925", "20160924"):
            machine.take(DARK.replace("20160925", day))
        machine.run()
        done = {row.night.day: row.pk for row in Product.objects.all()}
        for pk in done.values():
            Product.objects.filter(pk=pk).update(state="pending")
        products.force(product_id=done[23], by="eve", reason="soon", at=machine.now)
        assert machine.dispatch() == [done[23], done[25], done[24]]

    def test_few_wait_in_the_broker(self, machine):
        for number in range(MOST_QUEUED + 5):
            machine.take(DARK.replace("dark_1", f"dark_{number}"))
        first = machine.dispatch()
        assert len(first) == MOST_QUEUED
        assert machine.dispatch() == []
        machine.make(first[0])
        assert len(machine.dispatch()) == 1


@pytest.mark.django_db
class TestLost:
    def test_a_message_that_nobody_heard_is_sent_again(self, machine):
        machine.take(DARK)
        (first,) = machine.dispatch()
        machine.later(seconds=LOST_AFTER.total_seconds())
        assert machine.dispatch() == []
        machine.later(seconds=1)
        assert machine.dispatch() == [first]
        machine.make(first)
        machine.make(first)  # the lost one was only late
        assert Product.objects.get().attempts == 1

    def test_what_the_broker_does_not_take_waits_in_its_row(self, machine):
        machine.take(DARK)
        machine.take(DARK.replace("dark_1", "dark_2"))

        def away(product_id: int) -> None:
            raise TransientError("the broker is away")

        dispatch.dispatch(ask=away, at=machine.now)
        assert set(Product.objects.values_list("state", flat=True)) == {"pending"}
        assert len(machine.dispatch()) == 2

    def test_a_worker_that_is_heard_of_no_more_is_taken_for_dead(self, machine, settings):
        machine.take(DARK)
        (dark,) = machine.dispatch()
        machine.order("die-quietly")
        with pytest.raises(KeyboardInterrupt):
            machine.make(dark)
        assert Product.objects.get().state == "running"
        machine.later(seconds=settings.REDUCTION_LEASE.total_seconds())
        assert machine.dispatch() == []
        machine.later(seconds=1)
        machine.dispatch()
        row = Product.objects.get()
        assert (row.state, row.error, row.lease_until) == ("pending", "Its worker was lost.", None)
        assert row.not_before == machine.now + settings.REDUCTION_RETRY
        attempt = ProductAttempt.objects.get()
        assert (attempt.error, attempt.finished_at) == ("Its worker was lost.", None)

    def test_what_kills_every_worker_is_parked(self, machine, settings):
        machine.take_calibrations()
        machine.run()
        machine.take(STAR)
        machine.order("die-quietly-bright")
        for _ in range(settings.REDUCTION_ATTEMPTS):
            (bright,) = machine.dispatch()
            with pytest.raises(KeyboardInterrupt):
                machine.make(bright)
            machine.later(hours=12)
            machine.dispatch()
            machine.later(hours=12)
        row = Product.objects.get(pk=bright)
        assert (row.state, row.error) == ("failed", "Its worker was lost. It was tried 5 times.")
        assert machine.states()["faint"] == "skipped"
        assert Observation.objects.get().signal_class == SignalClass.FAILED


@pytest.mark.django_db
class TestFailures:
    @pytest.mark.parametrize(
        ("order", "error"),
        [
            ("passes-dark", "The store is away."),
            ("breaks-dark", "The reduction broke off: RuntimeError: out of range"),
            ("slow-dark", "It took too long, and was stopped."),
            ("large-dark", "It needs more memory than there is."),
        ],
    )
    def test_what_may_pass_is_tried_again_ever_later_and_then_parked(self, machine, settings, order, error):
        machine.order(order)
        machine.take(DARK)
        waits = []
        for _ in range(settings.REDUCTION_ATTEMPTS - 1):
            machine.run()
            row = machine.product(ProductKind.DARK, "dark_1")
            assert (row.state, row.error) == ("pending", error)
            waits.append(row.not_before - machine.now)
            machine.now = row.not_before
        assert waits == [settings.REDUCTION_RETRY * 4**number for number in range(4)]
        machine.run()
        row = machine.product(ProductKind.DARK, "dark_1")
        assert (row.state, row.error) == ("failed", f"{error} It was tried 5 times.")
        machine.later(days=100)
        assert machine.dispatch() == []
        assert ProductAttempt.objects.filter(product=row, finished_at__isnull=False).count() == 5
        told = Event.objects.get(name="product.failed")
        assert (told.body["state"], told.body["error"]) == ("failed", row.error)

    def test_what_can_never_pass_fails_at_once(self, machine):
        machine.order("never-dark")
        machine.take(DARK)
        machine.run()
        row = machine.product(ProductKind.DARK, "dark_1")
        assert (row.state, row.error, row.attempts) == ("failed", "These pixels can never pass.", 1)

    def test_what_there_is_nothing_to_make_of_is_skipped(self, machine):
        machine.order("nothing-dark")
        machine.take(DARK)
        machine.run()
        row = machine.product(ProductKind.DARK, "dark_1")
        assert (row.state, row.reason, row.error) == ("skipped", "There is no star.", "")

    def test_an_attempt_that_succeeds_forgets_the_error(self, machine):
        machine.order("breaks-dark.once")
        machine.take(DARK)
        machine.run()
        machine.later(hours=1)
        machine.run()
        row = machine.product(ProductKind.DARK, "dark_1")
        assert (row.state, row.error, row.attempts) == ("done", "", 2)

    def test_waits_grow_to_a_bound(self, settings):
        settings.REDUCTION_RETRY = timedelta(seconds=60)
        assert wait_after(2) == timedelta(minutes=4)
        assert wait_after(50) == LONGEST_WAIT

    def test_a_worker_of_another_version_leaves_the_product_to_be_planned(self, machine, settings):
        machine.take(DARK)
        (dark,) = machine.dispatch()
        settings.REDUCTION_GRAPH = "tests.pipeline.small_steps.NEWER_GRAPH"
        machine.make(dark)
        assert Product.objects.get(pk=dark).state == "stale"
        machine.run()
        row = machine.product(ProductKind.DARK, "dark_1")
        assert (row.state, row.version) == ("done", "2")

    def test_values_that_changed_since_are_not_used(self, reduced):
        strehl = reduced.product(ProductKind.BRIGHT_STREHL)
        products.force(product_id=strehl.pk, by="eve", reason="to see", at=reduced.now)
        (asked,) = reduced.dispatch()
        bright = reduced.product(ProductKind.BRIGHT)
        bright.values["more"] = 1
        bright.save()
        reduced.make(asked)
        assert Product.objects.get(pk=strehl.pk).state == "stale"
        reduced.run()
        assert set(reduced.states().values()) == {"done"}

    def test_bytes_that_rotted_in_the_store_are_told(self, machine):
        frame = machine.take(DARK)
        stored = frame.versions.get().object
        stored.sha256 = "0" * 64
        stored.save()
        Product.objects.all().delete()
        machine.take(DARK.replace("021010", "021011"))
        machine.run()
        row = machine.product(ProductKind.DARK, "dark_1")
        assert row.error == f"{DARK}.fits.bz2 has other bytes in the store than it had when it came: restore it."


class TestWorkFolders:
    def test_a_folder_is_gone_when_the_work_is(self):
        with work_folder() as folder:
            (folder / "cube").write_bytes(b"pixels")
        assert not folder.exists()

    def test_what_a_killed_worker_left_is_removed_and_what_others_hold_is_not(self, tmp_path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        left = tmp_path / f"{PREFIX}left"
        left.mkdir()
        (left / LOCK).touch()
        (left / "cube").write_bytes(b"pixels")
        (tmp_path / "others").mkdir()
        with work_folder() as held:
            assert not left.exists()
            remove_abandoned(tmp_path)
            assert held.exists()
            assert (tmp_path / "others").exists()
