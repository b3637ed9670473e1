"""`manage.py ingest`: folders, several processes, repeats, bad files, a watched folder."""

import os
import subprocess
import sys
import time

import pytest
from django.core.management import CommandError, call_command

from archive.models import Frame
from ingest.simulation import frames as simulated
from ingest.simulation.night import plan
from tests.processes import ROOT, environment, running, until
from tests.synthetic import write_frame


@pytest.fixture
def local_store(use_store, tmp_path):
    root = tmp_path / "store"
    root.mkdir()
    return use_store(type="local", root_dir=str(root))


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "night"
    (made / "deeper").mkdir(parents=True)
    for number in range(1, 5):
        write_frame(made / f"lsc1m005-fa15-20250309-{number:04d}-e00.fits", seed=number)
    write_frame(made / "deeper" / "lsc1m005-fa15-20250309-0005-e00.fits.fz", seed=5)
    (made / "README.txt").write_text("not a frame")
    (made / ".hidden.fits").write_text("not a frame either")
    return made


def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("local_store")
class TestByHand:
    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_a_folder_is_taken_and_a_repeat_adds_nothing(self, folder, workers):
        first = manage("ingest", str(folder), "--workers", workers)
        assert (first.returncode, first.stdout) == (
            0, "5 new, 0 already held, 0 failed, 1 skipped that are no FITS files\n",
        ), first.stderr  # fmt: skip
        again = manage("ingest", str(folder), "--workers", workers)
        assert again.stdout.startswith("0 new, 5 already held, 0 failed")
        assert Frame.objects.filter(is_listed=True).count() == 5

    def test_a_bad_file_is_told_with_its_reason_and_does_not_stop_the_others(self, folder):
        (folder / "lsc1m005-fa15-20250309-0000-e00.fits").write_bytes(b"")
        done = manage("ingest", str(folder), "--workers", "2")
        assert done.returncode == 1
        assert done.stdout.startswith("5 new, 0 already held, 1 failed")
        assert "0000-e00.fits: " in done.stderr
        assert "empty" in done.stderr

    def test_a_path_that_is_not_there_is_told(self):
        done = manage("ingest", "/no/such/folder")
        assert (done.returncode, "does not exist" in done.stderr) == (1, True)

    def test_a_plain_file_is_taken_with_metadata_from_the_command_line(self, tmp_path):
        (tmp_path / "log.pdf").write_bytes(b"%PDF-1.4")
        cards = {
            "SITEID": "lsc", "TELID": "1m0a", "INSTRUME": "fa15", "OBSTYPE": "EXPOSE", "PROPID": "PROP001",
            "DATE-OBS": "2025-03-10T01:08:31", "DAY-OBS": "20250309", "BLKUID": "1",
        }  # fmt: skip
        given = [word for key, value in cards.items() for word in ("--given", f"{key}={value}")]
        call_command("ingest", str(tmp_path / "log.pdf"), *given)
        assert Frame.objects.get().basename == "log"

    def test_a_watched_folder_takes_what_comes_to_rest(self, folder):
        with running(sys.executable, "manage.py", "ingest", "--watch", str(folder)):
            for path in folder.rglob("*.fits*"):
                os.utime(path, (time.time() - 60, time.time() - 60))
            until(lambda: Frame.objects.filter(is_listed=True).count() == 5, what="the five frames")
            late = write_frame(folder / "lsc1m005-fa15-20250309-0009-e00.fits", seed=9)
            os.utime(late, (time.time() - 60, time.time() - 60))
            until(lambda: Frame.objects.filter(is_listed=True).count() == 6, what="the frame that came later")


@pytest.mark.django_db(transaction=True)
def test_a_store_that_is_not_there_is_told_before_any_file_is_read(use_store, tmp_path, folder):
    use_store(type="local", root_dir=str(tmp_path / "not-mounted"))
    with pytest.raises(CommandError, match="not-mounted"):
        call_command("ingest", str(folder))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("local_store")
def test_the_sample_frames_pass_through_the_door_and_land_where_they_looked(tmp_path, api, admin, now):
    folder = tmp_path / "sample"
    folder.mkdir()
    exposures = plan(now.date().replace(day=1))
    for exposure in exposures:
        for name, content in simulated.files_of(exposure, seed=1).items():
            (folder / name).write_bytes(content)
    done = manage("ingest", str(folder), "--workers", "2")
    assert done.returncode == 0, done.stderr
    count = len(list(folder.iterdir()))
    assert api(admin).get("/frames/").json()["count"] == count
    assert 0 < api(None).get("/frames/").json()["count"] < count, "some frames are still proprietary"
    (m51,) = {
        row["target_name"] for row in api(None).get("/frames/", {"covers": "POINT(202.4696 47.1952)"}).json()["results"]
    }
    assert m51 == "M 51"
