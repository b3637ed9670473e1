"""`manage.py muse`: trees of files, what they lack, frames that were not read, and an end of it all."""

import io
import shutil
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from archive.models import AoFile, Frame, MuseExposure, MuseFit, MuseTarget, Version
from pipeline import tasks
from tests import muse_set
from tests.processes import ROOT, environment
from tests.synthetic import write_frame


@pytest.fixture
def tree(muse_tree, tmp_path):
    """A copy of the six exposures that a test may change."""
    folder = tmp_path / "tree"
    shutil.copytree(muse_tree[0].paths["prm"].parents[1], folder)
    return folder


@pytest.fixture
def two(tmp_path):
    """Two exposures, eight files."""
    return [muse_set.write_exposure(tmp_path / "two", number, sources=2, channels=8, cards=40) for number in (0, 1)]


@pytest.fixture
def run(db, store):
    def run(*words):
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command("muse", *map(str, words), stdout=out, stderr=err)
        except CommandError as error:
            return out.getvalue().splitlines(), err.getvalue(), str(error)
        errors = err.getvalue().replace(
            "The store keeps files in memory and loses them when the process ends: use it for tests only.\n", ""
        )
        return out.getvalue().splitlines(), errors, None

    return run


def n_rows():
    return [model.objects.count() for model in (Frame, Version, AoFile, MuseExposure, MuseTarget, MuseFit)]


def test_a_tree_is_loaded_and_a_repeat_changes_nothing(run, tree):
    (tree / "analysis" / "NGC3201_00.detections.cat").write_text("1 2 3")
    (tree / "raw" / "MUSE.2019-02-01T05:12:33.650.NL.txt").write_text("a clear night")
    left = "Not taken, for they are none of MUSE's frames: 1 .detections.cat, 1 .NL.txt."
    foreseen = run("load", tree, "--dry-run")
    assert foreseen == (
        ["Nothing was written; there are 24 new, 0 already held, 0 failed.", left,
         "6 exposures: 6 would be complete, 0 not."],
        "", None,
    )  # fmt: skip
    assert n_rows() == [0] * 6
    told = ["24 new, 0 already held, 0 failed.", left, "6 exposures: 6 complete, 0 not."]
    assert run("load", tree) == (told, "", None)
    assert n_rows() == [24, 24, 24, 6, 3, 6]
    before = list(MuseExposure.objects.values())
    told[0] = "0 new, 24 already held, 0 failed."
    assert run("load", tree) == (told, "", None)
    assert run("load", tree, "--dry-run")[0][-1] == "6 exposures: 6 would be complete, 0 not."
    assert (n_rows(), list(MuseExposure.objects.values())) == ([24, 24, 24, 6, 3, 6], before)


def test_one_file_made_anew_is_one_version_and_the_old_one_stays(run, tree):
    run("load", tree)
    muse_set.write_exposure(tree, 2, refit=1, files=["prm"])
    assert run("load", tree)[0][0] == "1 new, 23 already held, 0 failed."
    assert n_rows() == [24, 25, 25, 6, 3, 7]


def test_a_missing_raw_file_in_the_middle_is_told_and_takes_no_other_with_it(run, tree, muse_tree):
    made = muse_tree[3]
    lost = tree / "raw" / f"{made.raw_name}.fz"
    away = lost.rename(tree / "away")
    lacks = [f"{made.stem}: {made.raw_name}.fz not there"]
    assert run("load", tree, "--dry-run")[0][-2:] == [*lacks, "6 exposures: 5 would be complete, 1 not."]
    assert run("load", tree)[0][-2:] == [*lacks, "6 exposures: 5 complete, 1 not."]
    assert list(MuseExposure.objects.filter(is_complete=False).values_list("name", flat=True)) == [made.stem]
    # It comes later, in a folder of its date, as some disks write its name.
    later = tree / "2019-02-01" / lost.name.replace(":", "-")
    later.parent.mkdir()
    away.rename(later)
    assert run("load", later.parent, "--dry-run")[0][-1] == "1 exposures: 1 would be complete, 0 not."
    assert run("load", later.parent)[0][-1] == "1 exposures: 1 complete, 0 not."
    assert MuseExposure.objects.filter(is_complete=True).count() == 6


@pytest.mark.parametrize("left_out", muse_set.ALL_FILES)
def test_a_dry_run_tells_what_the_run_tells(run, tmp_path, left_out):
    files = [kind for kind in muse_set.ALL_FILES if kind != left_out]
    made = muse_set.write_exposure(tmp_path, 1, files=files, has_psfpars=False, without=["PROV1"])
    made.paths.get("prm", tmp_path).rename(tmp_path / f"{made.stem}.prm_v2.fits") if "prm" in made.paths else None
    foreseen = run("load", tmp_path, "--dry-run")[0]
    assert (
        foreseen[1:] == [line.replace(": 0 complete", ": 0 would be complete") for line in run("load", tmp_path)[0]][1:]
    )
    assert len(foreseen) > 2


