"""What devices measure: values in the ranges of real instruments.

Numbers of 32 bits are decimals of at most six digits: a float of 32 bits keeps these, so their shortest text is known
beforehand (FLT_DIG of C's <float.h>).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Values = dict[str, Any]
Times = np.ndarray  # seconds since the night began
PRESETS = ("open", "H-alpha", "CH4", "z'", "i'", "dark")
SET_POINTS = (-60.0, -45.0, -40.0)
DRIVES = ["nvme0n1", "sda"]
N_CORES = 64
REPORTS = [f"{number:04}: " + "all loops closed, no frame lost; " * 50 for number in range(10)]  # 1.6 kB


def walk(rng: np.random.Generator, n: int, low: float, high: float, step: float, digits: int = 2) -> list[float]:
    """A random walk that turns back at its ends."""
    way = rng.uniform(0, high - low) + np.cumsum(rng.normal(0, step, n))
    folded = np.abs((way + (high - low)) % (2 * (high - low)) - (high - low))
    return list(np.round(low + folded, digits).tolist())


def _rows(**columns: Any) -> list[Values]:
    names = [*columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def sky_pointing(rng: np.random.Generator, t: Times) -> list[Values]:
    el = 55 + 35 * np.sin(t / 9000 + rng.uniform(0, 1))
    ra = (rng.uniform(0, 360) + t * 15.041 / 3600) % 360
    dec = -27.5 + 62.5 * np.sin(t / 12_000)
    am = 1 / np.sin(np.radians(el))
    return _rows(
        ra=ra.tolist(), dec=dec.tolist(), el=el.tolist(), am=am.tolist(), slewing=(rng.random(len(t)) < 0.05).tolist()
    )


def telem_telpos(rng: np.random.Generator, t: Times) -> list[Values]:
    rows = sky_pointing(rng, t)
    turned = walk(rng, len(t), -180, 180, 1, 4)
    return [
        {
            "epoch": 0.0,
            "ra": row["ra"],
            "dec": row["dec"],
            "el": row["el"],
            "ha": angle / 15,
            "am": row["am"],
            "rotoff": angle,
        }
        for row, angle in zip(rows, turned, strict=True)
    ]


def stage_place(rng: np.random.Generator, t: Times) -> list[Values]:
    steps = rng.integers(0, 1_000_000, len(t)).astype(float).tolist()
    return _rows(place=walk(rng, len(t), 0, 150, 0.5, 3), steps=steps, warmth=walk(rng, len(t), 5, 45, 0.1))


def preset_choice(rng: np.random.Generator, t: Times) -> list[Values]:
    chosen = (np.cumsum(rng.random(len(t)) < 0.1) % len(PRESETS)).tolist()
    return [
        {"moving": int(number != before), "preset": float(number), "presetName": PRESETS[number]}
        for before, number in zip([0, *chosen], chosen, strict=False)
    ]


def camera_setup(rng: np.random.Generator, t: Times) -> list[Values]:
    n, wanted = len(t), SET_POINTS[rng.integers(3)]
    fps, gain = walk(rng, n, 1, 3630, 100), rng.integers(1, 601, n).astype(float).tolist()
    off = np.round(np.abs(rng.normal(0, 0.3, n)), 2).tolist()
    return [
        {
            "mode": "science",
            "roi": {"xcen": 511.5, "ycen": 511.5, "w": 1024, "h": 1024, "xbin": 1, "ybin": 1},
            "exptime": round(1 / rate, 4) or 0.0001,
            "fps": rate,
            "emGain": amplified,
            "cooling": {
                "temp": round(wanted + warmer, 2), "setpt": wanted, "on": True, "onTarget": warmer < 0.5,
                "says": "LOCKED" if warmer < 0.5 else "UNLOCKED",
            },
            "shutter": {"says": "OPEN", "state": 1},
            "synchro": 0,
            "cropMode": -1,
        }
        for rate, amplified, warmer in zip(fps, gain, off, strict=True)
    ]  # fmt: skip


def plate_temps(rng: np.random.Generator, t: Times) -> list[Values]:
    columns = [walk(rng, len(t), 5, 45, 0.1) for _ in range(8)]
    return [{"temps": [*temps]} for temps in zip(*columns, strict=True)]


def core_loads(rng: np.random.Generator, t: Times) -> list[Values]:
    return [{"loads": loads} for loads in np.round(rng.beta(2, 5, (len(t), N_CORES)), 4).tolist()]


def speckle_pattern(rng: np.random.Generator, t: Times) -> list[Values]:
    sizes = rng.integers(0, 5, len(t)).tolist()
    return [
        {
            "modulating": size > 0,
            "trigger": size % 2 == 1,
            "frequency": 2000.0 * (size > 0),
            "separations": [10.0 + each for each in range(size)],
            "angles": [90.5 * each for each in range(size)],
            "crosses": [each % 2 == 0 for each in range(size)],
        }
        for size in sizes
    ]


def drive_temps(rng: np.random.Generator, t: Times) -> list[Values]:
    columns = [walk(rng, len(t), 25, 45, 0.2) for _ in DRIVES]
    return [{"driveName": DRIVES, "driveTemp": [*temps]} for temps in zip(*columns, strict=True)]


def saving_begun(rng: np.random.Generator, t: Times) -> list[Values]:
    """Frame numbers that a float of 64 bits would not keep."""
    return [{"state": 1, "frameNo": 2**53 + 1 + 2 * number} for number in rng.integers(0, 2**40, len(t)).tolist()]


def saving_rates(rng: np.random.Generator, t: Times) -> list[Values]:
    raw = rng.integers(2**30, 2**32, len(t)).tolist()
    return _rows(rawSize=raw, packedSize=[size // 2 for size in raw], rate=walk(rng, len(t), 100, 900, 10))


def motor_counts(rng: np.random.Generator, t: Times) -> list[Values]:
    return [{"counts": counts} for counts in np.cumsum(rng.integers(-500, 500, (len(t), 4)), axis=0).tolist()]


def loop_gain(rng: np.random.Generator, t: Times) -> list[Values]:
    closed = (rng.random(len(t)) < 0.8).astype(int).tolist()
    return _rows(
        state=closed,
        gain=walk(rng, len(t), 0, 1, 0.02, 4),
        leak=walk(rng, len(t), 0.9, 1, 0.01, 3),
        limit=[1.5] * len(t),
    )


def zone_gains(rng: np.random.Generator, t: Times) -> list[Values]:
    gains = np.round(rng.random((len(t), 6)), 3).tolist()
    return [{"gains": each, "fixed": [0, 1, 0, 0, 1, 255], "offsets": [-300, 0, 7]} for each in gains]


def frame_timings(rng: np.random.Generator, t: Times) -> list[Values]:
    """Jitter of 1e-8 to 1e-5 s: fixed decimals would make it nothing."""
    n = len(t)
    atime = rng.uniform(2.75e-4, 1e-2, n)
    return _rows(
        atime=atime.tolist(), jitter=(10 ** rng.uniform(-8, -5, n)).tolist(),
        wtime=(atime * 0.9).tolist(), wjitter=(10 ** rng.uniform(-8, -5, n)).tolist(),
    )  # fmt: skip


def clock_offset(rng: np.random.Generator, t: Times) -> list[Values]:
    n = len(t)
    offsets = rng.uniform(-1e-5, 1e-5, n).tolist()
    return _rows(source=["10.0.0.7"] * n, lastOffset=offsets, skew=rng.uniform(0, 0.1, n).tolist(), stratum=[2] * n)


def water_cooler(rng: np.random.Generator, t: Times) -> list[Values]:
    speeds = rng.integers(1000, 3000, len(t)).tolist()
    liquid, flow = walk(rng, len(t), 15, 22, 0.1), walk(rng, len(t), 100, 300, 2, 1)
    return _rows(liquidTemp=liquid, flowRate=flow, pumpLevel=[70] * len(t), pumpSpeed=speeds)


def lab_air(rng: np.random.Generator, t: Times) -> list[Values]:
    return _rows(temp=walk(rng, len(t), 5, 45, 0.1), humidity=walk(rng, len(t), 5, 95, 0.5, 1))


def zone_alarms(rng: np.random.Generator, t: Times) -> list[Values]:
    levels = walk(rng, len(t), 0, 5, 0.3, 3)
    return [
        {
            "zones": [
                {"name": "north", "level": level, "limits": [0.5, 4.5]},
                {"name": "south", "level": 0.25, "limits": []},
            ],
            "total": 2,
        }
        for level in levels
    ]


def status_report(rng: np.random.Generator, t: Times) -> list[Values]:
    """Long enough, once a second, that a run does not fit in one file."""
    return [{"text": REPORTS[number % len(REPORTS)], "cycle": 2**60 + number} for number in range(len(t))]


SERIES: dict[str, Callable[[np.random.Generator, Times], list[Values]]] = {
    series.__name__: series
    for series in (
        sky_pointing, telem_telpos, stage_place, preset_choice, camera_setup, plate_temps, core_loads, speckle_pattern,
        drive_temps, saving_begun, saving_rates, motor_counts, loop_gain, zone_gains, frame_timings, clock_offset,
        water_cooler, lab_air, zone_alarms, status_report,
    )
}  # fmt: skip
