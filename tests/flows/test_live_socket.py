"""/live/: the notice of Photon Ranch over a WebSocket, heard by a client of a public package."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.authtoken.models import Token
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from archive.domain import events
from archive.enums import EventName
from deploy.local.ports import PortBlock
from tests.factories import FrameFactory
from tests.flows.stream_server import PATIENCE_S, Stream, deliver, stream_server, token_of
from tests.flows.web_server import web_server
from tests.processes import relay


@pytest.fixture
def ports() -> Iterator[PortBlock]:
    block = PortBlock()
    yield block
    block.release()


@pytest.fixture
def host(transactional_db, ports) -> Iterator[str]:
    with stream_server(ports.take()) as address:
        yield address


def socket_of(host: str, query: str = "?site=lsc", *, path: str = "/live/", **headers: str) -> ClientConnection:
    return connect(f"ws://{host}{path}{query}", additional_headers=headers, compression=None, open_timeout=PATIENCE_S)


def notice(client: ClientConnection) -> Any:
    return json.loads(client.recv(timeout=PATIENCE_S))


def names(client: ClientConnection, count: int) -> list[str]:
    return [notice(client)["data"]["base_filename"] for _ in range(count)]


def test_a_client_hears_its_own_site_in_the_envelope_of_photon_ranch(host, frame_factory):
    with (
        socket_of(host, "?site=cpt") as here,
        socket_of(host, "?site=cpt", path="/") as at_the_root,
        socket_of(host) as there,
        socket_of(host, path="/") as there_at_the_root,
    ):
        ours, theirs = frame_factory(site_id="cpt"), frame_factory()
        deliver()
        told = {
            "topic": "imagedata",
            "site": "cpt",
            "data": {"s3_directory": "data", "base_filename": ours.basename, "site": "cpt"},
        }
        assert notice(here) == notice(at_the_root) == told
        assert names(there, 1) == names(there_at_the_root, 1) == [theirs.basename]


def test_a_client_switches_to_another_site(host, frame_factory):
    with socket_of(host, "") as client:
        frame_factory()
        deliver()
        client.send(json.dumps({"action": "updatesubscribersite", "site": "cpt"}))
        assert_switched(client, frame_factory, to="cpt", other="lsc")
        client.send(json.dumps({"action": "updatesubscribersite", "site": "lsc"}))
        assert_switched(client, frame_factory, to="lsc", other="cpt")


def assert_switched(client: ClientConnection, frame_factory, *, to: str, other: str) -> None:
    """Frames of both sites come until one of the new site is heard; from then on the other is silent."""
    for _ in range(200):
        frame_factory(site_id=to)
        deliver()
        with suppress(TimeoutError):
            heard = json.loads(client.recv(timeout=0.1))
            if heard["site"] == to:
                break
    else:
        raise AssertionError(f"nothing was heard of {to}")
    frame_factory(site_id=other)
    last = frame_factory(site_id=to)
    deliver()
    found: list[Any] = []
    while not found or found[-1]["data"]["base_filename"] != last.basename:
        found.append(notice(client))
    assert {each["site"] for each in found} == {to}


def family(name: str, *, public: bool, **body: Any) -> None:
    subject = {
        "observation_date": "2025-03-10T00:00:00Z",
        "public_date": "2025-03-10T00:00:00Z" if public else None,
        "proposal_id": "PROP001",
        "site_id": "tst",
        "basename": name,
    }
    told = {"site": "tst", "base": name, "s3_directory": "data", **body}
    events.record_family_event(EventName.FAMILY_UPDATED, body=told, at=timezone.now(), subject=subject)


def test_families_and_info_images_are_told_by_their_base_name(host, alice):
    with socket_of(host, "?site=tst") as anyone, socket_of(host, "?site=tst", **token_of(alice)) as member:
        family("tst-kb001ms-20220629-00000001", public=False)
        family("tst-kb001ms-20220629-00000002", public=True, s3_directory="info-images", channel=2)
        deliver()
        assert names(member, 2) == ["tst-kb001ms-20220629-00000001", "tst-kb001ms-20220629-00000002"]
        assert notice(anyone)["data"] == {
            "s3_directory": "info-images",
            "base_filename": "tst-kb001ms-20220629-00000002",
            "site": "tst",
            "channel": 2,
        }


def test_an_event_of_which_nobody_knows_whose_it_is_is_told_to_nobody(host, admin, frame_factory):
    with Stream(host, headers=token_of(admin)) as superuser:
        body = {"site": "tst", "base": "tst-kb001ms-20220629-00000001", "s3_directory": "data"}
        events.record_family_event(EventName.FAMILY_UPDATED, body=body, at=timezone.now(), subject={})
        frame = frame_factory()
        deliver()
        assert superuser.frames(1) == [frame.pk]


def test_members_hear_of_hidden_frames_and_others_do_not(host, frame_factory, alice):
    with (
        socket_of(host) as anyone,
        socket_of(host, **token_of(alice)) as by_header,
        socket_of(host) as by_message,
    ):
        by_message.send(json.dumps({"action": "authenticate", "authorization": token_of(alice)["Authorization"]}))
        by_message.send(json.dumps({"action": "are you done?", "authorization": ""}))
        assert notice(by_message)["topic"] == "error"  # wishes are met one after the other
        hidden, shown = frame_factory(public_date=None), frame_factory()
        deliver()
        assert names(by_header, 2) == names(by_message, 2) == [hidden.basename, shown.basename]
        assert names(anyone, 1) == [shown.basename]


def test_a_revoked_token_closes_the_socket(host, alice):
    with socket_of(host, **token_of(alice)) as member:
        Token.objects.filter(user=alice).delete()
        with pytest.raises(ConnectionClosed) as closed:
            member.recv(timeout=PATIENCE_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


@pytest.mark.parametrize(
    ("path", "query", "headers", "status"),
    [
        ("/live/", "?site=lsc", {"Authorization": "Token nobody"}, 401),
        ("/live/", "?site=lsc&RLEVEL=high", {}, 400),
        ("/frames/", "", {}, 404),
    ],
)
def test_a_socket_that_can_not_be_is_refused(transactional_db, refuser, path, query, headers, status):
    with pytest.raises(InvalidStatus) as refused:
        socket_of(refuser, query, path=path, **headers)
    assert refused.value.response.status_code == status


NONSENSE = ("", "hello", "[]", "3", '{"action": "updatesubscribersite"}', '{"action": "x"}', "\u2603" * 9)


def test_nonsense_is_answered_with_what_to_send(host, frame_factory):
    for nonsense in NONSENSE:
        with socket_of(host) as client:
            client.send(nonsense)
            assert notice(client)["topic"] == "error", nonsense
            frame = frame_factory()
            deliver()
            assert names(client, 1) == [frame.basename], nonsense


def test_two_public_clients_see_the_same_night_and_can_read_what_they_are_told(host, ports, use_store, tmp_path):
    """C10: frames come from three writers at once, every fourth is rolled back; nothing is told too early."""
    port = ports.take()
    make = FrameFactory(use_store(type="local", root_dir=str(tmp_path), base_url=f"http://127.0.0.1:{port}/"))
    made: list[str] = []

    def write() -> None:
        for number in range(12):
            with transaction.atomic():
                frame = make()
                if number % 4 == 3:
                    transaction.set_rollback(True)
            if number % 4 != 3:
                made.append(frame.basename)
        connection.close()

    writers = [threading.Thread(target=write) for _ in range(3)]
    with web_server(port) as web, relay(), Stream(host) as stream, socket_of(host) as client:
        for writer in writers:
            writer.start()
        by_socket, by_stream = [], []
        for _ in range(27):
            by_socket.append(notice(client)["data"]["base_filename"])
            found = requests.get(f"{web}/frames/", {"basename_exact": by_socket[-1]}, timeout=PATIENCE_S)
            assert found.json()["count"] == 1
            told = stream.next()
            by_stream.append(told["body"]["basename"])
            assert requests.get(f"{web}/frames/{told['frame_id']}/", timeout=PATIENCE_S).status_code == 200
        for writer in writers:
            writer.join()
    assert by_socket == by_stream
    assert sorted(by_stream) == sorted(made)
