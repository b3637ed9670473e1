"""A night's folder of the adaptive-optics camera, in by the command: frames, observations, calibrations, quarantine."""

import json
import subprocess
import sys

import pytest

from archive.models import Frame, Observation, Proposal, QuarantinedFile, RawFile
from tests.ao_camera import OBSERVATION, write_raw
from tests.processes import ROOT, environment

PLANET = "24.1_Uranus_VIC_Si_o_20160925_071622.697905"
WRONG = "4_HD_1984_VIC_S_o_20160925_031033.023381.fits.bz2"
MENDED = WRONG.replace("_S_", "_Si_")
NIGHT = [
    *(f"{OBSERVATION}{ending}.fits.bz2" for ending in ("", "_0", "_1")),
    f"{PLANET}.fits.bz2",
    "dark_1_20160925_022024.640741.fits.bz2",
    "dark_14_20160925_022406.184912.fits.bz2",
    "flat_lp600_20160925_023601.449187.fits.bz2",
    "seeing_VIC_Si_20160925_030248.259901.fits.bz2",
]


@pytest.fixture
def local_store(use_store, tmp_path):
    root = tmp_path / "store"
    root.mkdir()
    return use_store(type="local", root_dir=str(root))


@pytest.fixture
def folder(tmp_path):
    """As the simulator writes it: raws by night, their truth beside them."""
    made = tmp_path / "ao"
    for number, name in enumerate([*NIGHT, WRONG]):
        write_raw(made / "20160925", name, seed=number, L1PUBDAT="2016-10-01T00:00:00" if "Uranus" in name else None)
    truth = made / "truth" / "20160925"
    truth.mkdir(parents=True)
    (truth / f"{OBSERVATION}.json").write_text("{}")
    (truth / "dark_1_20160925_022024.640741.npy").write_bytes(b"")
    return made


def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)


def ingest(folder) -> subprocess.CompletedProcess[str]:
    return manage("ingest", str(folder), "--workers", "2")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("local_store")
def test_a_night_of_the_camera_comes_in_by_its_folder(folder, api, alice, bob):
    first = ingest(folder)
    assert first.returncode == 1
    assert first.stdout == "8 new, 0 already held, 1 failed, 2 skipped that are no FITS files\n", first.stderr
    assert "'S' is none of the filters" in first.stderr

    assert set(Frame.objects.values_list("basename", flat=True)) == {name.removesuffix(".fits.bz2") for name in NIGHT}
    observation = Observation.objects.get(name=OBSERVATION)
    assert list(observation.raw_files.values_list("file_number", flat=True)) == [0, 1, 2]
    assert Observation.objects.get(name=PLANET).proposal_id == "24.1"
    kinds = RawFile.objects.filter(observation=None).order_by("kind", "detector_mode").values_list("kind", "night")
    assert [(kind, f"{night}") for kind, night in kinds] == [
        (kind, "2016-09-25") for kind in ("dark", "dark", "flat", "seeing")
    ]
    assert QuarantinedFile.objects.get().filename == WRONG

    # Each byte by the rule of its observation.
    Proposal.objects.create(id="4").members.add(alice)
    raw = Frame.objects.get(basename=f"{OBSERVATION}_0")
    Frame.objects.filter(basename__startswith=OBSERVATION).update(public_date="2099-01-01T00:00:00Z")
    assert api(bob).get(f"/frames/{raw.pk}/download/").status_code == 404
    answer = api(alice).get(f"/frames/{raw.pk}/download/")
    assert b"".join(answer) == (folder / "20160925" / f"{OBSERVATION}_0.fits.bz2").read_bytes()

    (folder / "20160925" / WRONG).rename(folder / "20160925" / MENDED)
    again = ingest(folder)
    assert (again.returncode, again.stdout) == (
        0, "1 new, 8 already held, 0 failed, 2 skipped that are no FITS files\n",
    ), again.stderr  # fmt: skip
    assert QuarantinedFile.objects.get().resolved_at is not None
    assert Observation.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("local_store")
def test_a_simulated_night_comes_in_whole_and_means_what_was_simulated(tmp_path):
    folder = tmp_path / "simulated"
    made = manage(
        "simulate_night", str(folder), "--date", "20161101", "--size", "64", "--frames", "30", "--workers", "1"
    )
    assert made.returncode == 0, made.stderr
    raws = {path.name.removesuffix(".fits.bz2") for path in folder.rglob("*.fits.bz2")}
    done = ingest(folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{len(raws)} new, 0 already held, 0 failed")
    assert set(Frame.objects.values_list("basename", flat=True)) == raws
    assert not QuarantinedFile.objects.exists()

    truths = [json.loads(path.read_text()) for path in (folder / "truth").rglob("*.json")]
    observed = {truth["name"]: truth for truth in truths if truth["kind"] == "science"}
    assert set(Observation.objects.values_list("name", flat=True)) == set(observed)
    for raw in RawFile.objects.select_related("frame", "observation"):
        exposure = raw.frame.basename if raw.observation is None else raw.observation.name
        (truth,) = [truth for truth in truths if truth["name"] == exposure]
        assert (raw.kind, raw.detector_mode) == (truth["kind"], truth["detector_mode"])
        assert truth["files"][raw.file_number] == f"{raw.frame.basename}.fits.bz2"
        assert raw.observed_at.isoformat() == truth["started_at"]
        assert raw.frame.telescope_id == truth["telescope"]
    southern = Observation.objects.get(target_name="KOI_271")
    assert southern.position.y == pytest.approx(-0.504217, abs=1e-3)
    assert southern.exposure_time == pytest.approx(
        observed[southern.name]["n_frames"] * observed[southern.name]["frame_s"]
    )
