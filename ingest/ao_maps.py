"""Which HDUs of an instrument's files hold adaptive-optics tables, and what their columns are: one map each.

Another instrument's tables come by one more entry of `MAPS`; `GENERIC` will do where all of its tables have names that
end in `_DATA` and nothing is to be renamed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MUSE_ID = "MUSE"


@dataclass(frozen=True, slots=True, kw_only=True)
class AoMap:
    """What is read of a file. Patterns are matched against the whole name of an HDU, or of a column."""

    tables: re.Pattern[str]  # HDUs whose columns are read
    headers: re.Pattern[str]  # HDUs whose headers are kept; the primary one is always
    units: Mapping[re.Pattern[str], str] = field(default_factory=dict)  # where the file itself gives none
    renames: Mapping[str, str] = field(default_factory=dict)  # column as it is written: as it is called here
    time_text: tuple[str, ...] = ()  # columns of ISO 8601 text, UTC
    time_seconds: tuple[str, str] | None = None  # columns of whole seconds of Unix time, and of microseconds beside it


GENERIC = AoMap(tables=re.compile(r".+_DATA"), headers=re.compile(r"(?!)"))

MUSE = AoMap(
    tables=re.compile(r".+_DATA|PSFPARS|PM_\d+"),
    headers=re.compile(r"CHAN\d\d|SPECTRA"),
    units={
        re.compile(r"(?:LGS\d_)?(?:SEEING|FWHM_GAIN)|DIMM_SEEING|IA_FWHM\w*|seeingTot"): "arcsec",
        re.compile(r"LGS\d_(?:R0|L0)|R0|r0Tot|L0Tot|L0_ALT\d|ALT\d"): "m",
        re.compile(r"ASM_TAU0"): "s",
        re.compile(r"ASM_WINDSPEED_\d+"): "m/s",
        re.compile(r"ASM_WINDDIR_\d+|AZ"): "deg",
        re.compile(r"fwhm|xc|yc"): "pix",
    },
    time_text=("TIME_STAMP",),
    time_seconds=("Sec", "USec"),
)

MAPS: Mapping[str, AoMap] = {MUSE_ID: MUSE}  # by instrument, as frames name it
