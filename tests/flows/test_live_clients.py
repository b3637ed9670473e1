"""docs/clients/live.md: every program that it shows, run as its reader would."""

import sys
import threading

from django.db import connection
from django.utils import timezone

from archive.domain import events
from archive.enums import EventName
from deploy.local.ports import PortBlock
from tests.factories import FrameFactory
from tests.flows.pages import run_page
from tests.flows.stream_server import deliver, stream_server, token_of
from tests.flows.web_server import web_server
from tests.processes import ROOT


def test_the_page_on_live_events_prints_what_it_says(transactional_db, use_store, alice, tmp_path):
    ports, over = PortBlock(), threading.Event()
    web_port, stream_port = ports.take(), ports.take()
    make = FrameFactory(use_store(type="local", root_dir=str(tmp_path), base_url=f"http://127.0.0.1:{web_port}/"))
    frames = [make(basename=f"lsc1m005-fa15-20250309-000{number}-e00", public_date=None) for number in (1, 2)]
    deliver()

    def go_on() -> None:
        """Something has to happen while the socket listens; the replay before it must end."""
        while not over.wait(0.5):
            if socket_listens.is_set():
                events.record_event(EventName.FRAME_UPDATED, frame=frames[1], body={}, at=timezone.now())
                deliver()
        connection.close()

    socket_listens = threading.Event()
    happening = threading.Thread(target=go_on)
    happening.start()
    try:
        with web_server(web_port) as web, stream_server(stream_port) as stream:
            token = token_of(alice)["Authorization"].removeprefix("Token ")
            environment = {"ARCHIVE": web, "STREAM": f"http://{stream}", "TOKEN": token}
            page = ROOT / "docs" / "clients" / "live.md"
            for step, printed in run_page(page, python=sys.executable, folder=tmp_path, environment=environment):
                assert printed == step.prints, step.commands
                if "replay" in step.commands:
                    socket_listens.set()
    finally:
        over.set()
        happening.join()
        ports.release()
