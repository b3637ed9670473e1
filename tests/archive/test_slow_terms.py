"""Terms that no index helps: a page that takes too long to find is given up, and readers are told what to do."""

import pytest
from django.db import connection

from archive.domain import listing

pytestmark = pytest.mark.django_db
SAYS = "takes too long: give a time, a place or an instrument too."


@pytest.fixture
def slow_headers(frame_factory, monkeypatch):
    """Reading a header takes a fifth of a second, and lists wait for a tenth."""
    monkeypatch.setattr(listing, "PATIENCE_MS", 100)
    monkeypatch.setattr("archive.web.search.found.PATIENCE_MS", 100)
    frame_factory(headers={"AIRMASS": 1.2})
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE archive_headers RENAME TO quick_headers")
        cursor.execute(
            "CREATE VIEW archive_headers AS SELECT frame_id, "
            "CASE WHEN pg_sleep(0.2) IS NULL THEN NULL ELSE data END AS data FROM quick_headers"
        )


def test_the_list_says_so_and_may_be_asked_again(client, slow_headers):
    answer = client.get("/frames/?header=AIRMASS<1.5")
    assert answer.status_code == 503
    assert SAYS in answer.json()["detail"]
    assert answer["Retry-After"]
    assert "query_timeout" not in answer.content.decode()  # which lists do not have


def test_the_search_page_says_so_and_keeps_what_was_asked(client, slow_headers):
    answer = client.get("/search/?header=AIRMASS%3C1.5")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert SAYS in page
    assert "AIRMASS&lt;1.5" in page
    assert client.get("/search/?header=AIRMASS%3C1.5", headers={"HX-Request": "true"}).content.decode().count(SAYS) == 1


def test_other_terms_are_answered_meanwhile_and_this_one_afterwards(client, frame_factory, slow_headers):
    assert client.get("/frames/?site_id=nowhere").json()["results"] == []
    assert client.get("/frames/?header=AIRMASS<1.5").status_code == 503


def test_given_time_the_term_finds(client, frame_factory):
    frame = frame_factory(headers={"AIRMASS": 1.2})
    assert [row["id"] for row in client.get("/frames/?header=AIRMASS<1.5").json()["results"]] == [frame.pk]
