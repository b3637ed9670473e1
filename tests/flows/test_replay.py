"""The recorded answers of the OCS archive, all in their order, against this archive."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.core.cache import cache
from django.core.management import call_command

from archive.models import Event, Frame, Version
from tests.flows.declared import DECLARED, Declared
from tests.flows.differences import Difference, by_kind, differences
from tests.flows.portal import portal
from tests.flows.replay import (
    FRAMES_BY_ID,
    Pair,
    Player,
    ingester_pairs,
    make_frames_known,
    make_people,
    messages,
    pairs,
)

CURSOR_PAGE, REFUSED_BY_ORIGINAL, AGGREGATE_CACHED = 29, 56, 81


@pytest.fixture
def player(use_store, s3_server, settings) -> Iterator[Player]:
    use_store(
        type="s3",
        endpoint_url=s3_server.endpoint_url,
        bucket=s3_server.bucket,
        region=s3_server.region,
        access_key=s3_server.access_key,
        secret_key=s3_server.secret_key,
        addressing_style="path",
        days_to_ia_storage=365_000,
    )
    cache.clear()
    with portal() as address:
        settings.PORTAL = replace(
            settings.PORTAL, profile_url=f"{address}/api/profile/", token_url=f"{address}/o/token/"
        )
        settings.OAUTH_SERVER_KEY = "serverkey"
        settings.ZIP_MODE = "nginx"
        yield Player(s3_server)
    cache.clear()


def declared_for(number: int, difference: Difference) -> Declared | None:
    """The entry that declares exactly this difference."""
    for entry in DECLARED:
        if entry.covers(number, difference.path):
            same = (entry.original, entry.here) == (difference.recorded, difference.answered)
            return entry if same else None
    return None


def replay(player: Player) -> Iterator[tuple[Pair, Difference]]:
    for pair in ingester_pairs() + pairs():
        if pair.number == AGGREGATE_CACHED:
            call_command("cacheaggregates")
        recorded, answered = player.play(pair)
        for difference in differences(recorded, answered):
            yield pair, difference
        if pair.number == CURSOR_PAGE and "cursor=" in str(answered.body["next"]):
            player.follow(recorded_next=recorded.body["next"], own_next=answered.body["next"])
        if pair.number == REFUSED_BY_ORIGINAL:
            # What the original refused, the later recordings do not know of.
            Frame.objects.filter(pk__gt=len(FRAMES_BY_ID)).delete()
            Version.objects.filter(object__version_id=pair.body["version_set"][0]["key"]).delete()


@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_every_recorded_request_is_answered_as_it_was_but_for_the_declared_differences(player, capsys):
    make_people()
    make_frames_known()
    found = {}
    for pair, difference in replay(player):
        found[pair.number, difference.path] = difference
    needed = set()
    undeclared = {}
    for (number, path), difference in found.items():
        entry = declared_for(number, difference)
        if entry is None:
            undeclared[number, path] = (difference.recorded, difference.answered)
        else:
            needed.add(entry)
    count = len(ingester_pairs()) + len(pairs())
    with capsys.disabled():
        print(f"\nreplay: {count} pairs, {len(DECLARED)} declared differences")  # noqa: T201 - asked for
    told = "\n".join(f"{number:02} {path}: {old!r} -> {new!r}" for (number, path), (old, new) in undeclared.items())
    assert not undeclared, f"answers that differ from the recorded ones:\n{told}"
    assert [entry for entry in DECLARED if entry not in needed] == [], "declarations that are no longer needed"
    sent = [event.body for event in Event.objects.filter(to_fits_exchange=True).order_by("pk")[:5]]
    recorded = player.in_own_terms(messages())
    assert [by_kind(body) for body in sent] == [by_kind(body) for body in recorded]
