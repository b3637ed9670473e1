"""Observations and nights with what was made and measured of them, out of the documents beside the data."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from archive.domain.science import writing
from archive.domain.science.documents import OF_PRODUCTS
from archive.domain.science.tables import BY_NAME, KNOWN, Row
from archive.domain.science.writing import Key, flat
from archive.enums import ProductState
from archive.models import Frame, Product, Version
from pipeline.restoring.bytes import Found, Looker
from pipeline.restoring.frames import ByTable, by_table
from pipeline.restoring.inputs import find_inputs
from pipeline.restoring.report import Report

OF_PRODUCT = ("night", "subject", "kind", "fingerprint")
ORDER = ("observation", "raw_file", *OF_PRODUCTS, "psf_member")


def write_subjects(documents: Iterable[Iterable[Row]], *, looker: Looker, report: Report) -> None:
    """Write what these documents tell, each of an observation or of a night's calibrations.

    A product whose files are whole is done as it was. One that has lost a file, or has another in its place, waits to
    be made again and says why; nothing else is ever computed anew.
    """
    rows: ByTable = defaultdict(list)
    for document in documents:
        told = by_table(document)
        if _has_lost_its_files(told):
            names = ", ".join(row["name"] for row in told["observation"])
            report.leave_out("observation", names, "none of its raw files is there any more")
            continue
        for name, found in told.items():
            rows[name] += found
    _mark_damaged(rows, looker, report)
    for name in ORDER:
        report.wrote(BY_NAME[name], writing.write(BY_NAME[name], rows[name]))
    fingerprints = {row["fingerprint"] for row in rows["product"] if row["fingerprint"]}
    find_inputs(Product.objects.filter(fingerprint__in=fingerprints))


def _has_lost_its_files(told: ByTable) -> bool:
    """Leave raw files aside whose frames are gone; whether none is left of an observation that had some."""
    names = [row["frame"] for row in told["raw_file"]]
    there = set(Frame.objects.filter(KNOWN, basename__in=names).values_list("basename", flat=True))
    told["raw_file"] = [row for row in told["raw_file"] if row["frame"] in there]
    return bool(told["observation"] and names) and not there


def _mark_damaged(rows: ByTable, looker: Looker, report: Report) -> None:
    faults: dict[Key, list[str]] = defaultdict(list)
    good = []
    versions = _good_versions(rows["product_file"])
    for file in rows["product_file"]:
        fault = _fault_of(file, versions, looker)
        if fault:
            faults[flat(file["product"])].append(f"{file['filename']} {fault}.")
        else:
            good.append(file)
    rows["product_file"] = good
    for product in rows["product"]:
        says = faults.get(flat([product[name] for name in OF_PRODUCT]))
        if says:
            report.leave_out("product_file", f"{product['kind']} of {product['subject']}", " ".join(says))
            if product["state"] == ProductState.DONE:
                product.update(state=ProductState.PENDING.value, finished_at=None, error="")
                product["reason"] = f"It is made again after a restore: {' '.join(says)}"


def _fault_of(file: Row, versions: set[Key], looker: Looker) -> str:
    if file["version"] is not None:
        return "" if flat(file["version"]) in versions else "is not in the archive as it was"
    return {
        Found.WHOLE: "",
        Found.OTHERS: "has other bytes in the store than it had",
        Found.GONE: "is not in the store",
    }[looker.look(file["object"])]


def _good_versions(files: Iterable[Row]) -> set[Key]:
    """Versions of frames that these files name, as far as their bytes are right."""
    named = {flat(file["version"]) for file in files if file["version"] is not None}
    found = Version.objects.filter(md5__in={md5 for _name, md5 in named}, object__fault="")
    return set(_pairs(found.values_list("frame__basename", "md5"))) & named


def _pairs(rows: Iterable[tuple[str, str]]) -> Iterator[Key]:
    yield from rows
