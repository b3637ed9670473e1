"""What a faint star's cube of 1000 frames of 1024² costs: time on one core, unpacking included, and memory."""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.science.figures import Figure, at_most
from deploy.local.venvs import ROOT
from pipeline.arrays.calibration import CalibratedFrames, Calibration
from pipeline.arrays.faint import stack_faint
from pipeline.arrays.frames import disc
from pipeline.arrays.survey import find_lock
from pipeline.raw_cube import open_cube
from pipeline.simulation.camera import FAST, Camera, Readout
from pipeline.simulation.files import Header, file_names, write_files
from pipeline.simulation.optics import KITT_PEAK
from pipeline.simulation.phase import Residual
from pipeline.simulation.psf import fine_psf
from pipeline.simulation.scene import Scene, random_shifts

SIZE_PX, N_FILES, FRAMES_PER_FILE = 1024, 10, 100
FLUX_ELECTRON, SKY_ELECTRON = 1000.0, 2.0
AIR = Residual(1.44, 0.06)
OPTICS = KITT_PEAK.optics("Si")
STEM = "4_Faint_VIC_Si_o_20261101_051310.904217"
STARTED_AT = datetime(2026, 11, 1, 5, 13, 10, 904217, tzinfo=UTC)
SOURCE_PX = 100.0  # around the star, where rows and columns are not measured
MOST_S, MOST_GB = 180.0, 2.0


def measure() -> Iterator[Figure]:
    with TemporaryDirectory(dir=ROOT / "var") as name:
        folder = Path(name)
        _write_cube(folder)
        command = [sys.executable, "-m", "benchmarks.science.faint_cube", str(folder)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        told = json.loads(done.stdout)
    packed = f"{told['packed_gb']:.2f} GB packed; load {os.getloadavg()[0]:.1f}"
    n_frames = N_FILES * FRAMES_PER_FILE
    yield Figure(
        f"faint star, {n_frames} frames of {SIZE_PX}²: time on one core", told["wall_s"], "s", at_most(MOST_S), packed
    )
    yield Figure("of it the core's own", told["cpu_s"], "s", None, f"unpacking {told['unpacking_cpu_s']:.0f} s")
    yield Figure("most memory", told["most_gb"], "GB", at_most(MOST_GB), f"{told['n_used']} frames used")


def _write_cube(folder: Path) -> None:
    """Files of a cube, its calibration beside. Only the first is simulated: the others cost as much to read."""
    rng = np.random.default_rng(9)
    psf = fine_psf(OPTICS, seeing_arcsec=AIR.seeing_arcsec, leak=AIR.leak, n_speckle=32, rng=rng)
    scene = Scene(optics=OPTICS, flux_electron=FLUX_ELECTRON, sky_electron_px=SKY_ELECTRON, psf=psf)
    camera = Camera(1, SIZE_PX)
    readout = Readout(camera, FAST, "Si")
    shifts = random_shifts(FRAMES_PER_FILE, rms_px=2.5, rng=rng)
    centre = (SIZE_PX / 2 + 8, SIZE_PX / 2 - 12)
    seen = scene.frames([AIR] * FRAMES_PER_FILE, size_px=SIZE_PX, centre_yx=centre, shifts_yx=shifts, rng=rng)
    first, *others = file_names(STEM, N_FILES)
    write_files(
        (readout.frame(one.light_electron, rng=rng) for one in seen),
        folder=folder,
        names=[first],
        frames_per_file=FRAMES_PER_FILE,
        header=[("INSTRUME", "Robo-AO", "")],
        frame_header=_frame_header,
    )
    for name in others:
        shutil.copy(folder / first, folder / name)
    np.save(folder / "dark.npy", camera.dark_frame_adu(FAST))
    np.save(folder / "flat.npy", camera.response(FAST, "Si"))


def _frame_header(number: int) -> Header:
    at = STARTED_AT + timedelta(seconds=FAST.frame_s * number)
    return [("FRAMEUTC", at.replace(tzinfo=None).isoformat(timespec="microseconds"), "")]


def reduce(folder: Path) -> dict[str, float]:
    """Reduce the cube in `folder` on one core, as a worker does, and tell what it took."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    began_s = time.perf_counter()
    work = folder / "work"
    work.mkdir()
    paths = list(folder.glob("*.fits.bz2"))
    cube = open_cube(paths, folder=work)
    unpacking_s = time.process_time()
    dark, flat = np.load(folder / "dark.npy"), np.load(folder / "flat.npy")
    calibration = Calibration(dark, flat, electron_per_adu=FAST.electron_per_adu, saturated_adu=65535)
    lock = find_lock(CalibratedFrames(cube, calibration))
    source = disc((SIZE_PX, SIZE_PX), centre_yx=lock, radius_px=SOURCE_PX)
    frames = CalibratedFrames(cube, calibration, source)
    star = stack_faint(frames, lock_yx=lock, pixel_arcsec=OPTICS.pixel_arcsec, time_mjd=cube.time_mjd)
    return {
        "wall_s": time.perf_counter() - began_s,
        "cpu_s": time.process_time(),
        "unpacking_cpu_s": unpacking_s,
        "most_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "packed_gb": sum(path.stat().st_size for path in paths) / 1e9,
        "n_used": star.table.n_used,
    }


if __name__ == "__main__":
    print(json.dumps(reduce(Path(sys.argv[1]))))
