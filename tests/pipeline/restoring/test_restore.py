"""The database is dropped and comes back out of the store, byte for byte; nothing is computed and nobody told."""

import json
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.management import call_command
from django.db import connections

from archive.domain import products, removal
from archive.domain.events import give_positions, record_event
from archive.domain.observations import settle
from archive.domain.observing import describe
from archive.domain.science import documents, keeping
from archive.domain.verification import verify_object
from archive.enums import EventName, ProductKind
from archive.errors import TransientError
from archive.models import Event, Frame, Observation, Product, Proposal, StoredObject, Thumbnail, Tombstone, Version
from ingest.intake import ingest_file
from ingest.reconcile import Reconciler
from ingest.stores.keys import PART_MAX_BYTES
from ingest.stores.memory import MemoryStore
from pipeline import tasks
from pipeline.reductions.previews import make_previews
from pipeline.restoring import restore as restoring
from tests.pipeline.conftest import EMPTY, FLAT, PLANET, SEEING, STAR, Machine
from tests.pipeline.restoring.conftest import IN_WORK, drop_all_rows, exported, keep


def spoil(machine: Machine, stored) -> None:
    """Other bytes of the same length take the place of those of a stored object, as a bad disk gives them."""
    assert isinstance(machine.store, MemoryStore)
    version, content = machine.store._held[stored.path][stored.version_id]
    machine.store._held[stored.path][stored.version_id] = version, bytes([content[0] ^ 1]) + content[1:]


def say(name: str, *, at: datetime, comment: str, alternative_names: list[str] | None = None) -> None:
    observation = Observation.objects.get(name=name)
    describe(observation, alternative_names=alternative_names, comment=comment, by="eve", at=at)


def lose(machine: Machine, stored) -> None:
    machine.store.delete(stored.path, stored.version_id)


@pytest.mark.django_db
class TestAll:
    def test_every_science_row_comes_back_as_it_was_and_no_job_waits(self, night, restore):
        keep(night)
        before, ids = exported(), dict(Frame.objects.values_list("basename", "pk"))
        settled = Product.objects.exclude(state__in=IN_WORK).count()
        drop_all_rows()
        assert exported() == b""
        night.later(days=1)
        report = restore()
        assert exported() == before
        assert report.left_out == {}
        assert dict(Frame.objects.values_list("basename", "pk")) == ids
        assert not Event.objects.exists()
        assert Product.objects.count() == settled
        assert not Product.objects.filter(state__in=IN_WORK).exists()
        assert night.dispatch() == []

    def test_to_repeat_it_changes_nothing(self, night, restore):
        keep(night)
        before = exported()
        drop_all_rows()
        restore()
        restore()
        assert exported() == before

    def test_a_dry_run_tells_the_same_and_keeps_nothing(self, night, restore):
        keep(night)
        drop_all_rows()
        tried = restore(keeps=False)
        assert exported() == b""
        assert tried.rows == restore().rows

    @pytest.mark.parametrize("stop_at", [1, 2, 5, 11])
    def test_stopped_in_its_middle_it_goes_on_where_it_was(self, night, restore, monkeypatch, stop_at):
        keep(night)
        before = exported()
        drop_all_rows()
        monkeypatch.setattr(restoring, "AT_A_TIME", 2)
        read = documents.rows_in
        n_read = 0

        def stopped(*args):
            nonlocal n_read
            n_read += 1
            if n_read > stop_at * 2:
                raise KeyboardInterrupt
            return read(*args)

        with monkeypatch.context() as patch:
            patch.setattr(documents, "rows_in", stopped)
            with pytest.raises(KeyboardInterrupt):
                restore()
        assert exported() != before
        restore()
        assert exported() == before

    def test_planning_finds_everything_as_it_was_and_makes_nothing_again(self, night, restore):
        keep(night)
        drop_all_rows()
        restore()
        before = exported()
        call_command("reductions", "plan")
        assert night.dispatch() == []
        assert exported() == before

    def test_store_and_rows_agree_afterwards(self, night, restore):
        keep(night)
        drop_all_rows()
        restore()
        reconciler = Reconciler(night.store, settled_before=datetime(2100, 1, 1, tzinfo=UTC))
        assert [found.line() for found in reconciler.differences()] == []

    def test_what_comes_in_later_has_ids_of_its_own(self, night, restore):
        keep(night)
        newest = Frame.objects.order_by("-pk").first().pk
        removal.delete_frame(frame_id=newest, at=night.now, by="eve")
        keep(night)
        drop_all_rows()
        restore()
        assert night.take("4_New_VIC_lp600_o_20160925_150000.000000", plan=False).pk > newest


