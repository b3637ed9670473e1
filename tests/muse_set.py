"""MUSE exposures of a seed: raw, reduced, prm and psf files as the real ones are built, and what stands in them.

    python -m tests.muse_set FOLDER --seed 7 --exposures 6 --sources 20 --channels 3681

Synthetic, and labelled so: ORIGIN='SYNTH'. Columns of SGS_DATA and AG_DATA are invented, for no public material tells
them. `Exposure` holds the truth, made here and never read back from a file.
"""

import argparse
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

CHANNEL_ORDER = (23, 17, 15, 11, 5, 3, 22, 20, 14, 10, 8, 2, 21, 19, 13, 9, 7, 1, 24, 18, 16, 12, 6, 4)
MODES = ("WFM-AO-N", "WFM-AO-E", "WFM-NOAO-N", "NFM-AO-N")
TARGETS = ("NGC 3201", "NGC 6266", "47 Tuc")
ALL_FILES = ("raw", "reduced", "prm", "psf")
START_M, STEP_M = 4.75e-7, 1.25e-10
NOTCH_NM = (576.0, 605.0)
FIRST_IDS = (1, 2, 17, 103)
FILLED_TO = 1800
LONG_TEXT = "a text that is longer than one card holds and goes on over CONTINUE cards, " * 3 + "to its end"
PER_LASER = ("SLOPERMSX", "SLOPERMSY", "R0", "L0", "SEEING", "FWHM_GAIN", "STREHL", "TURVAR_RES", "TURVAR_TOT",
             "TUR_ALT", "TUR_GND")  # fmt: skip
