"""A kept connection to the database: found dead when it is, and otherwise not asked about."""

import pytest
from django.db import connection, connections

pytestmark = pytest.mark.django_db(transaction=True)


def end_session(pid: int) -> None:
    """End another session, and wait until its server process is gone."""
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            assert cursor.fetchone() == (True,)
    finally:
        other.close()


def session():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_a_connection_that_rests_is_usable():
    session()
    assert connection.is_usable()


def test_a_session_that_the_server_ended_is_found_dead():
    end_session(session())
    assert not connection.is_usable()
    connection.close()


def test_the_next_request_gets_a_new_session_and_no_error():
    connection.close()
    connection.connect()  # as for a request: from here on its health may be asked once
    before = session()
    end_session(before)
    connection.close_if_unusable_or_obsolete()  # what Django does when a request begins
    assert session() != before
