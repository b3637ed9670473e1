"""A night of Photon Ranch in the bucket: from the first message to the last file taken in, nothing lost or twice.

Without the relay: the previews that it starts of each new frame are what the group `ingest` measures.
"""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from django.utils import timezone
from tqdm import tqdm

from archive.domain import broker
from archive.enums import FileRole
from archive.errors import FatalError
from archive.models import Exposure, ExposureFile, ReceivedObject, UploadEntry
from benchmarks import baselines
from benchmarks.report import Aim, Baseline, Figure
from benchmarks.services import Bench, until
from deploy.local.testing import S3Server
from tests.photonranch_night import deliveries, object_event, ptr_night

N_FAMILIES = 200
LARGE_PX = 512
PICTURE_PX = 768
SENDERS = 4
WARMING = 2  # families of another night, so that the worker is at its usual speed
AIM_S = 60.0


def measure(bench: Bench) -> Iterator[Figure]:
    bench.empty()
    baseline = baselines.file_synced(bench.store)
    with bench.s3() as server, bench.running("worker"):
        _publish(_put(server, families=WARMING, first=9_000_001))
        until(lambda: _taken() == 5 * WARMING, what="the worker warm")
        messages = _put(server, families=N_FAMILIES, first=1)
        come, lost = deliveries(messages)
        yield from _timed(bench, come, n_lost=len(lost), baseline=baseline)


def _timed(bench: Bench, come: Sequence[Any], *, n_lost: int, baseline: Baseline) -> Iterator[Figure]:
    n_files = 5 * N_FAMILIES
    started_s = time.perf_counter()
    _publish(come)
    until(lambda: _taken() == 5 * WARMING + n_files - n_lost, what="all that was told of")
    by_events_s = time.perf_counter() - started_s
    bench.manage("reconcile", "--repair", "--settled-minutes=0")
    whole_s = time.perf_counter() - started_s
    _require_whole_night(N_FAMILIES + WARMING)
    name = f"{n_files} object events, shuffled, 10 % twice, {n_lost} withheld"
    yield Figure(f"{name}, to the last file told of", by_events_s, "s", baseline)
    yield Figure(f"{name}, and those reconciled", whole_s, "s", baseline, aim=(Aim.AT_MOST, AIM_S))


def _put(server: S3Server, *, families: int, first: int) -> list[dict[str, Any]]:
    """Put a night into the bucket; answers the messages about it."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=server.endpoint_url,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )

    def put(numbered: tuple[int, tuple[str, bytes]]) -> dict[str, Any]:
        number, (key, content) = numbered
        answer = client.put_object(Bucket=server.bucket, Key=key, Body=content)
        return object_event(
            key,
            bucket=server.bucket,
            size_bytes=len(content),
            version_id=answer["VersionId"],
            sequencer=f"{number:016X}",
            at=timezone.now(),
        )

    night = ptr_night(n=families, first=first, large_px=LARGE_PX, picture_px=PICTURE_PX)
    files = (item for family in night for item in family.files.items())
    with ThreadPoolExecutor(SENDERS) as pool:
        sent = pool.map(put, enumerate(files))
        return list(tqdm(sent, total=5 * families, desc="filling the bucket", unit="file", disable=None, leave=False))


def _publish(messages: Sequence[Any]) -> None:
    with broker.connect() as connection:
        queue = broker.object_events_queue()
        queue(connection.default_channel).declare()
        producer = connection.Producer(connection.default_channel)
        for message in messages:
            producer.publish(json.dumps(message), exchange=queue.exchange.name, content_type="application/json")


def _taken() -> int:
    return ReceivedObject.objects.filter(state="taken").count()


def _require_whole_night(n_families: int) -> None:
    """Raise FatalError unless each file is there once, and each family is whole."""
    flags = {"fits_01_exists": True, "fits_10_exists": True, "jpg_medium_exists": True, "jpg_small_exists": True}
    found = {
        "whole families": Exposure.objects.filter(**flags).exclude(header=None).count(),
        "files": ExposureFile.objects.exclude(role=FileRole.THUMBNAIL).count() / 5,
        "thumbnails": ExposureFile.objects.filter(role=FileRole.THUMBNAIL).count(),
        "entries of the log": UploadEntry.objects.count() / 5,
        "objects taken in": _taken() / 5,
    }
    if wrong := {name: number for name, number in found.items() if number != n_families}:
        raise FatalError(f"Something was lost or came twice: {wrong}, and there are {n_families} families.")
