"""Statements that are written once and prepared once: the same rows as the ORM's own, whatever the values."""

from datetime import UTC, datetime

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import F

from archive.domain import prepared, shapes
from archive.errors import FatalError
from archive.models import Frame

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def frames(frame_factory):
    return [frame_factory(basename=f"frame{number}", site_id=site) for number, site in enumerate(("lsc", "cpt", "lsc"))]


def names_at(site, *, prepare=True):
    def write(values):
        return Frame.objects.filter(site_id=values[0]).order_by("pk").values_list("basename")

    return [name for (name,) in shapes.rows("names", None, [site], write, prepare=prepare)]


def held_by_the_server():
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.parametrize("prepare", [True, False])
def test_one_statement_answers_for_any_value(frames, prepare):
    assert names_at("lsc", prepare=prepare) == ["frame0", "frame2"]
    assert names_at("cpt", prepare=prepare) == ["frame1"]
    assert names_at("' OR true --", prepare=prepare) == []
    assert names_at("stand-in 0", prepare=prepare) == []
    assert names_at("100 %s", prepare=prepare) == []


def test_a_value_that_stands_twice_is_given_once(frames):
    def write(values):
        return Frame.objects.filter(pk__any_of=values[0]).exclude(site_id=values[1]).order_by("pk").values_list("pk")

    ids = [frame.pk for frame in frames]
    assert shapes.rows("twice", None, [ids, "cpt"], write) == [(ids[0],), (ids[2],)]
    assert shapes.rows("twice", None, [[], "cpt"], write) == []


def test_what_is_always_the_same_stands_beside_the_values(frames):
    def write(values):
        raw = Frame.objects.filter(site_id=values[0], reduction_level=0, exposure_time=60.0, is_listed=True)
        return raw.order_by("pk").values_list("basename")

    assert shapes.rows("constants", None, ["lsc"], write) == [("frame0",), ("frame2",)]
    assert shapes.rows("constants", None, ["cpt"], write) == [("frame1",)]


@pytest.mark.parametrize("change", [lambda text: text.upper(), lambda text: f"%{text}%", lambda _: "lsc"])
def test_a_value_that_does_not_stand_in_the_statement_as_it_is_is_refused(change):
    def write(values):
        return Frame.objects.filter(site_id=change(values[0])).values_list("pk")

    with pytest.raises(FatalError, match="does not hold its values"):
        shapes.rows("changed", change, ["lsc"], write)


def test_what_somebody_else_dropped_is_prepared_again(frames):
    assert names_at("cpt") == ["frame1"]
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    assert names_at("cpt") == ["frame1"]


def test_a_column_of_another_type_is_read_with_another_plan(frames):
    assert names_at("cpt") == ["frame1"]
    change = "ALTER TABLE archive_frame ALTER COLUMN basename TYPE varchar({})"
    with connection.cursor() as cursor:
        cursor.execute(change.format(2000))
        try:
            assert names_at("cpt") == ["frame1"]
        finally:
            cursor.execute(change.format(1000))


def test_what_was_dropped_fails_a_transaction_once(frames):
    names_at("cpt")
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    with pytest.raises(OperationalError), transaction.atomic():
        names_at("cpt")
    with transaction.atomic():
        assert names_at("cpt") == ["frame1"]


def test_a_connection_holds_a_limited_number_of_statements(frames, monkeypatch):
    monkeypatch.setattr(prepared, "MOST_PREPARED", 3)

    def sites_of(limit):
        def write(values):
            return Frame.objects.filter(modified_at__gt=values[0]).order_by("pk").values_list("site_id")[:limit]

        return len(shapes.rows("limited", limit, [datetime(2020, 1, 1, tzinfo=UTC)], write))

    connection.close()
    assert [sites_of(limit) for limit in (1, 2, 3, 4, 5, 1, 2)] == [1, 2, 3, 3, 3, 1, 2]
    assert len(held_by_the_server()) == 3


def test_what_is_written_by_hand_names_its_values(frames):
    asked = prepared.by_hand(
        "archive_by_hand",
        "SELECT basename FROM archive_frame WHERE site_id = %(site)s OR (site_id <> %(site)s AND basename = %(name)s)"
        " ORDER BY basename",
    )
    assert prepared.run(asked, {"site": "cpt", "name": "frame2"}) == [("frame1",), ("frame2",)]


def test_a_list_that_compares_columns_gives_what_the_orm_gives(frame_factory, api):
    """The same shape again and again: after five times PostgreSQL takes one plan for all values."""
    for number in range(24):
        frame_factory(basename=f"frame{number:02d}", site_id=f"s{number % 3}", request_id=number % 4)
    client = api(None)
    for number in range(12):
        site, request_id = f"s{number % 3}", number % 5
        query = f"site_id={site}&request_id={request_id}"
        wanted = Frame.objects.filter(site_id=site, request_id=request_id).order_by(F("observation_date").desc(), "-pk")
        answer = client.get(f"/frames/?{query}").json()
        assert [row["id"] for row in answer["results"]] == list(wanted.values_list("pk", flat=True))
        assert answer["count"] == len(wanted)
