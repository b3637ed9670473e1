"""Types of instruments, asked of a real HTTP server that plays the configuration database."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.cache import cache

from ingest import configdb

TREE = {
    "results": [
        {
            "code": "lsc",
            "enclosure_set": [
                {
                    "telescope_set": [
                        {
                            "instrument_set": [
                                {
                                    "code": "nres01",
                                    "instrument_type": {"configuration_types": [{"code": "DOUBLE"}, {"code": "ARC"}]},
                                    "science_cameras": [{"code": "fa09"}],
                                    "autoguider_camera": {"code": "ak01"},
                                },
                                {
                                    "code": "sinistro01",
                                    "instrument_type": {"configuration_types": [{"code": "EXPOSE"}]},
                                    "science_cameras": [{"code": "fa15"}],
                                },
                            ]
                        }
                    ]
                }
            ],
        }
    ]
}


@dataclass
class ConfigDB:
    """What the server answers next, and how often it was asked."""

    url: str = ""
    status: int = 200
    body: Any = None
    asked: int = 0


@pytest.fixture
def database(settings) -> Iterator[ConfigDB]:
    state = ConfigDB(body=TREE)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked += 1
            content = json.dumps(state.body).encode()
            self.send_response(state.status if self.path == "/sites/" else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.CONFIGDB_URL = state.url = f"http://127.0.0.1:{server.server_port}"
    cache.delete_many([configdb.FRESH_KEY, configdb.LAST_KEY])
    yield state
    cache.delete_many([configdb.FRESH_KEY, configdb.LAST_KEY])
    server.shutdown()
    thread.join()
    server.server_close()


def test_types_are_known_by_instrument_and_by_camera(database):
    assert configdb.instruments() == {
        "nres01": {"DOUBLE", "ARC"},
        "fa09": {"DOUBLE", "ARC"},
        "ak01": {"DOUBLE", "ARC"},
        "sinistro01": {"EXPOSE"},
        "fa15": {"EXPOSE"},
    }


@pytest.mark.parametrize("ending", ["", "/", "/sites", "/sites/"])
def test_the_address_may_name_the_list_of_sites_or_not(database, settings, ending):
    settings.CONFIGDB_URL = database.url + ending
    assert "fa15" in configdb.instruments()


def test_an_answer_is_not_asked_for_again_within_the_hour(database):
    assert configdb.instruments() == configdb.instruments()
    assert database.asked == 1


@pytest.mark.parametrize(("status", "body"), [(500, None), (200, {"results": [{}]}), (200, [1]), (200, "oops")])
def test_the_last_answer_is_used_while_the_database_is_down(database, status, body):
    known = configdb.instruments()
    cache.delete(configdb.FRESH_KEY)  # the hour is over
    database.status, database.body = status, body
    assert configdb.instruments() == known
    assert configdb.instruments() == known
    assert database.asked == 2, "a database that is down is left in peace for a minute"


def test_without_any_answer_the_types_of_the_settings_are_known(database, settings):
    database.status = 503
    assert configdb.configuration_types() == set(settings.CONFIGURATION_TYPES)


def test_without_a_database_nobody_is_asked(database, settings):
    settings.CONFIGDB_URL = ""
    assert configdb.configuration_types() == set(settings.CONFIGURATION_TYPES)
    assert database.asked == 0


@pytest.mark.django_db
def test_a_frame_of_a_type_that_only_an_instrument_knows_is_taken(database, api, admin, store):
    body = {
        "basename": "lsc1m0-fa09-20250309-0001-e00", "headers": {}, "observation_day": "20250309",
        "configuration_type": "DOUBLE", "related_frame_filenames": [], "area": None, "version_set": [],
        "site_id": "lsc", "instrument_id": "fa09",
    }  # fmt: skip
    assert api(admin).post("/frames/", body, format="json").status_code == 201
    assert api(admin).post("/frames/", {**body, "configuration_type": "FOO"}, format="json").status_code == 400
