"""Columns of the table of frames: what each says, and by what it is ordered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.domain.rows import FrameRow


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `ordering` is its name in `ordering`; empty: lists know no such order."""

    label: str
    text: Callable[[FrameRow], str]
    ordering: str = ""
    is_number: bool = False


def _value(name: str) -> Callable[[FrameRow], str]:
    def text(row: FrameRow) -> str:
        value = row.columns[name]
        return "" if value is None else str(value)

    return text


def _instant(name: str, *, form: str) -> Callable[[FrameRow], str]:
    def text(row: FrameRow) -> str:
        value: datetime | None = row.columns[name]
        return "" if value is None else value.strftime(form)

    return text


def _seconds(row: FrameRow) -> str:
    value: float | None = row.columns["exposure_time"]
    return "" if value is None else f"{value:.6g}"


def _corner_mean(row: FrameRow, axis: int) -> float | None:
    """Mean of a footprint's corners, degrees: its middle, as far as a table shows it."""
    ring: list[list[float]] = row.area["coordinates"][0][:-1] if row.area else []
    if not ring:
        return None
    values = [corner[axis] for corner in ring]
    if axis == 0 and max(values) - min(values) > 180.0:  # across RA 180, where longitudes change their sign
        values = [value % 360.0 for value in values]
    return sum(values) / len(values)


def _right_ascension(row: FrameRow) -> str:
    mean = _corner_mean(row, 0)
    return "" if mean is None else f"{mean % 360.0:.4f}"


def _declination(row: FrameRow) -> str:
    mean = _corner_mean(row, 1)
    return "" if mean is None else f"{mean:+.4f}"


def _named(label: str, name: str, *, is_ordered: bool = True) -> Column:
    return Column(label, _value(name), name if is_ordered else "")


NAME = _named("Name", "basename")  # always there: it leads to the frame
COLUMNS: dict[str, Column] = {
    "target": _named("Target", "target_name"),
    "observed": Column("Observed, UTC", _instant("observation_date", form="%Y-%m-%d %H:%M:%S"), "observation_date"),
    "night": Column("Night", _value("observation_day")),
    "instrument": _named("Instrument", "instrument_id"),
    "filter": _named("Filter", "primary_optical_element"),
    "exposure": Column("Exposure, s", _seconds, "exposure_time", is_number=True),
    "type": _named("Type", "configuration_type"),
    "level": Column("Level", _value("reduction_level"), "reduction_level", is_number=True),
    "proposal": _named("Proposal", "proposal_id"),
    "site": _named("Site", "site_id", is_ordered=False),
    "telescope": _named("Telescope", "telescope_id", is_ordered=False),
    "ra": Column("RA, deg", _right_ascension, is_number=True),
    "dec": Column("Dec, deg", _declination, is_number=True),
    "public": Column("Public from", _instant("public_date", form="%Y-%m-%d")),
    "observation": Column("Observation", _value("observation_id"), is_number=True),
    "request": Column("Request", _value("request_id"), is_number=True),
}
DEFAULT_COLUMNS = ("target", "observed", "instrument", "filter", "exposure", "type", "level", "proposal", "site")


def cells(row: FrameRow, columns: list[str]) -> list[dict[str, Any]]:
    return [{"text": COLUMNS[name].text(row), "is_number": COLUMNS[name].is_number} for name in columns]
