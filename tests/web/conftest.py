"""What tests of pages may ask for.

A module that has `def lay(house)` finds the rows of it in the database, and the web process and the browser of `visit`
see them: they are committed, and gone after the module.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from tests.telemetry.conftest import test_database  # noqa: F401 - a fixture
from tests.web.browsing import Visit, chromium
from tests.web.house import house_of, open_house, port_of_test


@pytest.fixture(scope="module")
def house(request, test_database, django_db_blocker, tmp_path_factory):  # noqa: F811 - the fixture
    with django_db_blocker.unblock(), port_of_test() as port, house_of(tmp_path_factory.mktemp("house"), port) as made:
        if lay := getattr(request.module, "lay", None):
            lay(made)
        with open_house(made, port):
            yield made


@pytest.fixture(scope="module")
def browser(house):  # after the rows: while it runs, Django takes no questions in this thread
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser, house):
    """`visit("alice", viewport=NARROW)`, `visit()` for nobody. No visit may ask other hosts or complain of anything."""
    made = []

    def begin(who="", **how):
        made.append(Visit(browser, house.url, house.sessions[who] if who else "", **how))
        return made[-1]

    yield begin
    for each in made:
        each.end()


@pytest.fixture
def meanwhile():
    """Runs something in a thread with a database connection of its own: this one belongs to the browser."""

    def run(act, *given, **named):
        def work():
            try:
                return act(*given, **named)
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(work).result()

    return run