@pytest.mark.django_db
class TestOtherInstruments:
    def test_frames_with_versions_pictures_footprint_and_relations_come_back(self, machine, fits_file, restore):
        """A frame of the OCS with its reduction, previews of both, and newer bytes of the second."""
        raw, reduced = "lsc1m005-fa15-20250309-0004-e00", "lsc1m005-fa15-20250309-0004-e91"
        for name, cards in ((raw, {}), (reduced, {"L1IDRAW": raw, "RLEVEL": 91}), (reduced, {"SEEN": 2})):
            path = fits_file(f"{name}.fits", **cards)
            frame = ingest_file(path, store=machine.store, inspector=machine.inspector, now=machine.now).frame
            path.unlink()
            make_previews(frame_id=frame.pk, at=machine.now)
            machine.later(hours=1)
        keep(machine)
        before = exported()
        facts = [Frame.objects.filter(is_public=public).count() for public in (True, False)]
        ids = [list(model.objects.order_by("pk").values_list("pk", flat=True)) for model in (Frame, Version, Thumbnail)]
        drop_all_rows()
        report = restore()
        assert exported() == before
        assert report.left_out == {}
        assert [Frame.objects.filter(is_public=public).count() for public in (True, False)] == facts
        assert [
            list(model.objects.order_by("pk").values_list("pk", flat=True)) for model in (Frame, Version, Thumbnail)
        ] == ids
        assert Version.objects.filter(frame__basename=reduced).count() == 2
        assert Thumbnail.objects.exists()


@pytest.mark.django_db
class TestWhatNoFileTells:
    def test_comments_names_programmes_and_users_come_back(self, night, restore, alice):
        say(STAR, comment="A faint one beside it?", alternative_names=["Yrsa"], at=night.now)
        Proposal.objects.create(id="24", title="Planets", is_planetary=True).members.add(alice)
        keep(night)
        before = exported()
        drop_all_rows()
        restore()
        assert exported() == before
        assert Observation.objects.get(name=STAR).alternative_names == ["Yrsa"]
        back = User.objects.get(username="alice")
        assert not back.has_usable_password()
        assert set(back.proposals.values_list("pk", flat=True)) == {"24", "PROP001"}

    def test_nothing_is_public_that_was_not(self, night, restore):
        frames = Frame.objects.filter(basename__startswith=EMPTY)
        frames.update(public_date=None, modified_at=night.now)
        Observation.objects.filter(name=EMPTY).update(public_date=None, modified_at=night.now)
        for frame in frames:
            Event.objects.create(name="frame.updated", frame_id=frame.pk, body={}, created_at=night.now)
        keep(night)
        drop_all_rows()
        restore()
        nobody, then = AnonymousUser(), datetime(2100, 1, 1, tzinfo=UTC)
        assert not Frame.objects.visible_to(nobody, at=then).filter(basename__startswith=EMPTY).exists()
        assert not Product.objects.visible_to(nobody, at=then).filter(subject=EMPTY).exists()
        assert Frame.objects.visible_to(nobody, at=then).filter(basename__startswith=STAR, is_public=True).exists()

    def test_products_that_were_hidden_with_their_raw_files_stay_hidden(self, night, restore):
        keep(night)
        night.later(hours=1)
        raw, made = Frame.objects.get(basename=STAR), Frame.objects.get(basename=f"{STAR}_100p")
        Frame.objects.filter(pk=raw.pk).update(public_date=None, modified_at=night.now)
        record_event(EventName.FRAME_UPDATED, frame=raw, body={"frameid": raw.pk}, at=night.now)
        settle(Observation.objects.select_for_update().get(name=STAR))
        made.refresh_from_db()
        assert made.public_date is None
        keep(night)
        before = exported()
        drop_all_rows()
        restore()
        assert exported() == before
        assert Frame.objects.get(basename=f"{STAR}_100p").public_date is None

    def test_what_was_deleted_stays_deleted_and_says_so(self, night, restore, django_capture_on_commit_callbacks):
        keep(night)
        with django_capture_on_commit_callbacks(execute=True):
            removal.delete_frame(frame_id=Frame.objects.get(basename=EMPTY).pk, at=night.now, by="eve")
        keep(night)
        before = exported()
        drop_all_rows()
        restore()
        assert exported() == before
        assert not Observation.objects.filter(name=EMPTY).exists()
        assert not Frame.objects.filter(basename=EMPTY).exists()
        assert Tombstone.objects.get(name=EMPTY).deleted_by == "eve"

    def test_what_was_deleted_just_before_the_loss_stays_deleted(
        self, night, restore, django_capture_on_commit_callbacks
    ):
        keep(night)
        with django_capture_on_commit_callbacks(execute=True):
            removal.delete_frame(frame_id=Frame.objects.get(basename=EMPTY).pk, at=night.now, by="eve")
        drop_all_rows()
        report = restore()
        assert not Observation.objects.filter(name=EMPTY).exists()
        assert not Frame.objects.filter(basename=EMPTY, observation_date__isnull=False).exists()
        assert (report.left_out["frame"], report.left_out["observation"]) == (1, 1)

    def test_products_that_failed_or_are_stale_stay_so(self, reduced, restore):
        reduced.order("never-faint")
        products.force(product_id=reduced.product(ProductKind.FAINT).pk, by="eve", reason="to see", at=reduced.now)
        reduced.take(f"{STAR}_0")
        reduced.run()
        assert reduced.states()["faint"] == "failed"
        assert Product.objects.filter(state="stale").exists()
        keep(reduced)
        before = exported()
        drop_all_rows()
        restore()
        assert exported() == before


