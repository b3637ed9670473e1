"""MUSE exposures of an archive in Python. Copy this module; it needs requests and numpy, and pandas for `Table.frame`.

    archive = Archive("https://archive.example.org", token="…")     # or ARCHIVE and ARCHIVE_TOKEN of the environment
    for exposure in archive.exposures(target="NGC 3201", seeing_arcsec_max=0.8):
        print(exposure.name, exposure["airmass"], exposure["missing"])
    exposure = archive.exposure("NGC3201_00")
    exposure.data["PRIMARY"]["ESO TEL AMBI TAU0"]       # cards, and columns of the raw file's tables
    exposure.psf_params["fwhm"]                         # a numpy array; NaN where nothing is known
    exposure.sources["PM_17"]["snr"]                    # fetches this column alone
    table = archive.table(["seeing_arcsec", "ASM_DATA.DIMM_SEEING"], stat=["mean", "std"], target="NGC 3201")
    table["seeing_arcsec"], table.frame()

What was fetched is kept as long as its object. Writing is for superusers.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import quote

import numpy as np
import requests

TIMEOUT_S = 120
WIPE = "wipe"


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

    def targets(self, **filters: Any) -> list[dict[str, Any]]:
        """Targets, with their other names and how many exposures each has."""
        return list(self._pages("targets/", filters))

    def exposures(self, **filters: Any) -> Iterator["Exposure"]:
        """Exposures that all filters hold for; `header="ESO TEL AMBI TAU0>=0.004"` asks for a card, a list for more."""
        for row in self._pages("exposures/", filters):
            yield Exposure(self, row)

    def exposure(self, name: str) -> "Exposure":
        """One exposure. Raises Refused when there is none of this name that one may see."""
        return Exposure(self, self.ask(_address("exposures", name)))

    def table(self, keys: Sequence[str], *, stat: Sequence[str] = ("mean",), **filters: Any) -> "Table":
        """A row for each exposure; columns are `exposure`, its name, and each key, such as `seeing_arcsec`.

        A key that is a list in an exposure, such as `ASM_DATA.DIMM_SEEING` or `sources.*.snr`, is what `stat` says:
        `mean`, and with the word behind a dot `std`, `median`, `min`, `max`, `n`.
        """
        rows = self.ask("table/", keys=list(keys), stat=list(stat), **filters)
        names = list(rows[0]) if rows else ["exposure", *keys]
        return Table({name: _arrayed([row[name] for row in rows]) for name in names})

    def create(self, name: str, *, target: str = "", comment: str = "", **values: Any) -> "Exposure":
        """Make an exposure by hand, with columns of its summary."""
        told = {"name": name, "target": target, "comment": comment, "values": values}
        return Exposure(self, self.ask("exposures/", method="POST", content=told))

    def delete_target(self, name: str, *, files: bool = False) -> None:
        """Delete a target with its exposures; with `files` their frames and bytes as well."""
        for row in self.targets(name=name):
            if name in (row["name"], *row["aliases"]):
                self.ask(f"targets/{row['id']}/", method="DELETE", confirm=row["name"], files=_word(files))
                return
        raise Refused(f"there is no target {name}.")

    def wipe(self, *, files: bool = False, yes: bool = False) -> None:
        """Delete every target and exposure, with `files` every frame of MUSE too. Asks first unless told not to."""
        if not yes and input(f"Delete all that {self.address} has of MUSE? Type {WIPE}: ") != WIPE:
            raise Refused("nothing was deleted.")
        self.ask("", method="DELETE", confirm=WIPE, files=_word(files))

    def _pages(self, route: str, terms: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        while route:
            page = self.ask(route, **terms)
            yield from page["results"]
            route, terms = page["next"] or "", {}


class Exposure(Mapping[str, Any]):
    """One exposure: columns of its summary by name, and three views, which are fetched when they are looked at."""

    def __init__(self, archive: Archive, row: dict[str, Any]) -> None:
        self._archive, self._row = archive, row
        self.name: str = row["name"]

    def __getitem__(self, column: str) -> Any:
        if column not in self._row:
            self._row = self.ask()  # a list tells less
        return self._row[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._row)

    def __len__(self) -> int:
        return len(self._row)

    def __repr__(self) -> str:
        return f"<Exposure {self.name}>"

    def ask(self, route: str = "", **how: Any) -> Any:
        """What the archive answers to a request below this exposure."""
        return self._archive.ask(_address("exposures", self.name) + route, **how)

    @cached_property
    def data(self) -> dict[str, Any]:
        """Cards of the cube (PRIMARY) and of each channel, columns of each table; None for what is not there."""
        return {part: None if found is None else _arrays_of(found) for part, found in self.ask("data/").items()}

    @cached_property
    def psf_params(self) -> dict[str, Any]:
        """Fitted parameters by name, and `wavelength`, nm. Raises Refused where there is no fit yet."""
        return _arrays_of(self.ask("psfParams/"))

    @cached_property
    def sources(self) -> "Sources":
        """Sources by name, such as PM_17."""
        return Sources(self)

    def update(self, **values: Any) -> None:
        """Set columns of its summary, or its comment; None takes back what was set of a column."""
        told: dict[str, Any] = {"comment": values.pop("comment")} if "comment" in values else {}
        self._changed(self.ask(method="PATCH", content=told | ({"values": values} if values else {})))

    def move(self, target: str | None) -> None:
        """Move it to another target; None: to the one that its header names."""
        self._changed(self.ask(method="PATCH", content={"target": target}))

    def fill(self, view: str, content: Mapping[str, Any]) -> bool:
        """Fill in `data`, `psfParams` or `sources`, as if its file had come anew; False if it says the same already."""
        told = self.ask(f"{view}/", method="PUT", content=_plain(content))
        self._changed(self.ask())
        return bool(told["is_new"])

    def delete(self, *, files: bool = False) -> None:
        """Delete it; with `files` also those of its frames that belong to no other exposure."""
        self.ask(method="DELETE", confirm=self.name, files=_word(files))

    def _changed(self, row: dict[str, Any]) -> None:
        self._row = row
        for view in ("data", "psf_params", "sources"):
            self.__dict__.pop(view, None)


class Sources(Mapping[str, "Source"]):
    """Sources of an exposure by name. Each column is fetched by itself."""

    def __init__(self, exposure: Exposure) -> None:
        self._exposure = exposure
        self._found: dict[str, Source] = {}

    def __getitem__(self, name: str) -> "Source":
        if name not in self._exposure["source_names"]:
            raise KeyError(name)
        return self._found.setdefault(name, Source(self._exposure, name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._exposure["source_names"])

    def __len__(self) -> int:
        return len(self._exposure["source_names"])

    def columns(self, *names: str) -> dict[str, dict[str, Any]]:
        """These columns of every source, or all columns, by one request."""
        terms = {"columns": ",".join(names)} if names else {}
        return {source: _arrays_of(found) for source, found in self._exposure.ask("sources/", **terms).items()}


class Source(Mapping[str, Any]):
    """Columns of one source by name, an array each."""

    def __init__(self, exposure: Exposure, name: str) -> None:
        self._exposure, self.name = exposure, name
        self._columns: dict[str, Any] = {}
        self._is_whole = False

    def __getitem__(self, column: str) -> Any:
        if column not in self._columns and not self._is_whole:
            self._columns |= self._ask(columns=column)
        return self._columns[column]

    def __iter__(self) -> Iterator[str]:
        if not self._is_whole:
            self._columns, self._is_whole = self._ask(), True
        return iter(self._columns)

    def __len__(self) -> int:
        return len(list(self))

    def _ask(self, **terms: str) -> dict[str, Any]:
        return _arrays_of(self._exposure.ask(f"sources/{self.name}/", **terms))


class Table(dict[str, Any]):
    """Columns by their keys, an array each."""

    def frame(self) -> Any:
        """The same as a DataFrame of pandas."""
        import pandas as pd  # noqa: PLC0415 - most do without

        return pd.DataFrame(dict(self))


def _address(*parts: str) -> str:
    return "".join(f"{quote(part, safe='')}/" for part in parts)


def _word(files: bool) -> str:  # noqa: FBT001 - a word for it
    return "delete" if files else "keep"


def _arrays_of(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _arrayed(values) for name, values in columns.items()}


def _arrayed(values: Any) -> Any:
    """A list of numbers as an array, null as NaN, and one of anything else as an array of objects; no list as it is."""
    if not isinstance(values, list):
        return values
    if values and all(value is None or type(value) in {int, float} for value in values):
        return np.array([np.nan if value is None else value for value in values])
    return np.array(values, object)


def _plain(content: Any) -> Any:
    """Arrays as lists, NaN as null."""
    if isinstance(content, Mapping):
        return {name: _plain(part) for name, part in content.items()}
    if isinstance(content, np.ndarray):
        return _plain(content.tolist())
    if isinstance(content, list | tuple):
        return [_plain(part) for part in content]
    return None if isinstance(content, float) and not np.isfinite(content) else content
