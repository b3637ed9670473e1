"""Where a product comes from, as it is written beside and into its files."""

import json
from datetime import date, datetime
from typing import Any

from ingest.checksums import Digest, digest_of
from pipeline.reductions.job import Job, Made

SCHEMA = 1  # of product.json; a larger one may mean something else by the same names


def product_json(job: Job, made: Made) -> bytes:
    """What a product is and what it was made from: enough to write its rows anew without computing anything.

    The same job and files give the same bytes: there are no times of the making in it. The values must be such as JSON
    has: ValueError for NaN and infinity.
    """
    content = {
        "schema": SCHEMA,
        "kind": job.kind,
        "subject": job.subject,
        "observation": job.observation.name if job.observation else None,
        "algorithm": job.algorithm,
        "version": job.version,
        "parameters": dict(job.parameters),
        "fingerprint": job.fingerprint,
        "inputs": [{"name": each.name, "role": each.role, "sha256": each.sha256} for each in job.inputs],
        "outputs": [_output(file.role, file.filename, digest_of(file.path)) for file in made.files],
        "values": dict(made.values),
        "signal_class": made.signal_class,
        "strehl": None if made.strehl is None else dict(made.strehl),
        "seeing": None if made.seeing is None else dict(made.seeing),
    }
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False, default=_plain)
    return f"{text}\n".encode()


def _output(role: str, filename: str, digest: Digest) -> dict[str, Any]:
    return {"role": role, "filename": filename, "sha256": digest.sha256, "size_bytes": digest.size_bytes}


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} can not stand in product.json")