@pytest.mark.django_db
class TestDamage:
    def test_a_product_of_other_bytes_waits_and_says_why_and_nothing_else_is_made(self, night, restore):
        stored = night.product(ProductKind.BRIGHT).files.get(role="frames").object
        keep(night)
        drop_all_rows()
        spoil(night, stored)
        report = restore()
        bright = night.product(ProductKind.BRIGHT)
        assert bright.state == "pending"
        assert "frames.csv has other bytes in the store than it had" in bright.reason
        assert Product.objects.filter(state__in=IN_WORK).count() == 1
        assert report.left_out == {"product_file": 1}
        night.run()
        again = night.product(ProductKind.BRIGHT)
        assert (again.state, again.lease) == ("done", 2)
        assert Product.objects.filter(lease__gt=1).count() == 1

    def test_a_stack_of_other_bytes_is_made_again(self, night, restore):
        stored = night.product(ProductKind.BRIGHT).files.get(role="stack").version.object
        keep(night)
        drop_all_rows()
        spoil(night, stored)
        restore()
        assert night.product(ProductKind.BRIGHT).state == "pending"
        assert Version.objects.get(frame__basename=f"{STAR}_100p").object.fault
        night.run()
        assert night.product(ProductKind.BRIGHT).state == "done"
        assert not Version.objects.get(frame__basename=f"{STAR}_100p").object.fault

    def test_a_file_that_is_gone_has_its_product_made_again(self, night, restore):
        stored = night.product(ProductKind.BRIGHT_PREVIEW).files.get(role="full").object
        keep(night)
        drop_all_rows()
        lose(night, stored)
        restore()
        preview = night.product(ProductKind.BRIGHT_PREVIEW)
        assert (preview.state, "is not in the store" in preview.reason) == ("pending", True)

    def test_a_raw_file_of_other_bytes_is_marked(self, night, restore):
        stored = Version.objects.get(frame__basename=FLAT).object
        keep(night)
        drop_all_rows()
        spoil(night, stored)
        report = restore()
        assert Version.objects.get(frame__basename=FLAT).object.fault
        assert report.left_out == {"version": 1}
        assert not Product.objects.filter(state__in=IN_WORK).exists()

    def test_a_document_that_is_none_is_reported(self, night, restore):
        keep(night)
        drop_all_rows()
        path = documents.path_of_frame(SEEING)
        documents.write(night.store, path, b"{no json")
        report = restore()
        assert report.left_out["document"] == 1
        # Its file tells what it is.
        assert Frame.objects.get(basename=SEEING).is_listed


@pytest.mark.django_db
class TestWithoutDocuments:
    def test_products_come_back_by_their_own_json_and_frames_by_their_files(self, night, restore):
        """Measurements and values are the same; what no file tells is as when a file comes in."""
        before = [_facts(product) for product in Product.objects.filter(state="done").order_by("fingerprint")]
        drop_all_rows()
        report = restore()
        after = [_facts(product) for product in Product.objects.filter(state="done").order_by("fingerprint")]
        assert after == before
        assert report.left_out == {}
        assert not Event.objects.exists()
        assert not Product.objects.filter(state__in=IN_WORK).exists()

    def test_a_product_that_was_made_just_before_the_loss_comes_back(self, reduced, restore):
        keep(reduced)
        reduced.take(PLANET)
        keep(reduced)
        products.force_of_observation(
            observation=Observation.objects.get(name=PLANET),
            kind=ProductKind.PLANETARY,
            by="eve",
            reason="a planet",
            at=reduced.now,
        )
        reduced.run()
        before = {_facts(product) for product in Product.objects.filter(subject=PLANET, state="done")}
        drop_all_rows()
        restore()
        assert {_facts(product) for product in Product.objects.filter(subject=PLANET, state="done")} == before
        assert "planetary" in {kind for kind, *_rest in before}


