"""MUSE exposures of an archive in Python. Copy this module; it needs requests and numpy, and pandas for `Table.frame`.

    archive = Archive("https://archive.example.org", token="…")     # or ARCHIVE and ARCHIVE_TOKEN of the environment
    for exposure in archive.exposures(target="NGC 3201", seeing_arcsec_max=0.8):
        print(exposure.name, exposure["airmass"], exposure["missing"])
    exposure = archive.exposure("NGC3201_00")
    exposure.data["PRIMARY"]["ESO TEL AMBI TAU0"]       # cards, and columns of the raw file's tables
    exposure.psf_params["fwhm"]                         # a numpy array; NaN where nothing is known
    exposure.sources["PM_17"]["snr"]                    # fetches this column alone
    table = archive.table(["name", "seeing_arcsec", "strehl_1"], target="NGC 3201")
    table["seeing_arcsec"], table.frame()

Everything is read when it is asked for, and kept for the life of the object.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import quote

import numpy as np
import requests

TIMEOUT_S = 120
WORD = "wipe"


class Refused(Exception):
    """The archive's own words about what it did not do."""


class Archive:
    """An archive's MUSE exposures, as the bearer of a token sees them; without one, those that are public."""

    def __init__(self, address: str = "", *, token: str = "") -> None:
        self.address = (address or os.environ["ARCHIVE"]).rstrip("/")
        self._session = requests.Session()
        if token := token or os.environ.get("ARCHIVE_TOKEN", ""):
            self._session.headers["Authorization"] = f"Token {token}"

    def ask(self, route: str, *, method: str = "GET", content: Any = None, **terms: Any) -> Any:
        """What the archive answers to a request below /muse/. Raises Refused with its words."""
        url = route if route.startswith("http") else f"{self.address}/muse/{route}"
        answer = self._session.request(method, url, params=terms, json=content, timeout=TIMEOUT_S)
        if not answer.ok:
            raise Refused(f"{answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None

    def _pages(self, route: str, **terms: Any) -> Iterator[dict[str, Any]]:
        while route:
            page = self.ask(route, **terms)
            yield from page["results"]
            route, terms = page["next"] or "", {}

    def targets(self, **filters: Any) -> list[dict[str, Any]]:
        """Targets, with their other names and how many exposures each has."""
        return list(self._pages("targets/", **filters))

    def exposures(self, **filters: Any) -> Iterator["Exposure"]:
        """Exposures that all filters hold for; `header="ESO TEL AMBI TAU0>=0.004"` asks for a card."""
        for row in self._pages("exposures/", **filters):
            yield Exposure(self, row)

    def exposure(self, name: str) -> "Exposure":
        """One exposure. Raises Refused when there is none of this name that one may see."""
        return Exposure(self, self.ask(f"exposures/{quote(name, safe='')}/"))

    def table(self, keys: Sequence[str], **filters: Any) -> "Table":
        """A row for each exposure and a column for each key; of a key that has many values in one exposure, the mean."""
        answer = self.ask("exposures/table/", keys=",".join(keys), **filters)
        return Table({key: arrayed(values) for key, values in answer["columns"].items()})

    def create(self, name: str, **values: Any) -> "Exposure":
        """Make an exposure by hand; `target` and columns of its summary may be given."""
        return Exposure(self, self.ask("exposures/", method="POST", content={"name": name, **values}))

    def delete_target(self, name: str, *, files: bool = False) -> Any:
        """Delete a target with its exposures; with `files` their frames and bytes as well."""
        return self.ask(f"targets/{quote(name, safe='')}/", method="DELETE", files=str(files).lower())

    def wipe(self, *, files: bool = False, yes: bool = False) -> Any:
        """Delete every target and exposure; asks first unless told not to."""
        if not yes and input(f"Delete every target and exposure of {self.address} for good? Type {WORD}: ") != WORD:
            raise Refused("nothing was deleted.")
        return self.ask("wipe/", method="POST", content={"confirm": WORD, "files": files})


class Table(dict[str, np.ndarray]):
    """Columns by their keys."""

    def frame(self) -> Any:
        """The same as a DataFrame; needs pandas."""
        import pandas as pd

        return pd.DataFrame(self)


def arrayed(values: Any) -> Any:
    """A list of numbers as an array, null as NaN; anything else as it is."""
    if isinstance(values, list) and values and all(value is None or type(value) in (int, float) for value in values):
        return np.array([np.nan if value is None else value for value in values])
    return np.array(values, object) if isinstance(values, list) and all(isinstance(value, str) for value in values) else values
