"""The same place on the sky in other people's archives: links that a person may follow. No page asks them."""

from dataclasses import dataclass
from urllib.parse import urlencode

from archive.models import Observation

SIDE_DEG = 0.02  # of what is asked for: twice the camera's field


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A link, and what is there."""

    label: str
    address: str


def links_of(observation: Observation) -> list[Elsewhere]:
    """None where nobody knows where the telescope pointed."""
    ra_deg, dec_deg = observation.ra_deg, observation.dec_deg
    if ra_deg is None or dec_deg is None:
        return []
    place = f"{ra_deg:.6f} {dec_deg:+.6f}"
    skyview = {"Position": place, "Size": f"{SIDE_DEG}", "Pixels": "500", "Return": "PNG"}
    return [
        Elsewhere(f"{survey} at SkyView", _with("https://skyview.gsfc.nasa.gov/current/cgi/runquery.pl", **asked))
        for survey, asked in (
            ("DSS2 red", skyview | {"Survey": "DSS2 Red"}),
            ("2MASS H", skyview | {"Survey": "2MASS-H"}),
        )
    ] + [
        Elsewhere("Aladin Lite", _with("https://aladin.cds.unistra.fr/AladinLite/", target=place, fov=f"{SIDE_DEG}")),
        Elsewhere(
            "SIMBAD",
            _with("https://simbad.cds.unistra.fr/simbad/sim-coo", Coord=place, Radius="2", **{"Radius.unit": "arcmin"}),
        ),
    ]


def _with(address: str, **terms: str) -> str:
    return f"{address}?{urlencode(terms)}"
