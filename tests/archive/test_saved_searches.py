"""Saved searches: who hears of which new frames, once, by mail and by a webhook that are really there."""

import hashlib
import hmac
import json
import socketserver
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from archive.domain import delivering, events, notices, saved_searches
from archive.enums import NoticeWay
from archive.models import Event, SavedSearch, SearchNotice
from archive.terms.saved import ear_of_saved
from pipeline.tasks import tell_of_new_frames, tell_owner

NEVER = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.fixture
def keep(alice, now):
    alice.email = "alice@example.org"
    alice.save()

    def keep(query="", way=NoticeWay.EMAIL, address="", owner=alice, name="mine"):
        return saved_searches.keep(
            owner=owner, name=name, query=query, way=way, address=address, site_url="https://archive.test", at=now
        )

    return keep


def run(ways=notices.WAYS, *, at=None):
    """What the task does, with the events relayed as the relay does before."""
    events.give_positions()
    at = at or timezone.now()
    return saved_searches.look(ear_of_saved, at=at), deliver(ways, at=at)


def deliver(ways=notices.WAYS, *, at):
    """What the tasks of all searches do, one after the other; answers how many notices went."""
    n_delivered = 0
    for search_id in delivering.due(at=at):
        while delivering.deliver_next(search_id, ways, at=at):
            n_delivered += 1
    return n_delivered


def names():
    """Base names in the mails that went out, each mail's."""
    return [[line.split("  ")[0] for line in sent.body.splitlines() if "/frames/" in line] for sent in mail.outbox]


@pytest.fixture(autouse=True)
def mail_server(settings):
    settings.EMAIL_HOST = "mail.test"


def test_the_owner_hears_once_of_what_matches_and_they_may_see(keep, frame_factory):
    frame_factory(target_name="M 51")  # before the search was kept
    events.give_positions()
    keep("target_name=M+51")
    mine = frame_factory(target_name="M 51", public_date=NEVER)
    frame_factory(target_name="M 51", public_date=NEVER, proposal_id="OTHER")
    frame_factory(target_name="M 33")
    public = frame_factory(target_name="M 51", proposal_id="OTHER")
    assert run() == (1, 1)
    assert names() == [[mine.basename, public.basename]]
    (sent,) = mail.outbox
    assert (sent.subject, sent.to) == ("2 new: mine", ["alice@example.org"])
    assert "https://archive.test/search/?target_name=M+51" in sent.body
    assert run() == (0, 0)
    assert len(mail.outbox) == 1


def test_who_loses_the_right_before_delivery_is_not_told(keep, frame_factory, alice):
    keep()
    frame_factory(public_date=NEVER)
    events.give_positions()
    assert saved_searches.look(ear_of_saved, at=timezone.now()) == 1
    alice.proposals.clear()
    deliver(at=timezone.now())
    assert mail.outbox == []


def test_a_search_that_is_paused_hears_nothing_of_the_time_between(keep, frame_factory):
    search = keep()
    saved_searches.set_active(search, is_active=False)
    frame_factory()
    assert run() == (0, 0)
    saved_searches.set_active(search, is_active=True)
    assert run() == (0, 0)
    later = frame_factory()
    run()
    assert names() == [[later.basename]]


def test_two_searches_at_different_places_each_hear_what_is_new_to_them(keep, frame_factory):
    keep(name="first")
    first = frame_factory()
    events.give_positions()
    keep(name="second")
    second = frame_factory()
    run()
    told = {sent.subject: found for sent, found in zip(mail.outbox, names(), strict=True)}
    assert told == {"2 new: first": [first.basename, second.basename], "1 new: second": [second.basename]}


def test_many_batches_of_events_cost_two_notices_and_none_is_lost(keep, frame_factory, monkeypatch):
    monkeypatch.setattr("archive.domain.stream.BATCH_SIZE", 3)
    keep()
    frames = [frame_factory() for _ in range(5)]
    run()
    assert sorted(name for each in names() for name in each) == sorted(frame.basename for frame in frames)


def test_a_search_of_which_the_events_were_forgotten_goes_on_with_those_that_are_kept(keep, frame_factory):
    search = keep()
    frame_factory()
    events.give_positions()
    Event.objects.filter(position=search.position + 1).delete()
    kept = frame_factory()
    run()
    assert names()[-1] == [kept.basename]


class Hook(ThreadingHTTPServer):
    """A real web server that keeps what it is sent."""

    def __init__(self):
        self.got, self.status = [], 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer.got.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(outer.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_given):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture
def hook(settings):
    settings.WEBHOOK_PRIVATE_HOSTS = frozenset({"127.0.0.1"})
    with Hook() as server:
        yield server
        server.shutdown()


