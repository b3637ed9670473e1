"""docs/examples/listen.py, run as its reader would run it."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.utils import timezone

from archive.domain import broker, events
from tests.processes import ROOT, kill_group


@pytest.mark.django_db(transaction=True)
def test_the_example_prints_each_frame_as_it_comes(frame_factory):
    command = [sys.executable, "-u", "docs/examples/listen.py", settings.QUEUE_BROKER_URL]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        assert process.stdout is not None
        assert "listening" in process.stderr.readline()
        frame = frame_factory(headers={"OBJECT": "M 51"})
        with broker.Publisher() as publisher:
            events.deliver_pending(publisher.publish, clock=timezone.now)
        line = process.stdout.readline().split(maxsplit=3)
        assert line[1:] == [str(frame.pk), f"{frame.basename}.fits.fz", "M 51\n"]
    finally:
        kill_group(process)
        process.communicate()
