"""RabbitMQ away for a minute while frames come in: `make faults`."""

import json
import threading
import time

import pytest
from django.utils import timezone
from kombu import Queue

from archive.domain import broker
from archive.models import Event
from ingest.intake import ingest_file
from tests.processes import relay, until
from tests.synthetic import write_frame

AWAY_S = 60
FRAMES = 50


@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_fifty_frames_ingested_while_rabbitmq_is_away_for_a_minute_are_all_told_once(
    use_store, inspector, tmp_path, services
):
    (tmp_path / "store").mkdir()
    store = use_store(type="local", root_dir=str(tmp_path / "store"))
    with broker.connect() as link:
        Queue("fifty", exchange=broker.fits_exchange(), durable=True)(link.default_channel).declare()
    with relay():
        services.rabbitmq.stop()
        gone_at = time.monotonic()
        ids = [
            ingest_file(
                write_frame(tmp_path / f"lsc1m005-fa15-20250309-{number:04d}-e00.fits", seed=number),
                store=store, inspector=inspector, now=timezone.now(),
            ).frame.pk
            for number in range(FRAMES)
        ]  # fmt: skip
        threading.Event().wait(max(0.0, AWAY_S - (time.monotonic() - gone_at)))
        assert Event.objects.filter(published_at__isnull=False).count() == 0
        services.rabbitmq.start()
        until(lambda: not Event.objects.filter(published_at__isnull=True).exists(), what="every event delivered")
    with broker.connect() as link:
        queue = Queue("fifty", exchange=broker.fits_exchange(), durable=True)(link.default_channel)
        told = {}
        while (message := queue.get(no_ack=True)) is not None:
            told.setdefault(message.properties["message_id"], []).append(json.loads(message.body)["frameid"])
        queue.delete()
    assert sorted(frames[0] for frames in told.values()) == ids
    print(f"{sum(map(len, told.values()))} messages with {len(told)} ids for {FRAMES} frames")  # noqa: T201
