"""Which light a filter lets through, by the names that headers give filters.

Wavelengths are effective ones, nm: Fukugita et al. 1996 (AJ 111, 1748) for Sloan's filters, Bessell 2005 (ARA&A 43,
293) for Johnson's and Cousins's, Tonry et al. 2012 (ApJ 750, 99) for those that only Pan-STARRS has; of narrow bands
that of the line in air; of the three colours of cameras the middle of what is usual.
"""

import re
from dataclasses import dataclass
from typing import Final

SEPARATORS = re.compile(r"[\s_\-.*/'()\[\]]+")


@dataclass(frozen=True, slots=True)
class Passband:
    """A kind of light. `label` is for people."""

    label: str
    wavelength_nm: float
    names: tuple[str, ...]  # without blanks and signs; of one or two letters as they are written, of more in any case


PASSBANDS: Final = (
    Passband("Sloan u", 355.7, ("u", "up", "Su", "sdssu", "sloanu")),
    Passband("Johnson U", 366.3, ("U", "JU", "johnsonu", "bessellu")),
    Passband("Johnson B", 436.1, ("B", "JB", "johnsonb", "bessellb")),
    Passband("blue", 450.0, ("PB", "blue")),
    Passband("Sloan g", 482.5, ("g", "gp", "Sg", "sdssg", "sloang", "psg")),
    Passband("H-beta", 486.1, ("HB", "Hb", "hbeta")),
    Passband("O III", 500.7, ("O3", "oiii")),
    Passband("green", 535.0, ("PG", "green")),
    Passband("Johnson V", 544.8, ("V", "JV", "johnsonv", "bessellv")),
    Passband("Sloan r", 626.1, ("r", "rp", "Sr", "sdssr", "sloanr", "psr")),
    Passband("red", 640.0, ("PR", "red")),
    Passband("Cousins R", 640.7, ("R", "Rc", "JR", "cousinsr", "johnsonr", "bessellr")),
    Passband("H-alpha", 656.3, ("HA", "Ha", "halpha")),
    Passband("N II", 658.4, ("N2", "nii")),
    Passband("S II", 672.4, ("S2", "sii")),
    Passband("Sloan i", 767.2, ("i", "ip", "Si", "sdssi", "sloani", "psi")),
    Passband("Cousins I", 798.0, ("I", "Ic", "JI", "cousinsi", "johnsoni", "besselli")),
    Passband("Pan-STARRS z", 866.0, ("zs", "psz", "panstarrsz")),
    Passband("Sloan z", 909.7, ("z", "zp", "Sz", "sdssz", "sloanz")),
    Passband("Pan-STARRS y", 962.0, ("y", "Y", "psy", "panstarrsy")),
)
SHORT = 2  # letters: with so few the case tells Sloan's r from Cousins's R
BY_NAME: Final = {name: passband for passband in PASSBANDS for name in passband.names}


def passband_of(name: str) -> Passband | None:
    """The light of the filter that a header calls by this name; None where nobody can tell, as of "w" or "clear"."""
    plain = SEPARATORS.sub("", name)
    return BY_NAME.get(plain if len(plain) <= SHORT else plain.lower())
