"""Files of the adaptive-optics camera that can not be placed: refused at every door, and remembered until they can."""

import bz2
import io

import pytest
from django.core.management import CommandError, call_command

from archive.domain import received
from archive.domain.received import Heard
from archive.enums import ReceivedState
from archive.errors import UsageError
from archive.models import Event, Frame, Observation, QuarantinedFile, ReceivedObject, StoredObject
from ingest import intake, taking
from ingest.batch import Fate, Taker
from ingest.checksums import digest_of
from ingest.intake import ingest_file
from ingest.stores.base import Upload
from ingest.watch import FolderWatch
from tests.ao_camera import OBSERVATION, cube, write_raw

GOOD = f"{OBSERVATION}.fits.bz2"
WRONG_NAME = f"{OBSERVATION}_copy(1).fits.bz2"
FAULTS = ["cut short", "no bzip2", "no FITS", "empty", "no END", "no pixels", "wrong sum"]
TYPING_ERROR = GOOD.replace("lp600", "lp60")


@pytest.fixture(scope="module", autouse=True)
def one_reader():
    yield
    intake.the_inspector().close()


@pytest.fixture
def by_command(db, store):
    def take(path):
        with Taker() as taker:
            return taker.take(path, {})

    return take


@pytest.fixture
def by_http(db, store, api, admin):
    def take(path):
        content = path.read_bytes()
        return api(admin).generic("PUT", f"/ingest/{path.name}", content, content_type="application/octet-stream")

    return take


@pytest.fixture
def by_object_event(db, store, inspector, now):
    def take(path, folder="data"):
        stored = store.put(path, Upload(f"{folder}/{path.name}", digest_of(path), "image/fits"))
        for received_id in received.hear([Heard(stored.path, stored.version_id)], store=store.name, at=now):
            taking.take_in(received_id, store=store, inspector=inspector, now=now)
        return ReceivedObject.objects.get(path=stored.path, version_id=stored.version_id)

    return take


def nothing_else_is_left() -> bool:
    return not any(model.objects.exists() for model in (Frame, StoredObject, Observation, Event))


def waiting() -> list[tuple[str, int]]:
    return list(QuarantinedFile.objects.filter(resolved_at=None).values_list("filename", "times_seen"))


def faulty(folder, kind):
    """A file with a right name that can not be read."""
    path = folder / GOOD
    whole = bz2.compress(cube())
    path.write_bytes(
        {
            "cut short": whole[:-20],
            "no bzip2": cube(),
            "no FITS": bz2.compress(b"no FITS at all" * 300),
            "empty": b"",
            "no END": bz2.compress(cube()[:1000]),
            "no pixels": bz2.compress(cube()[:2880]),
            "wrong sum": bz2.compress(cube(DATASUM="1")),
        }[kind]
    )
    return path


class TestDoors:
    def test_by_the_command_and_by_the_watched_folder(self, by_command, tmp_path):
        path = write_raw(tmp_path, TYPING_ERROR)
        outcome = by_command(path)
        assert (outcome.fate, outcome.may_pass_later) == (Fate.FAILED, False)
        assert "'lp60' is none of the filters" in outcome.reason
        file = QuarantinedFile.objects.get()
        digest = digest_of(path)
        assert (file.filename, file.sha256, file.size_bytes) == (TYPING_ERROR, digest.sha256, digest.size_bytes)
        assert (file.reason, file.times_seen, file.resolved_at) == (outcome.reason, 1, None)
        with Taker() as taker:
            FolderWatch(tmp_path, given={})._take(taker, path, (0, 0))
        assert waiting() == [(TYPING_ERROR, 2)]
        assert nothing_else_is_left()

    def test_by_http(self, by_http, tmp_path, store):
        answer = by_http(write_raw(tmp_path, TYPING_ERROR))
        assert answer.status_code == 400
        assert "'lp60' is none of the filters" in answer.json()["detail"]
        assert waiting() == [(TYPING_ERROR, 1)]
        assert nothing_else_is_left()
        assert list(store.listing()) == []

    def test_by_an_object_of_the_store_which_stays_where_its_owner_put_it(self, by_object_event, tmp_path, store):
        row = by_object_event(write_raw(tmp_path, TYPING_ERROR))
        assert row.state == ReceivedState.REFUSED
        assert waiting() == [(TYPING_ERROR, 1)]
        assert nothing_else_is_left()
        assert [found.path for found in store.listing()] == [f"data/{TYPING_ERROR}"]

    def test_a_ticket_for_a_wrong_name_is_not_given(self, api, admin, store):
        answer = api(admin).post("/uploads/", {"object_name": TYPING_ERROR}, format="json")
        assert answer.status_code == 400
        assert waiting() == []  # no file came

    @pytest.mark.parametrize("kind", FAULTS)
    def test_a_cube_that_can_not_be_read(self, by_command, tmp_path, kind):
        outcome = by_command(faulty(tmp_path, kind))
        assert outcome.fate is Fate.FAILED
        assert QuarantinedFile.objects.get().reason == outcome.reason
        assert nothing_else_is_left()

    def test_through_a_ticket(self, api, admin, tmp_path, use_store):
        use_store(type="local", root_dir=str(tmp_path / "store"))
        (tmp_path / "store").mkdir()
        ticket = api(admin).post("/uploads/", {"object_name": GOOD}, format="json").json()
        sent = faulty(tmp_path, "cut short").read_bytes()
        link = ticket["put"]["url"].removeprefix("http://testserver")
        answer = api(None).generic("PUT", link, sent, content_type="application/octet-stream")
        assert answer.status_code == 400, answer.content
        assert waiting() == [(GOOD, 1)]


