"""What there is in a tree that this archive exported: products, told by the product.json of each."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ingest.checksums import digest_of
from ingest.roboao_names import raw_name
from pipeline.provenance import SCHEMA
from pipeline.restoring.original_tree import FoundFile, FoundProduct

PRODUCT_JSON = "product.json"


def told_in(night: Path, *, leave_out: Callable[[Path, str], None]) -> Iterator[FoundProduct]:
    """Products of a night whose product.json is there and whose files are those that it tells of."""
    for path in sorted(night.rglob("*.json")):
        content = _content(path)
        if content is None:
            continue
        try:
            yield _found(path, content)
        except (ValueError, KeyError, TypeError, OSError) as error:
            leave_out(path, str(error))


def _content(path: Path) -> dict[str, Any] | None:
    """What a product.json says; None for any other file."""
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        return None
    is_ours = isinstance(content, dict) and {"schema", "fingerprint", "outputs"} <= set(content)
    return content if is_ours else None


def _found(path: Path, content: dict[str, Any]) -> FoundProduct:
    if content["schema"] > SCHEMA:
        raise ValueError(f"schema {content['schema']} is newer than this archive")
    files = [_file(path, output) for output in content["outputs"]]
    signal_class = content.get("signal_class")
    is_of_observation = content["observation"] is not None
    return FoundProduct(
        date.fromisoformat(content["night"]),
        content["subject"],
        content["kind"],
        observation=raw_name(content["subject"]) if is_of_observation else None,
        files=[*files, FoundFile("product", PRODUCT_JSON, path)],
        values={**content["values"], **({"signal_class": signal_class} if signal_class else {})},
        strehl=content.get("strehl"),
        seeing=content.get("seeing"),
        contrast=content.get("contrast"),
        companions=content.get("companions", ()),
        told=content,
    )


def _file(path: Path, output: Mapping[str, Any]) -> FoundFile:
    """A file beside its product.json; masters are called by their subject there."""
    name = output["filename"]
    if "/" in name:
        raise ValueError(f"{name!r} is no name of a file")
    beside = path.with_name(name)
    if output["role"] == "master" and not beside.is_file():
        beside = path.with_suffix(".fits")
    if digest_of(beside).sha256 != output["sha256"]:
        raise ValueError(f"{name} has other bytes than it had")
    return FoundFile(output["role"], name, beside)
