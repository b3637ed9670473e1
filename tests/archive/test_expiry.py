"""What expires and when, with the clock handed in; what the dry run lists is what goes."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import override_settings

from archive.domain import expiry
from archive.enums import CountedFrom, EventName, ExpiringKind
from archive.errors import NotFoundError, UsageError
from archive.models import DoomedBytes, Event, ExpiryRule, Frame, OwnExpiry, StoredObject, Tombstone
from tests.factories import OBSERVED_AT

UPLOADED_AT = OBSERVED_AT  # the factory's frames come at that time
A_DAY = timedelta(days=1)
A_SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def no_other_rules(db):
    """Only the rules of the test; those that the migration laid have tests of their own below."""
    ExpiryRule.objects.all().delete()


def rule(name: str, after: timedelta | None, **values) -> ExpiryRule:
    made = ExpiryRule(**{"name": name, "kind": "frame", "after": after, "last_raw_copy": True, **values})
    made.full_clean()
    made.save()
    return made


def due_at(at: datetime) -> dict[str, str]:
    return {thing.name: thing.cause.rule for thing in expiry.due(at=at)}


def there() -> set[str]:
    return set(Frame.objects.values_list("basename", flat=True))


class TestWhatIsDue:
    def test_a_frame_goes_when_its_time_is_over_and_not_a_second_before(self, frame_factory):
        frame = frame_factory(configuration_type="EXPERIMENTAL")
        frame_factory(configuration_type="EXPOSE")
        rule("trials", 7 * A_DAY, configuration_type="EXPERIMENTAL")
        assert due_at(UPLOADED_AT + 7 * A_DAY - A_SECOND) == {}
        assert due_at(UPLOADED_AT + 7 * A_DAY) == {frame.basename: "trials"}

    def test_without_rules_nothing_goes(self, frame_factory):
        frame_factory()
        assert due_at(UPLOADED_AT + 36500 * A_DAY) == {}

    def test_a_rule_that_is_switched_off_takes_nothing(self, frame_factory):
        frame_factory()
        rule("all", A_DAY, enabled=False)
        assert due_at(UPLOADED_AT + 9 * A_DAY) == {}

    @pytest.mark.parametrize(
        ("selectors", "met"),
        [
            ({"site_id": "tst"}, True),
            ({"site_id": "ts"}, False),
            ({"site_id": "TST"}, False),
            ({"instrument_id": "kb01"}, True),
            ({"instrument_id": "kb011"}, False),
            ({"configuration_type": "EXPOSE"}, True),
            ({"site_id": "tst", "instrument_id": "kb01", "configuration_type": "EXPOSE"}, True),
            ({"site_id": "tst", "instrument_id": "kb02"}, False),
        ],
    )
    def test_each_selector_asks_for_the_whole_value(self, frame_factory, selectors, met):
        frame_factory(site_id="tst", instrument_id="kb01", configuration_type="EXPOSE")
        rule("some", A_DAY, **selectors)
        assert bool(due_at(UPLOADED_AT + A_DAY)) is met

    def test_upload_counts_from_the_newest_file(self, frame_factory):
        frame = frame_factory(versions=2)
        newest = frame.versions.first()
        newest.created = UPLOADED_AT + timedelta(hours=5)
        newest.save()
        rule("all", A_DAY)
        assert due_at(UPLOADED_AT + A_DAY) == {}
        assert frame.basename in due_at(UPLOADED_AT + A_DAY + timedelta(hours=5))

    def test_observation_counts_from_the_observation(self, frame_factory):
        frame = frame_factory(observation_date=UPLOADED_AT - 20 * A_DAY)
        rule("old", 20 * A_DAY, counted_from=CountedFrom.OBSERVATION)
        assert due_at(UPLOADED_AT - A_SECOND) == {}
        assert due_at(UPLOADED_AT) == {frame.basename: "old"}

    def test_a_placeholder_and_a_frame_without_bytes_never_go(self, frame_factory):
        frame_factory(versions=0)
        Frame.objects.create(basename="only-a-name")
        rule("all", A_DAY)
        assert due_at(UPLOADED_AT + 99 * A_DAY) == {}

    def test_of_neighbouring_names_the_one_goes_that_is_meant(self, frame_factory):
        names = [f"sro-kb001ms-20220629-{counter}-EX01" for counter in ("0000001", "00000010", "00000011")]
        for name in names:
            frame_factory(basename=name)
        for name in names[:2]:
            at = UPLOADED_AT + A_DAY
            expiry.set_own_expiry(kind=ExpiringKind.FRAME, name=name, expires_at=at, at=UPLOADED_AT)
            assert due_at(at) == {name: "its own expiry"}
            expiry.expire(at=at)
        assert there() == {names[2]}


class TestWhichRuleWins:
    def test_more_selectors_stand_above_fewer(self, frame_factory):
        frame = frame_factory(site_id="tst", instrument_id="kb01")
        rule("instrument", A_DAY, instrument_id="kb01")
        rule("site and type", 9 * A_DAY, site_id="tst", configuration_type="EXPOSE")
        assert due_at(UPLOADED_AT + 2 * A_DAY) == {}
        assert due_at(UPLOADED_AT + 9 * A_DAY) == {frame.basename: "site and type"}

    @pytest.mark.parametrize(
        ("winner", "loser"),
        [("instrument_id", "site_id"), ("instrument_id", "configuration_type"), ("site_id", "configuration_type")],
    )
    def test_of_equally_many_the_instrument_stands_above_the_site_and_that_above_the_type(
        self, frame_factory, winner, loser
    ):
        values = {"instrument_id": "kb01", "site_id": "tst", "configuration_type": "GUIDE"}
        frame = frame_factory(**values)
        rule("loser", A_DAY, **{loser: values[loser]})
        rule("winner", 5 * A_DAY, **{winner: values[winner]})
        assert due_at(UPLOADED_AT + 4 * A_DAY) == {}
        assert due_at(UPLOADED_AT + 5 * A_DAY) == {frame.basename: "winner"}
        fate = expiry.fate_of(ExpiringKind.FRAME, frame.basename)
        assert (fate.rule, fate.goes_at) == ("winner", UPLOADED_AT + 5 * A_DAY)
        assert "'loser' is met too and asks for less" in fate.reason

    def test_a_rule_without_a_time_keeps_what_it_meets_from_the_others(self, frame_factory):
        frame = frame_factory(instrument_id="kb01")
        other = frame_factory()
        rule("all", A_DAY)
        rule("keep", None, instrument_id="kb01")
        assert due_at(UPLOADED_AT + 99 * A_DAY) == {other.basename: "all"}
        fate = expiry.fate_of(ExpiringKind.FRAME, frame.basename)
        assert (fate.rule, fate.goes_at) == ("keep", None)

    def test_an_own_expiry_stands_above_all_rules(self, frame_factory):
        short, long = frame_factory(), frame_factory()
        rule("all", 5 * A_DAY)
        for frame, days in ((short, 1), (long, 50)):
            expires_at = UPLOADED_AT + days * A_DAY
            expiry.set_own_expiry(kind=ExpiringKind.FRAME, name=frame.basename, expires_at=expires_at, at=UPLOADED_AT)
        assert due_at(UPLOADED_AT + A_DAY) == {short.basename: "its own expiry"}
        assert long.basename not in due_at(UPLOADED_AT + 49 * A_DAY)
        assert expiry.fate_of(ExpiringKind.FRAME, long.basename).goes_at == UPLOADED_AT + 50 * A_DAY

    def test_guide_cameras_that_persist_keep_their_guide_frames(self, frame_factory):
        kept = frame_factory(configuration_type="GUIDE", instrument_id="kb70")
        other = frame_factory(configuration_type="GUIDE", instrument_id="kb71")
        science = frame_factory(configuration_type="EXPOSE", instrument_id="kb70")
        rule("all", A_DAY)
        with override_settings(GUIDE_CAMERAS_TO_PERSIST=("kb70",)):
            assert due_at(UPLOADED_AT + A_DAY).keys() == {other.basename, science.basename}
            fate = expiry.fate_of(ExpiringKind.FRAME, kept.basename)
            assert fate.goes_at is None
            assert "GUIDE_CAMERAS_TO_PERSIST" in fate.reason
        assert kept.basename in due_at(UPLOADED_AT + A_DAY)

    def test_a_raw_frame_stays_unless_the_rule_says_so_and_its_products_go(self, frame_factory):
        raw, product = frame_factory(reduction_level=0), frame_factory(reduction_level=91)
        made = rule("all", A_DAY, last_raw_copy=False)
        at = UPLOADED_AT + A_DAY
        assert due_at(at) == {product.basename: "all"}
        expiry.expire(at=at)
        assert there() == {raw.basename}
        assert expiry.fate_of(ExpiringKind.FRAME, raw.basename).goes_at is None
        made.last_raw_copy = True
        made.save()
        assert due_at(at) == {raw.basename: "all"}

    def test_what_no_rule_meets_is_told_so(self, frame_factory):
        frame = frame_factory()
        assert expiry.fate_of(ExpiringKind.FRAME, frame.basename).reason == "No rule asks for it: it stays."
        with pytest.raises(NotFoundError):
            expiry.fate_of(ExpiringKind.FRAME, "no-such")


class TestOwnExpiry:
    def test_the_first_entry_wins_unless_staff_changes_it(self):
        first, later = UPLOADED_AT + A_DAY, UPLOADED_AT + 2 * A_DAY
        entry = {"kind": ExpiringKind.FRAME, "name": "x", "at": UPLOADED_AT}
        assert expiry.set_own_expiry(**entry, expires_at=first).expires_at == first
        assert expiry.set_own_expiry(**entry, expires_at=later).expires_at == first
        assert expiry.set_own_expiry(**entry, expires_at=later, by="ann", replace=True).expires_at == later
        assert OwnExpiry.objects.get().set_by == "ann"

    def test_a_time_that_has_passed_is_refused(self):
        with pytest.raises(UsageError, match="later"):
            expiry.set_own_expiry(kind=ExpiringKind.FRAME, name="x", expires_at=UPLOADED_AT, at=UPLOADED_AT)

    def test_it_goes_with_its_frame_so_that_a_later_upload_lives(self, frame_factory):
        frame = frame_factory()
        at = UPLOADED_AT + A_DAY
        expiry.set_own_expiry(kind=ExpiringKind.FRAME, name=frame.basename, expires_at=at, at=UPLOADED_AT)
        assert expiry.expire(at=at) == 1
        again = frame_factory(basename=frame.basename)
        assert due_at(at + 99 * A_DAY) == {}
        assert again.pk != frame.pk

    def test_one_whose_upload_never_came_is_forgotten_after_a_week(self, frame_factory):
        at = UPLOADED_AT + A_DAY
        kept = frame_factory()
        for name in ("never-came", kept.basename):
            expiry.set_own_expiry(kind=ExpiringKind.FRAME, name=name, expires_at=at, at=UPLOADED_AT)
        expiry.expire(at=at + 7 * A_DAY, most=0)
        assert OwnExpiry.objects.count() == 1
        expiry.expire(at=at + 7 * A_DAY + A_SECOND)
        assert OwnExpiry.objects.count() == 0
        assert there() == set()


class TestTheRun:
    def test_it_lets_go_exactly_what_the_dry_run_lists(self, frame_factory, store, django_capture_on_commit_callbacks):
        for number in range(7):
            frame_factory(
                site_id="tst" if number % 2 else "lsc", configuration_type=("BIAS", "EXPOSE")[number % 3 == 0]
            )
        rule("bias", 3 * A_DAY, configuration_type="BIAS")
        rule("test", A_DAY, site_id="tst")
        at, before = UPLOADED_AT + 2 * A_DAY, there()
        listed = [thing.name for thing in expiry.due(at=at)]
        assert 0 < len(listed) == len(set(listed)) < len(before)
        assert there() == before
        objects = list(StoredObject.objects.filter(version__frame__basename__in=listed))
        heard = []
        with django_capture_on_commit_callbacks(execute=True):
            n_gone = expiry.expire(at=at, went=lambda _tried, gone: heard.extend(thing.name for thing in gone))
        assert sorted(heard) == sorted(listed)
        assert n_gone == len(listed)
        assert before - there() == set(listed)
        assert not StoredObject.objects.filter(pk__in=[stored.pk for stored in objects]).exists()
        assert [store.versions(stored.path) for stored in objects] == [[]] * len(objects)
        assert list(expiry.due(at=at)) == []

    def test_it_goes_on_over_many_batches_and_stops_at_the_bound(self, frame_factory, monkeypatch):
        monkeypatch.setattr(expiry, "BATCH_SIZE", 2)
        for _ in range(7):
            frame_factory()
        rule("all", A_DAY)
        assert expiry.expire(at=UPLOADED_AT + A_DAY, most=3) == 4
        assert expiry.expire(at=UPLOADED_AT + A_DAY) == 3

    def test_an_event_and_a_tombstone_say_by_which_rule(self, frame_factory):
        frame = frame_factory(versions=2, public_date=None)
        rule("all", A_DAY)
        at = UPLOADED_AT + A_DAY
        expiry.expire(at=at)
        event = Event.objects.get(name=EventName.FRAME_DELETED)
        assert (event.frame_id, event.body["rule"], event.body["basename"]) == (frame.pk, "all", frame.basename)
        left = Tombstone.objects.get()
        assert (left.kind, left.thing_id, left.name, left.rule, left.deleted_at, left.deleted_by) == (
            "frame", frame.pk, frame.basename, "all", at, "",
        )  # fmt: skip
        assert left.files == [f"{frame.basename}.fits.fz"]
        assert (left.proposal_id, left.public_date) == (frame.proposal_id, None)
        assert "1 day, 0:00:00 after its upload" in left.reason

    def test_what_can_not_go_does_not_keep_the_others(self, frame_factory):
        stuck, other = frame_factory(), frame_factory()
        StoredObject.objects.filter(version__frame=stuck).update(store="s3")  # a store that this archive is not set to
        rule("all", A_DAY)
        assert expiry.expire(at=UPLOADED_AT + A_DAY) == 1
        assert there() == {stuck.basename}
        assert Tombstone.objects.get().thing_id == other.pk

    def test_the_same_bytes_may_come_back_as_a_new_frame(self, frame_factory):
        frame = frame_factory(content=b"the same")
        rule("all", A_DAY)
        expiry.expire(at=UPLOADED_AT + A_DAY)
        again = frame_factory(basename=frame.basename, content=b"the same")
        assert again.pk != frame.pk
        assert DoomedBytes.objects.count() == 1  # of the first one, until its commit


class TestTheCommand:
    def run(self, *arguments: str) -> str:
        told = io.StringIO()
        call_command("expire", *arguments, stdout=told)
        return told.getvalue()

    def test_a_dry_run_lists_each_thing_with_its_rule_and_deletes_none(self, frame_factory):
        frames = [frame_factory() for _ in range(3)]
        rule("all", A_DAY)
        told = self.run("--dry-run").splitlines()
        assert told == [*(f"frame\t{frame.basename}\tall" for frame in frames), "3 things would go."]
        assert there() == {frame.basename for frame in frames}
        assert "3 things went." in self.run()
        assert there() == set()

    def test_it_tells_why(self, frame_factory):
        frame = frame_factory()
        rule("all", A_DAY)
        assert self.run("--why", frame.basename).startswith(
            f"{frame.basename} goes at 2025-03-11 01:08:31 UTC. The rule"
        )
        with pytest.raises(CommandError, match="no-such"):
            self.run("--why", "no-such")


class TestRules:
    @pytest.mark.parametrize(
        "values",
        [
            {"after": timedelta(0)},
            {"after": -A_DAY},
            {"name": ""},
            {"kind": "nonsense"},
            {"kind": "cache", "site_id": "tst"},
            {"kind": "frame", "data_type": "EP"},
            {"kind": "family", "configuration_type": "BIAS"},
            {"kind": "info-image", "counted_from": "observation"},
            {"kind": "cache", "only_storage_class": True},
            {"name": "taken"},
            {"site_id": "tkn"},
        ],
    )
    def test_one_that_makes_no_sense_is_refused(self, values):
        rule("taken", A_DAY, site_id="tkn")
        with pytest.raises(ValidationError):
            rule(**{"name": "new", "after": A_DAY, **values})

    def test_staff_edits_them_in_the_admin(self, client, admin):
        client.force_login(admin)
        sent = {
            "name": "new", "kind": "cache", "site_id": "tst", "after": "2 00:00:00", "counted_from": "upload",
            "enabled": "on",
        }  # fmt: skip
        refused = client.post("/admin/archive/expiryrule/add/", sent)
        assert "A thing of the kind cache has none" in refused.content.decode()
        assert client.post("/admin/archive/expiryrule/add/", {**sent, "site_id": ""}).status_code == 302
        assert ExpiryRule.objects.get().after == 2 * A_DAY

    def test_staff_changes_an_own_expiry_in_the_admin(self, client, admin):
        entry = expiry.set_own_expiry(
            kind=ExpiringKind.FRAME, name="x", expires_at=UPLOADED_AT + A_DAY, at=UPLOADED_AT, by="uploader"
        )
        client.force_login(admin)
        sent = {"kind": "frame", "name": "x", "expires_at_0": "2030-01-01", "expires_at_1": "00:00:00"}
        assert client.post(f"/admin/archive/ownexpiry/{entry.pk}/change/", sent).status_code == 302
        entry.refresh_from_db()
        assert (entry.expires_at, entry.set_by) == (datetime(2030, 1, 1, tzinfo=UTC), "admin")
        for page in ("tombstone", "doomedbytes", "expiryrule", "ownexpiry"):
            assert client.get(f"/admin/archive/{page}/").status_code == 200
