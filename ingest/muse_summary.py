"""Numbers that stand for one MUSE exposure, out of its own header and tables. What is not told there is None."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ingest.ao_tables import Table
from ingest.headers.translator import finite_number

ATM_TABLE = "SPARTA_ATM_DATA"
LASERS = (1, 2, 3, 4)
LINE_OF_SIGHT_POWER = 0.6  # of the airmass, for Kolmogorov's turbulence

_SIMULATED = re.compile(r"ESO LGS(\d+) LASR\1 SWSIM")

Header = Mapping[str, Any]
StrehlSums = Mapping[str, tuple[float, int]]  # by laser, "1" and on: sum of the Strehl ratios, and how many they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Scalars of an exposure; each is None where its keywords, or its column, are not there."""

    seeing_arcsec: float | None  # at the zenith: mean of start and end
    airmass: float | None  # mean of start and end
    seeing_los_arcsec: float | None  # along the line of sight
    tau0_s: float | None  # coherence time
    ground_layer_fraction: float | None
    guide_star_flux: float | None  # in the unit of the header, which is not documented
    is_tip_tilt_closed: bool | None
    is_degraded: bool | None  # a laser is simulated
    strehl: Mapping[int, float | None]  # by laser: mean over the exposure


def summary_of(primary: Header, *sums: StrehlSums) -> Summary:
    """Scalars of one exposure by its primary header, and the Strehl ratios of each of its raw files."""
    seeing = _mean_of(primary, "ESO TEL AMBI FWHM START", "ESO TEL AMBI FWHM END")
    airmass = _mean_of(primary, "ESO TEL AIRM START", "ESO TEL AIRM END")
    return Summary(
        seeing_arcsec=seeing,
        airmass=airmass,
        seeing_los_arcsec=seeing_los(seeing, airmass),
        tau0_s=finite_number(primary.get("ESO TEL AMBI TAU0")),
        ground_layer_fraction=finite_number(primary.get("ESO OCS SGS ASM GL900 AVG")),
        guide_star_flux=finite_number(primary.get("ESO AOS NGS1 FLUX")),
        is_tip_tilt_closed=_flag(primary, "ESO AOS TT LOOP ST"),
        is_degraded=_is_degraded(primary),
        strehl={laser: _mean([of_file[str(laser)] for of_file in sums if str(laser) in of_file]) for laser in LASERS},
    )


def seeing_los(seeing_arcsec: float | None, airmass: float | None) -> float | None:
    """Seeing along the line of sight, arcsec; None where one of both is not known or the airmass is below zero."""
    if seeing_arcsec is None or airmass is None or airmass < 0:
        return None
    return seeing_arcsec * math.pow(airmass, LINE_OF_SIGHT_POWER)


def _mean_of(header: Header, *keys: str) -> float | None:
    numbers = [number for key in keys if (number := finite_number(header.get(key))) is not None]
    return sum(numbers) / len(keys) if len(numbers) == len(keys) else None


def strehl_sums(sparta_atm: Table) -> StrehlSums:
    """Of each laser the sum over the rows that have a number, in double precision, and how many these are."""
    found = {}
    for laser in LASERS:
        column = sparta_atm.columns.get(f"LGS{laser}_STREHL")
        if column is not None and column.values.dtype.kind == "f" and column.values.ndim == 1:
            numbers = column.values.astype(np.float64)
            numbers = numbers[np.isfinite(numbers)]
            found[str(laser)] = (float(numbers.sum()), int(numbers.size))
    return found


def _mean(sums: Sequence[tuple[float, int]]) -> float | None:
    count = sum(n for _, n in sums)
    return math.fsum(total for total, _ in sums) / count if count else None


def _is_degraded(header: Header) -> bool | None:
    flags = [flag for key in header if _SIMULATED.fullmatch(key) and (flag := _flag(header, key)) is not None]
    return any(flags) if flags else None


def _flag(header: Header, key: str) -> bool | None:
    value = header.get(key)
    return value if isinstance(value, bool) else None
