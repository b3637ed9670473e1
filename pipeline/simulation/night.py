"""Exposures of a planned night to files, each with its truth."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from pipeline.simulation import truth
from pipeline.simulation.camera import Camera, Counts, Readout
from pipeline.simulation.files import write_files
from pipeline.simulation.headers import elevation_deg, frame_header_of, header_of
from pipeline.simulation.plan import Exposure, Kind, Night
from pipeline.simulation.sources import Source, source_of


def truth_folder(folder: Path, night: Night) -> Path:
    return folder / "truth" / f"{night.date:%Y%m%d}"


def raw_folder(folder: Path, night: Night) -> Path:
    return folder / f"{night.date:%Y%m%d}"


def write_exposure(
    exposure: Exposure, night: Night, *, folder: Path, on_frame: Callable[[], object] = lambda: None
) -> bool:
    """Write an exposure's files into `folder`/yyyymmdd and its truth into `folder`/truth/yyyymmdd.

    Answers False, and writes nothing, when they are there already, made with the same seed and sizes. The truth is
    written last: where it is, the files are whole.
    """
    raws, truths = raw_folder(folder, night), truth_folder(folder, night)
    told = truths / f"{exposure.stem}.json"
    if truth.is_of(told, night) and all((raws / name).exists() for name in exposure.file_names):
        return False
    raws.mkdir(parents=True, exist_ok=True)
    truths.mkdir(parents=True, exist_ok=True)
    told.unlink(missing_ok=True)
    _remove_what_is_left(exposure, raws)
    facts = _write_raws(exposure, night, raws, on_frame)
    facts |= _write_maps(exposure, night, truths)
    truth.write(told, _common_facts(exposure, night) | facts)
    return True


def _remove_what_is_left(exposure: Exposure, folder: Path) -> None:
    """Files that another number of frames needed, and halves of files."""
    for path in (*folder.glob(f"{exposure.stem}*"), *folder.glob(f".{exposure.stem}*.partial")):
        if path.name not in exposure.file_names:
            path.unlink()


def _write_raws(exposure: Exposure, night: Night, folder: Path, on_frame: Callable[[], object]) -> dict[str, Any]:
    rng = np.random.default_rng([night.seed, crc32(exposure.stem.encode())])
    camera = Camera(night.seed, night.size_px)
    source = source_of(exposure, night, side_px=camera.side_px(exposure.mode), rng=rng)
    write_files(
        _counts(exposure, camera, source, rng, on_frame),
        folder=folder,
        names=exposure.file_names,
        frames_per_file=exposure.frames_per_file,
        header=header_of(exposure, night),
        frame_header=lambda number: frame_header_of(exposure, number),
    )
    return source.facts()


def _counts(
    exposure: Exposure,
    camera: Camera,
    source: Source,
    rng: np.random.Generator,
    on_frame: Callable[[], object],
) -> Iterator[Counts]:
    readout = Readout(camera, exposure.mode, exposure.filter_name)
    for light in source.lights(rng):
        yield readout.frame(light, rng=rng)
        on_frame()


def _common_facts(exposure: Exposure, night: Night) -> dict[str, Any]:
    optics = night.telescope.optics(exposure.filter_name or "Si")
    return {
        "made_with": truth.made_with(night),
        "kind": exposure.kind.value,
        "name": exposure.stem,
        "files": exposure.file_names,
        "frames_per_file": exposure.frames_per_file,
        "n_frames": exposure.n_frames,
        "started_at": exposure.started_at.isoformat(),
        "telescope": night.telescope.name,
        "optics": asdict(optics),
        "filter": exposure.filter_name,
        "detector_mode": exposure.mode.token,
        "electron_per_adu": exposure.mode.electron_per_adu,
        "frame_s": exposure.mode.frame_s,
        "elevation_deg": elevation_deg(exposure, night),
    }


def _write_maps(exposure: Exposure, night: Night, folder: Path) -> dict[str, Any]:
    camera = Camera(night.seed, night.size_px)
    if exposure.kind is Kind.DARK:
        name, pattern = f"{exposure.stem}.npy", camera.dark_frame_adu(exposure.mode)
        meaning = "counts expected of a frame without light"
    elif exposure.kind is Kind.FLAT:
        name, pattern = f"{exposure.stem}.npy", camera.response(exposure.mode, exposure.filter_name)
        meaning = "relative response to even light"
    else:
        return {}
    truth.write_map(folder / name, pattern)
    return {"map": name, "map_means": meaning}