def test_a_bad_file_is_told_and_stops_no_other(run, two, tmp_path):
    tree = tmp_path / "two"
    bad = sorted((tree / "analysis").glob("*.prm.fits"))[0]
    bad.write_bytes(bad.read_bytes()[:4000])
    (tree / "raw" / "gone.fits").symlink_to(tree / "nowhere")
    (tree / "raw" / "other.fits").write_bytes((tree / "raw" / "other.fits").name.encode())
    for words in (["load", tree, "--dry-run"], ["load", tree]):
        told, errors, refusal = run(*words)
        assert "7 new, 0 already held, 3 failed." in told[0]
        assert refusal == "3 of 10 files were not taken; the reasons stand above."
        for name in (bad.name, "gone.fits", "other.fits"):
            assert f"{name}: " in errors
        assert f"{bad.name.removesuffix('.prm.fits')}: {bad.name} not there" in told


def test_frames_of_other_instruments_are_left(run, two, tmp_path):
    tree = tmp_path / "two"
    write_frame(tree / "raw" / "lsc1m005-fa15-20250309-0001-e00.fits", seed=1)
    told = run("load", tree)
    assert (told[0][1], told[2]) == ("Not taken, for they are none of MUSE's frames: 1 .fits.", None)
    assert Frame.objects.filter(versions__isnull=False).count() == 8


@pytest.mark.parametrize(("root", "says"), [("nowhere", "nowhere does not exist."), ("a_file", "a_file is no folder.")])
def test_a_root_that_is_none_is_refused(run, tmp_path, root, says):
    (tmp_path / "a_file").write_text("")
    assert run("load", tmp_path / root)[2].endswith(says)
    assert run("load", tmp_path, "--workers", "0")[2] == "--workers must be 1 or more."


def test_an_empty_tree_is_told(run, tmp_path):
    told, _, refusal = run("load", tmp_path)
    assert (told[0], refusal) == (f"{tmp_path} holds no FITS files.", None)


@pytest.mark.django_db(transaction=True)
def test_the_current_folder_is_loaded_by_several_processes(use_store, two, tmp_path):
    tree = tmp_path / "two"
    (tmp_path / "store").mkdir()
    use_store(type="local", root_dir=str(tmp_path / "store"))
    command = [sys.executable, ROOT / "manage.py", "muse", "load", "--workers", "2", "--given", "PROPID=0102.B-0001"]
    done = subprocess.run(command, cwd=tree, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "2 exposures: 2 complete, 0 not."), done.stderr
    assert set(MuseExposure.objects.values_list("proposal_id", flat=True)) == {"0102.B-0001"}


def test_frames_that_were_not_read_are_linked(run, two, tmp_path):
    tree = tmp_path / "two"
    run("load", tree)
    rows = {row["name"]: row for row in MuseExposure.objects.values()}
    AoFile.objects.all().delete()
    MuseExposure.objects.all().delete()
    assert run("load", tree)[0][-1] == "8 frames were never read for their tables: `manage.py muse link` does it."
    assert run("link", "--dry-run")[0][-1] == "Nothing was written; 8 frames would be read."
    assert not MuseExposure.objects.exists()
    for n_read in (8, 0):
        assert run("link") == ([f"{n_read} frames read, 0 failed; 2 exposures linked anew."], "", None)
        again = {row["name"]: row for row in MuseExposure.objects.values()}
        for row in (*rows.values(), *again.values()):
            row.pop("modified_at", None)
            row.pop("id", None)
        assert again == rows


def test_a_frame_that_a_client_posted_links_itself_once_its_bytes_are_read(take_exposure, two):
    take_exposure(two[0])
    AoFile.objects.all().delete()
    MuseExposure.objects.all().delete()
    for frame_id in Version.objects.values_list("frame", flat=True):
        tasks.verify_frame(frame_id=frame_id)
    tasks.the_inspector().close()
    assert MuseExposure.objects.get().is_complete


def test_wiping_asks_first(run, two, tmp_path, monkeypatch):
    tree = tmp_path / "two"
    run("load", tree)
    monkeypatch.setattr("builtins.input", lambda _asked: "yes")
    assert run("wipe")[2] == "nothing was deleted."
    assert MuseExposure.objects.count() == 2
    monkeypatch.setattr("builtins.input", lambda _asked: "wipe")
    assert run("wipe")[0] == ["2 targets, 2 exposures and 0 frames deleted."]
    assert (MuseExposure.objects.count(), Frame.objects.filter(versions__isnull=False).count()) == (0, 8)
    assert run("load", tree, "--dry-run")[0][-1] == "2 exposures: 2 would be complete, 0 not."
    for words in (["load", tree], ["link"]):
        run(*words)
        assert MuseExposure.objects.filter(is_complete=True).count() == 2
        run("wipe", "--yes")
    assert run("wipe", "--files", "--yes")[0] == ["0 targets, 0 exposures and 8 frames deleted."]
    assert not Version.objects.exists()
