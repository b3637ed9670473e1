"""Settings of workers that make the small products of the tests, and die where they are told to."""

import os
from pathlib import Path, PurePosixPath
from typing import Any

from celery.signals import task_postrun, task_prerun

from ingest.stores.base import StoredVersion, Upload
from ingest.stores.local import LocalStore
from settings import *  # noqa: F403
from tests.pipeline.orders import die_if_told, note

REDUCTION_GRAPH = "tests.pipeline.small_steps.WITHOUT_NIGHTS"
RUN_PRODUCT = "pipeline.tasks.run_product"

_put = LocalStore.put


def _put_and_die(self: LocalStore, source: Path, upload: Upload) -> StoredVersion:
    stored = _put(self, source, upload)
    if upload.path.startswith("archive/reductions/"):
        die_if_told("handing-over", whose=PurePosixPath(upload.path).parent.name)
    return stored


LocalStore.put = _put_and_die  # type: ignore[method-assign]


@task_prerun.connect(weak=False)
def die_before(sender: Any = None, **_: Any) -> None:
    if sender.name == RUN_PRODUCT:
        die_if_told("before")


@task_postrun.connect(weak=False)
def die_after(sender: Any = None, kwargs: Any = None, **_: Any) -> None:
    """Before the broker hears that the task has ended."""
    if sender.name == RUN_PRODUCT:
        die_if_told("after")
        note(f"ended-{kwargs['product_id']}-{os.getpid()}")
