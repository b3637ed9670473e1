"""Products of which only `product.json` tells: made just before the database was lost, or where documents are lost."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from django.db import transaction

from archive.domain.science import writing
from archive.domain.science.tables import BY_NAME, OBJECTS, Row, Table
from archive.domain.science.told import plain
from archive.enums import ProductState
from archive.errors import ArchiveError, NotFoundError, TransientError, UsageError
from archive.models import Observation, Product, Version
from ingest.names import is_fits, split_name
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore, StoredVersion
from pipeline.provenance import SCHEMA
from pipeline.restoring.bytes import Looker
from pipeline.restoring.inputs import find_inputs
from pipeline.restoring.loose import take_in
from pipeline.restoring.report import Report

PRODUCT_JSON = "product.json"
MEASURED = ("strehl", "seeing", "contrast")


@dataclass(frozen=True, slots=True)
class _Told:
    """One product.json, and where it lies."""

    version: StoredVersion
    content: dict[str, Any]

    @property
    def place(self) -> tuple[str, ...]:
        return self.content["night"], self.content["subject"], self.content["kind"]

    @property
    def finished_at(self) -> str:
        """Products of before times were told were finished when their bytes came."""
        times: dict[str, str] = self.content.get("times", {})
        return times.get("finished_at") or self.version.stored_at.isoformat()


def write_made(
    versions: Sequence[StoredVersion], *, store: FileStore, inspector: Inspector, report: Report, at: datetime
) -> None:
    """Write the products that have no row yet. Of several of one kind and subject the newest is current."""
    by_place: dict[tuple[str, ...], list[_Told]] = defaultdict(list)
    for told in _unknown(versions, store, report):
        by_place[told.place].append(told)
    for place in sorted(by_place, key=_stacks_first):
        told_of = sorted(by_place[place], key=lambda each: each.finished_at)
        for number, told in enumerate(told_of, start=1):
            desk = _Desk(told, store, inspector, at)
            try:
                with transaction.atomic():
                    desk.write(is_newest=number == len(told_of), report=report)
            except TransientError:
                raise
            except (ArchiveError, KeyError, ValueError) as error:
                report.leave_out("product", told.version.path, str(error))


def _stacks_first(place: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Kinds with a part, such as bright-strehl, are made of those without."""
    return place[2].count("-"), place


def _unknown(versions: Sequence[StoredVersion], store: FileStore, report: Report) -> Iterator[_Told]:
    """What is told in those whose product the archive does not know, and that were not deleted."""
    for version in versions:
        try:
            content = json.loads(b"".join(store.stream(version.path, version.version_id)))
            is_known = Product.objects.filter(fingerprint=content["fingerprint"]).exists()
            if content["schema"] > SCHEMA:
                report.leave_out("product", version.path, f"schema {content['schema']} is newer than this archive")
            elif not is_known and not store.is_hidden(version.path):
                yield _Told(version, content)
        except (ValueError, KeyError, TypeError) as error:
            report.leave_out("product", version.path, f"it is not what the archive writes: {error!r}")