class TestNotRemembered:
    def test_other_files_that_are_refused(self, by_command, tmp_path):
        (tmp_path / "lsc1m005-fa15-20250309-0004-e00.fits.bz2").write_bytes(b"")
        (tmp_path / "4_notes.fits").write_bytes(b"")
        for path in tmp_path.iterdir():
            assert by_command(path).fate is Fate.FAILED
        assert not QuarantinedFile.objects.exists()

    def test_what_is_kept_out_by_a_setting(self, by_command, tmp_path, settings):
        settings.IGNORED_CHARS = ("Yrsa",)
        assert by_command(write_raw(tmp_path)).fate is Fate.FAILED
        assert not QuarantinedFile.objects.exists()

    def test_a_store_that_is_away_is_no_fault_of_the_file(self, db, use_store, by_command, tmp_path):
        use_store(type="local", root_dir=str(tmp_path / "missing"))
        assert by_command(write_raw(tmp_path)).fate is Fate.FAILED
        assert not QuarantinedFile.objects.exists()


class TestEnd:
    def test_it_is_resolved_when_its_bytes_come_in_under_a_right_name(self, by_command, tmp_path):
        wrong = write_raw(tmp_path, TYPING_ERROR)
        by_command(wrong)
        assert by_command(wrong.rename(tmp_path / GOOD)).fate is Fate.NEW
        file = QuarantinedFile.objects.get()
        assert file.resolved_at is not None
        assert Frame.objects.get().basename == OBSERVATION

    def test_another_files_arrival_resolves_nothing(self, by_command, tmp_path):
        by_command(write_raw(tmp_path, TYPING_ERROR))
        by_command(write_raw(tmp_path, GOOD, seed=2))
        assert waiting() == [(TYPING_ERROR, 1)]

    def test_a_copy_with_a_wrong_name_of_what_is_in_the_archive_needs_nobody(self, by_command, tmp_path):
        by_command(write_raw(tmp_path, GOOD))
        assert by_command(write_raw(tmp_path, WRONG_NAME)).fate is Fate.FAILED
        assert QuarantinedFile.objects.get().resolved_at is not None

    def test_a_mended_file_of_the_same_name_is_another_file(self, by_command, tmp_path):
        by_command(faulty(tmp_path, "cut short"))
        by_command(faulty(tmp_path, "no FITS"))
        assert [times for _, times in waiting()] == [1, 1]

    def test_what_was_dismissed_stays_so_however_often_it_comes(self, by_command, tmp_path):
        path = write_raw(tmp_path, TYPING_ERROR)
        by_command(path)
        call_command("quarantine", "dismiss", str(QuarantinedFile.objects.get().pk), stdout=io.StringIO())
        by_command(path)
        assert waiting() == []
        assert QuarantinedFile.objects.get().times_seen == 2

    def test_a_file_that_is_refused_raises_what_any_wrong_file_does(self, db, store, inspector, now, tmp_path):
        with pytest.raises(UsageError, match="filters"):
            ingest_file(write_raw(tmp_path, TYPING_ERROR), store=store, inspector=inspector, now=now)


@pytest.mark.usefixtures("by_command")
class TestStaff:
    def listed(self, *more):
        out = io.StringIO()
        call_command("quarantine", "list", *more, stdout=out)
        return out.getvalue().splitlines()

    def test_the_command_lists_what_waits(self, by_command, tmp_path):
        by_command(write_raw(tmp_path, TYPING_ERROR))
        by_command(faulty(tmp_path, "no FITS"))
        last, first, count = self.listed()
        assert count == "2 files."
        assert first.split("\t")[2:5] == ["1", str((tmp_path / TYPING_ERROR).stat().st_size), TYPING_ERROR]
        assert "is none of the filters" in first.split("\t")[5]
        call_command("quarantine", "dismiss", first.split("\t")[0], stdout=io.StringIO())
        assert self.listed() == [last, "1 files."]
        assert self.listed("--all")[-1] == "2 files."

    def test_an_id_that_is_none_dismisses_nothing(self, by_command, tmp_path):
        by_command(write_raw(tmp_path, TYPING_ERROR))
        file = QuarantinedFile.objects.get()
        with pytest.raises(CommandError, match="no quarantined file"):
            call_command("quarantine", "dismiss", str(file.pk), str(file.pk + 1))
        assert len(waiting()) == 1

    def test_the_admin_pages_show_it_and_the_observations(self, by_command, tmp_path, admin, client):
        by_command(write_raw(tmp_path, TYPING_ERROR))
        by_command(write_raw(tmp_path, GOOD, seed=2))
        client.force_login(admin)
        assert TYPING_ERROR in client.get("/admin/archive/quarantinedfile/").content.decode()
        assert OBSERVATION in client.get("/admin/archive/observation/").content.decode()
        observation = Observation.objects.get()
        assert client.get(f"/admin/archive/observation/{observation.pk}/change/").status_code == 200
        assert client.get("/admin/archive/proposal/?is_planetary__exact=1").status_code == 200