RANGES = {"R0": (0.08, 0.2), "L0": (10, 40), "SEEING": (0.5, 1.2), "STREHL": (0.05, 0.6), "TUR_GND": (0.4, 0.9)}
ASM = (
    *(f"ASM_WINDDIR_{height}" for height in (10, 30)), *(f"ASM_WINDSPEED_{height}" for height in (10, 30)),
    "ASM_RFLRMS", "MASS_FRACGL", "SLODAR_FRACGL_300", "SLODAR_FRACGL_500", "ASM_TAU0", "IA_FWHMLIN",
    *(f"MASS_TURB{layer}" for layer in range(7)), *(f"SLODAR_CNSQ{layer}" for layer in range(2, 9)),
    "IA_FWHMLINOBS", "SLODAR_TOTAL_CN2", "R0", "IA_FWHM", "AZ", "AIRMASS", "DIMM_SEEING",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exposure:
    """The truth of one exposure. Files that were left out have no path."""

    stem: str
    target: str
    mode: str
    observed_at: datetime
    cards: dict[str, Any]  # of the reduced cube, as they were set
    tables: dict[str, dict[str, np.ndarray]]  # of the raw file
    params: dict[str, np.ndarray]
    wavelength_nm: np.ndarray
    sources: dict[str, dict[str, np.ndarray]]
    paths: dict[str, Path] = field(default_factory=dict)

    @property
    def raw_name(self) -> str:
        return f"MUSE.{_stamp(self.observed_at)}.fits"


def write_set(
    folder: Path, *, seed: int = 7, exposures: int = 6, sources: int = 20, channels: int = 3681, cards: int = FILLED_TO
) -> list[Exposure]:
    """A tree of single/, raw/ and analysis/ with every file of each exposure."""
    return [
        write_exposure(folder, number, seed=seed, sources=sources, channels=channels, cards=cards)
        for number in range(exposures)
    ]


def write_exposure(
    folder: Path,
    number: int = 0,
    *,
    seed: int = 7,
    refit: int = 0,
    sources: int = 4,
    channels: int = 40,
    cards: int = 120,
    files: Collection[str] = ALL_FILES,
    without: Collection[str] = (),
    has_psfpars: bool = True,
    dashes: bool = False,
) -> Exposure:
    """One exposure. `refit` changes the fit and nothing else; `without` leaves out cards; `dashes` renames the raw."""
    made = _truth(number, seed, refit, sources, channels, frozenset(without))
    name = made.raw_name.replace(":", "-") if dashes else made.raw_name
    writers = {
        "reduced": (f"single/{made.stem}.fits", lambda: _reduced(made, cards)),
        "raw": (f"raw/{name}.fz", lambda: _raw(made, np.random.default_rng((seed, number)))),
        "prm": (f"analysis/{made.stem}.prm.fits", lambda: _prm(made, has_psfpars=has_psfpars)),
        "psf": (f"analysis/{made.stem}.psf.fits", lambda: _psf(made)),
    }
    for kind in files:
        relative, build = writers[kind]
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        hdus = build()
        hdus[0].header["ORIGIN"] = "SYNTH"
        hdus.writeto(path, overwrite=True)
        made.paths[kind] = path
    return made


def _truth(number: int, seed: int, refit: int, n_sources: int, channels: int, without: frozenset[str]) -> Exposure:
    rng, fit_rng = np.random.default_rng((seed, number, 1)), np.random.default_rng((seed, number, 2, refit))
    target, mode = TARGETS[number % len(TARGETS)], MODES[number % len(MODES)]
    observed_at = datetime(2019, 2, 1, 5, 12, 33, 650000, tzinfo=UTC) + timedelta(minutes=20 * number)
    wavelength_nm = np.array([round((START_M + channel * STEP_M) * 1e9, 9) for channel in range(channels)])
    chosen = {key: value for key, value in _cards(rng, number, target, mode, observed_at).items() if key not in without}
    return Exposure(
        stem=f"{target.replace(' ', '')}_{number:02d}",
        target=target,
        mode=mode,
        observed_at=observed_at,
        cards=chosen,
        tables=_tables(rng, mode, observed_at),
        params=_params(fit_rng, channels),
        wavelength_nm=wavelength_nm,
        sources={name: _source(fit_rng, wavelength_nm) for name in _source_names(n_sources)},
    )


def _cards(rng: np.random.Generator, number: int, target: str, mode: str, at: datetime) -> dict[str, Any]:
    days = at - datetime(1858, 11, 17, tzinfo=UTC)
    return {
        "OBJECT": target,
        "RA": 154.40333,
        "DEC": -46.41247,
        "MJD-OBS": days / timedelta(days=1),
        "DATE-OBS": _stamp(at),
        "EXPTIME": 600.0,
        "INSTRUME": "MUSE",
        "PROV1": f"MUSE.{_stamp(at)}.fits",
        "ESO OBS TARG NAME": target,
        "ESO OBS ID": 2161234 + number,
        "ESO INS MODE": mode,
        "ESO TEL AMBI FWHM START": _digits(rng.uniform(0.4, 1.5)),
        "ESO TEL AMBI FWHM END": _digits(rng.uniform(0.4, 1.5)),
        "ESO TEL AIRM START": _digits(rng.uniform(1.0, 1.8)),
        "ESO TEL AIRM END": _digits(rng.uniform(1.0, 1.8)),
        "ESO TEL AMBI TAU0": _digits(rng.uniform(0.002, 0.012)),
        "ESO OCS SGS ASM GL900 AVG": _digits(rng.uniform(0.3, 0.9)),
        "ESO AOS NGS1 FLUX": _digits(rng.uniform(10, 2000)),
        "ESO AOS TT LOOP ST": bool(number % 2 == 0),
        "ESO LGS1 LASR1 SWSIM": False,
    }


def _digits(value: float) -> float:
    """As many as instruments write: a card has room for twenty characters, which not every double fits."""
    return round(float(value), 7)


def _tables(rng: np.random.Generator, mode: str, at: datetime) -> dict[str, dict[str, np.ndarray]]:
    seconds = int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    clock = {"Sec": np.arange(seconds, seconds + 5, dtype=np.int32), "USec": np.arange(5, dtype=np.int32) * 1000}
    fast = {name: "WINDSPEED" in name for name in ASM}
    asm = {name: rng.uniform(2.0 if is_fast else 0.1, 15.0 if is_fast else 1.5, 5) for name, is_fast in fast.items()}
    atm = {
        f"LGS{laser}_{name}": rng.uniform(*RANGES.get(name, (0.1, 2.0)), 5).astype(np.float32)
        for laser in (1, 2, 3, 4) for name in PER_LASER
    }  # fmt: skip
    atm["LGS3_STREHL"][1] = np.nan
    layers = range(1, 9)
    cn2 = {name: rng.uniform(0.1, 20, 1).astype(np.float32) for name in ("L0Tot", "r0Tot", "seeingTot")}
    cn2 |= {f"CN2_ALT{layer}": rng.uniform(0, 1, 1).astype(np.float32) for layer in layers}
    fractions = rng.dirichlet(np.ones(8)).astype(np.float32)
    cn2 |= {f"CN2_FRAC_ALT{layer}": fractions[layer - 1 : layer] for layer in layers}
    cn2 |= {f"L0_ALT{layer}": rng.uniform(10, 40, 1).astype(np.float32) for layer in layers}
    cn2 |= {f"ALT{layer}": np.array([(layer - 1) * 16000 / 7], np.float32) for layer in layers}
    stamps = np.array([_stamp(at + timedelta(seconds=60 * row)) for row in range(5)])
    found = {"ASM_DATA": {"TIME_STAMP": stamps, **asm}}
    if "NOAO" not in mode:
        found["SPARTA_ATM_DATA"] = {**clock, **atm}
        found["SPARTA_CN2_DATA"] = {**{name: values[:1] for name, values in clock.items()}, **cn2}
    if mode.startswith("WFM"):
        found["SGS_DATA"] = {"INVENTED_X": rng.normal(size=7), "INVENTED_N": np.arange(7, dtype=np.int16)}
        found["AG_DATA"] = {"INVENTED_FWHM": rng.uniform(0.5, 1.5, 4)}
    return found


def _params(rng: np.random.Generator, channels: int) -> dict[str, np.ndarray]:
    along = np.linspace(0.0, 1.0, channels)
    start = {"fwhm": (4.0, -1.0), "beta": (2.3, 0.5), "e": (0.02, 0.0), "theta": (0.5, 0.0)}
    return {name: at + slope * along + rng.uniform(0, 0.01) for name, (at, slope) in start.items()}


def _source_names(count: int) -> list[str]:
    further = range(FIRST_IDS[-1] + 3, FIRST_IDS[-1] + 3 + 3 * count, 3)
    return [f"PM_{number}" for number in (*FIRST_IDS, *further)[:count]]


def _source(rng: np.random.Generator, wavelength_nm: np.ndarray) -> dict[str, np.ndarray]:
    found = {name: rng.uniform(1, 5, len(wavelength_nm)) for name in ("snr", "flux", "fwhm", "beta", "xc", "yc")}
    notch = (wavelength_nm >= NOTCH_NM[0]) & (wavelength_nm <= NOTCH_NM[1])
    for values in found.values():
        values[notch] = np.nan
    found["snr"][-1] = np.nan  # also where a test has too few channels to reach the notch
    return found | {"iterations": rng.integers(1, 9, len(wavelength_nm)).astype(np.int32)}


def _reduced(made: Exposure, n_cards: int) -> fits.HDUList:
    header = fits.Header()
    for key, value in made.cards.items():
        header[f"HIERARCH {key}" if key.startswith("ESO ") else key] = value
    header["LONGTEXT"] = LONG_TEXT
    header["UNDEFD"] = fits.card.Undefined()
    for line in ("first comment", "second comment"):
        header["COMMENT"] = line
    header["HISTORY"] = "reduced by nobody"
    header[""] = "a blank card with text"
    for number in range(max(0, n_cards - len(header))):
        header[f"HIERARCH ESO DET FILL N{number}"] = number * 0.5
    return fits.HDUList([fits.PrimaryHDU(header=header)])


def _raw(made: Exposure, rng: np.random.Generator) -> fits.HDUList:
    hdus = fits.HDUList([fits.PrimaryHDU()])
    hdus[0].header["INSTRUME"] = "MUSE"
    hdus[0].header["DATE-OBS"] = _stamp(made.observed_at)
    for channel in CHANNEL_ORDER:
        header = fits.Header({f"FILL{number}": number for number in range(75)})
        header["HIERARCH ESO DET CHIP ID"] = f"CCD{channel:02d}"
        image = rng.normal(1000, 3, (64, 64)).astype(np.int16)
        hdus.append(fits.CompImageHDU(image, header, name=f"CHAN{channel:02d}"))
    for name, columns in made.tables.items():
        hdus.append(_table(name, columns))
    if made.mode.startswith("NFM"):
        hdus.append(fits.ImageHDU(np.zeros((3, 8, 8), np.float32), name="SPARTA_TT_CUBE"))
    return hdus


def _prm(made: Exposure, *, has_psfpars: bool) -> fits.HDUList:
    spectra = fits.ImageHDU(np.zeros((len(made.wavelength_nm), 1, 1), np.float32), name="SPECTRA")
    spectra.header["CRVAL3"], spectra.header["CDELT3"] = START_M, STEP_M
    table = _table("PSFPARS", {"name": np.array(list(made.params)), "polyfit": np.array(list(made.params.values()))})
    return fits.HDUList([fits.PrimaryHDU(), *([table] if has_psfpars else []), spectra])


def _psf(made: Exposure) -> fits.HDUList:
    tables = [_table(name, columns) for name, columns in made.sources.items()]
    return fits.HDUList([fits.PrimaryHDU(), *tables])


def _table(name: str, columns: dict[str, np.ndarray]) -> fits.BinTableHDU:
    letters = {"f8": "D", "f4": "E", "i4": "J", "i2": "I"}
    described = []
    for key, values in columns.items():
        width = 26 if key == "TIME_STAMP" else 16
        repeat = "" if values.ndim == 1 else values.shape[1]
        form = f"{width}A" if values.dtype.kind == "U" else f"{repeat}{letters[values.dtype.str[1:]]}"
        described.append(fits.Column(key, form, array=values))
    return fits.BinTableHDU.from_columns(described, name=name)


def _stamp(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write synthetic MUSE exposures.")
    parser.add_argument("folder", type=Path)
    for name, default in (("seed", 7), ("exposures", 6), ("sources", 20), ("channels", 3681)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = vars(parser.parse_args())
    write_set(asked.pop("folder"), **asked)


if __name__ == "__main__":
    main()