@dataclass(frozen=True, slots=True)
class _Desk:
    told: _Told
    store: FileStore
    inspector: Inspector
    at: datetime

    def write(self, *, is_newest: bool, report: Report) -> None:
        """Raises UsageError when what it needs is not there, or a file of it is another."""
        content = self.told.content
        observation = self._observation()
        night, subject, kind = self.told.place
        others = Product.objects.filter(night=night, subject=subject, kind=kind, is_current=True, lease__gt=0)
        is_current = is_newest and not others.exists()
        product = self._product_row(observation, is_current=is_current)
        key = [night, subject, kind, content["fingerprint"]]
        files = [self._file_row(key, output) for output in content["outputs"]]
        files.append(self._file_row(key, {"role": "product", "filename": PRODUCT_JSON}))
        rows = {"product": [product], "product_file": files}
        for name in MEASURED:
            if content.get(name) is not None:
                rows[name] = [self._measured_row(name, key, content[name], observation)]
        rows["companion"] = [
            {**_blank(BY_NAME["companion"]), **told, "product": key, "observation": observation}
            for told in content.get("companions", ())
        ]
        for name, of_table in rows.items():
            report.wrote(BY_NAME[name], writing.write(BY_NAME[name], of_table))
        find_inputs(Product.objects.filter(fingerprint=content["fingerprint"]))
        if observation is not None and is_current and content.get("signal_class"):
            Observation.objects.filter(name=observation).update(signal_class=content["signal_class"])

    def _observation(self) -> str | None:
        told = self.told.content["observation"]
        name: str | None = told["name"] if isinstance(told, dict) else told
        if name is not None and not Observation.objects.filter(name=name).exists():
            raise UsageError(f"its observation {name} is not there any more.")
        return name

    def _product_row(self, observation: str | None, *, is_current: bool) -> Row:
        content = self.told.content
        times = content.get("times", {})
        signal_class = content.get("signal_class")
        values = {**content["values"], **({"signal_class": signal_class} if signal_class else {})}
        state = ProductState.DONE if is_current else ProductState.STALE
        return {
            **_blank(BY_NAME["product"]),
            **{name: content[name] for name in ("night", "subject", "kind", "fingerprint", "inputs", "parameters")},
            **{name: content[name] for name in ("algorithm", "version")},
            "observation": observation,
            "is_current": is_current,
            "state": state.value,
            "values": values,
            "attempts": content.get("attempt", 1),
            "created_at": times.get("created_at") or self.told.finished_at,
            "started_at": times.get("started_at") or self.told.finished_at,
            "finished_at": self.told.finished_at,
        }

    def _file_row(self, key: list[str], output: Row) -> Row:
        row = {"product": key, "role": output["role"], "filename": output["filename"], "version": None, "object": None}
        if is_fits(split_name(output["filename"])[1]):
            version = self._frame(output)
            stored = version.object
            row["version"] = [version.frame.basename, version.md5]
            return {**row, "sha256": stored.sha256, "size_bytes": stored.size_bytes}
        row["object"] = self._object(output)
        return {**row, "sha256": row["object"]["sha256"], "size_bytes": row["object"]["size_bytes"]}

    def _frame(self, output: Row) -> Version:
        """The version of a frame that a FITS file became; it is taken in when no row tells of it."""
        basename = split_name(output["filename"])[0]
        held = Version.objects.filter(frame__basename=basename, object__sha256=output["sha256"], object__fault="")
        version = held.select_related("frame", "object").first()
        if version is None:
            version = take_in(self._beside(output), store=self.store, inspector=self.inspector, at=self.at)
        if version.object.sha256 != output["sha256"]:
            raise UsageError(f"{output['filename']} has other bytes than it had: have the product made again.")
        return version

    def _object(self, output: Row) -> Row:
        beside = self._beside(output)
        digest = Looker(self.store).digest_of(beside.path, beside.version_id)
        if "sha256" in output and digest.sha256 != output["sha256"]:
            raise UsageError(f"{output['filename']} has other bytes than it had: have the product made again.")
        return {
            **_blank(OBJECTS),
            "store": self.store.name,
            "path": beside.path,
            "version_id": beside.version_id,
            "size_bytes": digest.size_bytes,
            "md5": digest.md5,
            "sha256": digest.sha256,
            "crc32": digest.crc32,
            "stored_at": self.told.finished_at,
            "verified_at": self.told.finished_at,
        }

    def _beside(self, output: Row) -> StoredVersion:
        path = str(PurePosixPath(self.told.version.path).with_name(output["filename"]))
        versions = self.store.versions(path)
        if not versions:
            raise NotFoundError(f"{output['filename']} is not in the store: have the product made again.")
        return versions[0]

    def _measured_row(self, name: str, key: list[str], told: Row, observation: str | None) -> Row:
        row = {**_blank(BY_NAME[name]), **told, "product": key, "measured_at": self.told.finished_at}
        return {**row, "night": key[0]} if name == "seeing" else {**row, "observation": observation}


def _blank(table: Table) -> Row:
    """Every column as it is when nobody gives it."""
    blank = {column.name: column.get_default() if column.has_default() else None for column in table.columns}
    texts = {column.name: "" for column in table.columns if column.empty_strings_allowed and not column.null}
    return {name: plain(texts.get(name) if value is None else value) for name, value in blank.items()}