@pytest.mark.django_db
class TestKeeping:
    def test_what_is_kept_already_is_not_written_again(self, night):
        keep(night)
        held = [(version.path, version.version_id) for version in night.store.listing()]
        keeping.begin_anew(night.store)
        keep(night)
        place = keeping.PLACE
        assert [each for each in held if each[0] != place] == [
            (version.path, version.version_id) for version in night.store.listing() if version.path != place
        ]

    def test_a_new_database_writes_nothing_over_what_is_left_of_the_old_one(self, night, restore, alice):
        keep(night)
        held = {version.path: version.version_id for version in night.store.listing()}
        before = exported()
        drop_all_rows()
        night.take("4_New_VIC_lp600_o_20160925_150000.000000", plan=False)
        keep(night)
        held_now = {version.path: version.version_id for version in night.store.listing()}
        assert held.items() <= held_now.items()
        drop_all_rows()
        restore()
        back = exported()
        assert set(before.splitlines()) <= set(back.splitlines())
        night.take("4_Other_VIC_lp600_o_20160925_160000.000000", plan=False)
        keep(night)
        assert documents.read(night.store, documents.path_of_frame("4_Other_VIC_lp600_o_20160925_160000.000000"))

    def test_nothing_is_written_of_rows_that_are_half_back(self, night, restore, monkeypatch):
        keep(night)
        before = exported()
        drop_all_rows()
        with monkeypatch.context() as patch:
            patch.setattr(restoring, "write_relations", _interrupted)
            with pytest.raises(KeyboardInterrupt):
                restore()
        keep(night)
        restore()
        assert exported() == before

    def test_bytes_that_are_read_later_are_told_as_read(self, machine, frame_factory, restore):
        """A client posted a frame; beat wrote of it before a task had read its bytes."""
        stored = frame_factory().versions.get().object
        checked_at, facts = stored.verified_at, {"verified_at": None, "sha256": None, "size_bytes": None, "crc32": None}
        StoredObject.objects.filter(pk=stored.pk).update(**facts)
        keep(machine)
        verify_object(StoredObject.objects.get(pk=stored.pk), at=machine.now)
        keep(machine)
        before = exported()
        drop_all_rows()
        restore()
        assert exported() == before
        assert checked_at is not None
        assert StoredObject.objects.get().verified_at is not None

    def test_two_restores_at_once_are_refused(self, night, restore):
        keep(night)
        with connections["default"].copy().cursor() as other:
            other.execute("SELECT pg_advisory_lock(%s)", [keeping.KEEPING_LOCK])
            with pytest.raises(TransientError, match="another restore runs"):
                restore()
            other.connection.close()

    def test_each_document_is_there_once(self, night):
        keep(night)
        night.later(hours=1)
        say(STAR, comment="again", at=night.now)
        keep(night)
        path = documents.path_of_observation(STAR, Observation.objects.get(name=STAR).night)
        assert len(night.store.versions(path)) == 1
        assert b'"comment":"again"' in documents.read(night.store, path)

    def test_a_frame_of_the_longest_name_has_its_document(self, frame_factory, machine):
        name = "ä" * ((PART_MAX_BYTES - len(".fits.fz")) // 2)
        frame_factory(basename=name)
        keep(machine)
        assert documents.read(machine.store, documents.path_of_frame(name))


class TestCommands:
    @pytest.mark.django_db
    def test_export_and_restore_by_hand(self, night, tmp_path, capsys):
        give_positions()
        tasks.keep_rows()
        call_command("export", "science", str(tmp_path / "before"))
        drop_all_rows()
        call_command("restore")
        assert "Restored: " in capsys.readouterr().out
        call_command("export", "science", str(tmp_path / "after"))
        before = (tmp_path / "before").read_bytes()
        assert (tmp_path / "after").read_bytes() == before
        assert len(before.splitlines()) > len(Frame.objects.all())


def _interrupted(*_args: object, **_more: object) -> None:
    raise KeyboardInterrupt


def _facts(product: Product) -> tuple[object, ...]:
    files = tuple(product.files.order_by("role").values_list("role", "filename", "sha256", "size_bytes"))
    told = json.dumps([product.values, product.parameters], sort_keys=True)
    strehl = getattr(product, "strehl", None)
    measured = () if strehl is None else (strehl.strehl_ratio, strehl.strehl_error, strehl.flag, strehl.measured_at)
    inputs = tuple((row["name"], row["role"], row["sha256"]) for row in product.inputs)
    times = (product.created_at, product.started_at, product.finished_at)
    return product.kind, product.subject, product.fingerprint, product.is_current, told, files, measured, inputs, times
