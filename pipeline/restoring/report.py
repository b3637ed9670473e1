"""What a restore did: how many rows of each kind stand, and what was left out, and why."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from archive.domain.science.tables import Row, Table
from archive.domain.science.told import line_of
from archive.domain.science.writing import Written

MOST_TOLD = 200  # of what was left out; the numbers count all


@dataclass(slots=True)
class Report:
    """Numbers and reasons of one run."""

    rows: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    reasons: list[str] = field(default_factory=list)

    def wrote(self, table: Table, written: Written) -> None:
        if written.n_rows:
            self.rows[table.name] += written.n_rows
        for row, reason in written.refused:
            self.leave_out(table.name, _short(row), reason)

    def leave_out(self, kind: str, what: str, reason: str) -> None:
        self.left_out[kind] += 1
        if len(self.reasons) < MOST_TOLD:
            self.reasons.append(f"{kind}: {what}: {reason}")

    def lines(self) -> Iterator[str]:
        yield from self.reasons
        if sum(self.left_out.values()) > len(self.reasons):
            yield f"… and {sum(self.left_out.values()) - len(self.reasons)} more"
        rows = ", ".join(f"{number} {name}" for name, number in sorted(self.rows.items())) or "nothing"
        yield f"Restored: {rows}."
        if self.left_out:
            yield "Left out or marked: " + ", ".join(f"{n} {name}" for name, n in sorted(self.left_out.items())) + "."


def _short(row: Row) -> str:
    """What a person finds a row by."""
    names = ("basename", "name", "subject", "kind", "frame", "product", "role", "source", "derived")
    return line_of({name: row[name] for name in names if name in row}).decode().strip()