@pytest.fixture
def hooked(keep, hook):
    return keep(way=NoticeWay.WEBHOOK, address=f"http://127.0.0.1:{hook.server_port}/in?a=b")


def test_a_webhook_is_sent_what_is_new_with_a_signature(hooked, hook, frame_factory):
    frame = frame_factory()
    run()
    ((path, headers, body),) = hook.got
    assert path == "/in?a=b"
    expected = hmac.new(hooked.secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Archive-Signature"] == f"sha256={expected}"
    told = json.loads(body)
    assert (told["search"], told["n_frames"]) == ("mine", 1)
    assert told["frames"][0]["basename"] == frame.basename
    assert told["frames"][0]["url"] == f"https://archive.test/frames/{frame.pk}/"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_fails_is_tried_again_later_and_then_paused(hooked, hook, frame_factory, status):
    frame_factory()
    hook.status = status
    at = timezone.now()
    assert run(at=at) == (1, 0)
    hooked.refresh_from_db()
    assert str(status) in hooked.fault
    assert len(hook.got) == 1  # no redirect was followed
    assert run(at=at) == (0, 0)
    assert len(hook.got) == 1  # and not again at once
    hook.status = 200
    later = at + timedelta(minutes=3)
    assert run(at=later) == (0, 1)
    hooked.refresh_from_db()
    assert hooked.fault == ""
    assert hook.got[0][2] == hook.got[1][2]  # the same id: a receiver can tell


def test_after_too_many_failures_a_search_is_paused_and_says_so(hooked, hook, frame_factory):
    frame_factory()
    hook.status = 500
    at = timezone.now()
    for turn in range(delivering.MOST_ATTEMPTS):
        run(at=at + timedelta(days=turn))
    hooked.refresh_from_db()
    assert not hooked.is_active
    assert "8 times" in hooked.fault
    assert run(at=at + timedelta(days=60)) == (0, 0)


def test_notices_of_one_search_go_in_order_and_wait_for_each_other(hooked, hook, frame_factory, monkeypatch):
    monkeypatch.setattr("archive.domain.stream.BATCH_SIZE", 1)
    frames = [frame_factory() for _ in range(3)]
    at = timezone.now()
    hook.status = 500
    assert run(at=at) == (3, 0)
    assert len(hook.got) == 1  # the second is not tried before the first
    hook.status = 200
    assert delivering.due(at=at + timedelta(minutes=1)) == []
    assert run(at=at + timedelta(minutes=3)) == (0, 3)
    told = [json.loads(body)["frames"][0]["basename"] for _, _, body in hook.got]
    assert told == [frames[0].basename, *(frame.basename for frame in frames)]


def test_an_attempt_that_dies_is_counted_and_tried_again_under_the_same_id(keep, frame_factory):
    keep()
    frame_factory()
    seen = []

    def dies(news):
        seen.append(news.notice.pk)
        raise SystemExit

    at = timezone.now()
    for turn in range(delivering.MOST_ATTEMPTS):
        with pytest.raises(SystemExit):
            run({"email": dies}, at=at + timedelta(days=turn))
        assert run({"email": dies}, at=at + timedelta(days=turn, seconds=89)) == (0, 0)  # it may be under way still
    assert seen == [seen[0]] * delivering.MOST_ATTEMPTS
    assert run({"email": dies}, at=at + timedelta(days=99)) == (0, 0)
    assert "broke off" in SavedSearch.objects.get().fault


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "0.0.0.0"])
def test_the_archive_asks_no_machine_behind_its_walls(keep, frame_factory, settings, host):
    settings.WEBHOOK_PRIVATE_HOSTS = frozenset()
    search = keep(way=NoticeWay.WEBHOOK, address=f"http://{host}:9/")
    frame_factory()
    assert run() == (1, 0)
    search.refresh_from_db()
    assert "private network" in search.fault


class Mailbox(socketserver.ThreadingTCPServer):
    """As much of SMTP as it takes to receive a mail."""

    allow_reuse_address = True

    def __init__(self):
        self.mails = []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(b"220 here\r\n")
                while line := self.rfile.readline():
                    command = line[:4].upper()
                    if command == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        lines = list(iter(self.rfile.readline, b".\r\n"))
                        outer.mails.append(b"".join(lines).decode())
                    self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def test_the_tasks_send_mail_by_the_server_that_is_set(keep, frame_factory, settings, monkeypatch):
    told = []
    monkeypatch.setattr(tell_owner, "delay", lambda *, search_id: told.append((search_id,)))
    with Mailbox() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", server.server_address[1], False
        keep()
        frame = frame_factory()
        events.give_positions()
        tell_of_new_frames()
        ((search_id,),) = told
        tell_owner(search_id=search_id)
        tell_owner(search_id=search_id)  # nothing is left
        server.shutdown()
    (received,) = server.mails
    assert "To: alice@example.org" in received
    assert frame.basename in received


