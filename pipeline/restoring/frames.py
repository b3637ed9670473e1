"""Frames, their parts and tombstones, out of the documents beside the data."""

from collections import defaultdict
from collections.abc import Iterable

from archive.domain.science import writing
from archive.domain.science.tables import BY_NAME, Row
from pipeline.restoring.bytes import Found, Looker
from pipeline.restoring.report import Report

ORDER = ("exposure", "tombstone", "frame", "headers", "version", "thumbnail")
OTHER_BYTES = "Its object has other bytes than it had when it came."

ByTable = dict[str, list[Row]]


def write_frames(documents: Iterable[Iterable[Row]], *, looker: Looker, report: Report) -> list[Row]:
    """Write what these documents tell, each of one frame. Answers their relations, for when all frames are there."""
    rows: ByTable = defaultdict(list)
    for document in documents:
        for name, found in _held(by_table(document), looker, report).items():
            rows[name] += found
    for name in ORDER:
        report.wrote(BY_NAME[name], writing.write(BY_NAME[name], rows[name]))
    return rows["relation"]


def write_relations(rows: Iterable[Row], *, report: Report) -> None:
    report.wrote(BY_NAME["relation"], writing.write(BY_NAME["relation"], rows))


def by_table(document: Iterable[Row]) -> ByTable:
    rows: ByTable = defaultdict(list)
    for row in document:
        rows[row["row"]].append(row)
    return rows


def _held(rows: ByTable, looker: Looker, report: Report) -> ByTable:
    """What of a frame's rows still has its bytes: a frame all of whose bytes are gone was deleted, or is lost."""
    told = rows["version"]
    rows["version"] = [row for row in told if _is_held(row, looker, report)]
    if told and not rows["version"]:
        names = [row["basename"] for row in rows["frame"]]
        report.leave_out("frame", ", ".join(names), "the store has none of its bytes: it was deleted, or they are lost")
        return {name: rows[name] for name in ("exposure", "tombstone")}
    kept = {(row["frame"], row["md5"]) for row in rows["version"]}
    rows["thumbnail"] = [row for row in rows["thumbnail"] if _shows(row, looker, report)]
    for row in rows["thumbnail"]:
        if row["version"] is not None and tuple(row["version"]) not in kept:
            row["version"] = None
    return rows


def _is_held(version: Row, looker: Looker, report: Report) -> bool:
    """Whether a version is to stand; one whose bytes are others by now is marked, as `reconcile` does."""
    stored = version["object"]
    found = looker.look(stored)
    if stored["fault"]:
        return True  # known before, and waiting for the right bytes
    if found is Found.GONE:
        report.leave_out("version", stored["path"], "the store has no such object")
        return False
    if found is Found.OTHERS:
        stored["fault"], stored["verified_at"] = OTHER_BYTES, None
        report.leave_out("version", stored["path"], "it is marked: its object has other bytes than it had")
    return True


def _shows(thumbnail: Row, looker: Looker, report: Report) -> bool:
    if looker.look(thumbnail["object"]) is Found.WHOLE:
        return True
    report.leave_out("thumbnail", thumbnail["basename"], "the store has no such object, or other bytes")
    return False
