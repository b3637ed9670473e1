"""Drives the public ocs_ingester: uploads as JSON on stdin, what became of each as JSON on stdout.

Runs in the environment of the ocs_ingester, which has none of the archive's packages.
"""

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from ocs_ingester import exceptions, ingester

REFUSALS = (exceptions.DoNotRetryError, exceptions.NonFatalDoNotRetryError, exceptions.BackoffRetryError)


def uploaded(wanted: dict[str, Any]) -> dict[str, str]:
    """`wanted` has `path`, and what else `upload_file_and_ingest_to_archive` takes."""
    path = Path(wanted.pop("path"))
    with path.open("rb") as stream:
        try:
            ingester.upload_file_and_ingest_to_archive(stream, path=str(path), **wanted)
        except REFUSALS as error:
            return {"refusal": type(error).__name__, "message": str(error)}
    return {"refusal": "", "message": ""}


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):  # the ingester and its packages print too
        answers = [uploaded(wanted) for wanted in json.load(sys.stdin)]
    json.dump(answers, sys.stdout)