def test_a_mail_server_that_is_away_costs_no_notice(keep, frame_factory, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    search = keep()
    frame_factory()
    assert run() == (1, 0)
    search.refresh_from_db()
    assert "mail server" in search.fault
    assert SearchNotice.objects.get().delivered_at is None


class Slow(Hook):
    """A receiver that takes its time: it answers when the test lets it."""

    def __init__(self):
        super().__init__()
        self.asked, self.may_answer = threading.Event(), threading.Event()

    def process_request_thread(self, request, client_address):
        self.asked.set()
        self.may_answer.wait(30)
        super().process_request_thread(request, client_address)


@pytest.mark.django_db(transaction=True)
def test_a_slow_receiver_delays_nobody_else_and_hears_once(keep, hook, frame_factory, settings):
    """While one takes its time, another hears; a second task for the slow one finds nothing to do, and no row is locked."""
    with Slow() as slow:
        first = keep(way=NoticeWay.WEBHOOK, address=f"http://127.0.0.1:{slow.server_port}/", name="slow")
        second = keep(way=NoticeWay.WEBHOOK, address=f"http://127.0.0.1:{hook.server_port}/", name="quick")
        frame_factory()
        events.give_positions()
        at = timezone.now()
        saved_searches.look(ear_of_saved, at=at)

        def deliver_slow():
            try:
                return delivering.deliver_next(first.pk, notices.WAYS, at=at)
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            under_way = pool.submit(deliver_slow)
            assert slow.asked.wait(30)
            assert delivering.due(at=at) == [second.pk]
            assert delivering.deliver_next(second.pk, notices.WAYS, at=at)
            assert not delivering.deliver_next(first.pk, notices.WAYS, at=at)
            with transaction.atomic():  # its owner may pause it meanwhile: nobody holds its row
                assert SavedSearch.objects.select_for_update(nowait=True).filter(pk=first.pk).exists()
                assert SearchNotice.objects.select_for_update(nowait=True).filter(search=first).exists()
            slow.may_answer.set()
            assert under_way.result()
        assert (len(slow.got), len(hook.got)) == (1, 1)
        slow.shutdown()


# The API.

GIVEN = {"name": "mine", "query": "target_name=M51", "way": "none"}


@pytest.fixture
def as_alice(api, alice):
    return api(alice)


def test_a_search_is_kept_shown_paused_and_ended(as_alice):
    made = as_alice.post("/saved-searches/", GIVEN, format="json")
    assert (made.status_code, made.json()["query"]) == (201, "target_name=M51")
    address = f"/saved-searches/{made.json()['id']}/"
    assert as_alice.get("/saved-searches/").json()["results"] == [as_alice.get(address).json()]
    assert as_alice.patch(address, {"is_active": False}, format="json").json()["is_active"] is False
    assert as_alice.delete(address).status_code == 204
    assert as_alice.get(address).status_code == 404


def test_what_only_says_how_a_list_is_shown_is_no_term(as_alice):
    given = GIVEN | {"query": "?target_name=M51&view=gallery&limit=10&site_id="}
    assert as_alice.post("/saved-searches/", given, format="json").json()["query"] == "target_name=M51"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"query": "start=soon"}, "start"),
        ({"query": "cone=1,2"}, "cone"),
        ({"way": "pigeon"}, "pigeon"),
        ({"way": "webhook", "address": "ftp://x"}, "https://"),
        ({"way": "email"}, "no e-mail address"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
    ],
)
def test_what_can_not_be_kept_is_told(as_alice, change, told):
    answer = as_alice.post("/saved-searches/", GIVEN | change, format="json")
    assert answer.status_code == 400
    assert told in answer.content.decode()
    assert not SavedSearch.objects.exists()


def test_a_name_is_kept_once_and_no_more_than_so_many(as_alice, monkeypatch):
    as_alice.post("/saved-searches/", GIVEN, format="json")
    assert as_alice.post("/saved-searches/", GIVEN, format="json").status_code == 409
    monkeypatch.setattr(saved_searches, "MOST_SEARCHES", 1)
    assert as_alice.post("/saved-searches/", GIVEN | {"name": "other"}, format="json").status_code == 400


def test_searches_of_others_are_not_there(api, keep, admin):
    search = keep()
    assert api(None).get("/saved-searches/").status_code == 401
    root = api(admin)
    assert root.get("/saved-searches/").json()["results"] == []
    for ask in (root.get, root.delete):
        assert ask(f"/saved-searches/{search.pk}/").status_code == 404
    assert SavedSearch.objects.filter(pk=search.pk).exists()
