"""The whole of a search as one table: what stands in it, for whom, in which order, and how it is read."""

import csv
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.api.observation_table import NAMES
from archive.enums import ProductKind, ProductState
from archive.models import StoredObject
from tests.factories import AO_OBSERVED_AT

pytestmark = pytest.mark.django_db
LIST = "/observations/"
HERE = "http://testserver/observations"


def table_as_csv(response) -> list[dict[str, str]]:
    assert response.status_code == 200, response.content
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(b"".join(response).decode().splitlines()))


def table_as_json(response) -> list[dict[str, Any]]:
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    rows: list[dict[str, Any]] = json.loads(b"".join(response))
    return rows


@pytest.fixture
def star(ao):
    """A public observation with all that the table tells."""
    made = ao.observation(
        name="4_a",
        target_name="a, b",
        ra_deg=300.25,
        dec_deg=-20.5,
        seeing_median_arcsec=1.25,
        observed_at=AO_OBSERVED_AT,
    )
    ao.product(made, kind=ProductKind.BRIGHT)
    ao.product(made, kind=ProductKind.BRIGHT, state=ProductState.STALE)
    ao.product(made, kind=ProductKind.BRIGHT_PCA, state=ProductState.PENDING)
    ao.product(made, kind=ProductKind.FAINT, state=ProductState.FAILED)
    ao.strehl(ao.product(made, kind=ProductKind.BRIGHT_STREHL), strehl_ratio=0.1875, flag="BAD?")
    for kind in (ProductKind.FAINT_PREVIEW, ProductKind.BRIGHT_PREVIEW):
        ao.file(ao.product(made, kind=kind), "cropped")
    return made


@pytest.fixture
def hidden(ao):
    """A later one that nothing is known of."""
    return ao.observation(
        name="4_h",
        public_date=None,
        ra_deg=None,
        magnitude=None,
        exposure_time=None,
        observed_at=AO_OBSERVED_AT + timedelta(days=1),
    )


EXPECTED = {
    "observation": "4_a",
    "proposal_id": "PROP001",
    "target_name": "a, b",
    "observed_at_utc": "2016-09-25T02:00:07.040912Z",
    "ra_deg": 300.25,
    "dec_deg": -20.5,
    "azimuth_deg": 180.0,
    "altitude_deg": 60.0,
    "magnitude_mag": 11.5,
    "exposure_time_s": 90.0,
    "primary_optical_element": "Si",
    "seeing_median_arcsec": 1.25,
    "seeing_nearest_arcsec": None,
    "bright_strehl_ratio": 0.1875,
    "bright_strehl_flag": "BAD?",
    "faint_strehl_ratio": None,
    "faint_strehl_flag": "",
    "bright_state": "done",
    "bright_pca_state": "pending",
    "faint_state": "failed",
    "faint_pca_state": None,
    "address": f"{HERE}/4_a/",
    "download": f"{HERE}/4_a/bundle/",
    "preview": f"{HERE}/4_a/products/bright-preview/cropped",
}


def test_it_tells_states_ratios_and_links(star, api):
    assert table_as_json(api(None).get(f"{LIST}?format=json-table")) == [EXPECTED]
    (row,) = table_as_csv(api(None).get(f"{LIST}?format=csv"))
    assert row == {name: "" if value is None else str(value) for name, value in EXPECTED.items()}
    assert tuple(row) == NAMES
    assert b"".join(api(None).get(row["preview"])).startswith(b"cropped")
    assert api(None).get(row["address"]).status_code == 200


def test_accept_asks_for_it_too(star, api):
    assert len(table_as_csv(api(None).get(LIST, headers={"accept": "text/csv"}))) == 1
    assert api(None).get(LIST, headers={"accept": "application/json"}).json()["count"] == 1


def test_each_reader_gets_what_they_may_see_without_what_lacks(star, hidden, api, alice, bob):
    for user, expected in ((None, ["4_a"]), (bob, ["4_a"]), (alice, ["4_h", "4_a"])):
        for read, form in ((table_as_csv, "csv"), (table_as_json, "json-table")):
            assert [row["observation"] for row in read(api(user).get(f"{LIST}?format={form}"))] == expected
    row = table_as_json(api(alice).get(f"{LIST}?format=json-table"))[0]
    kept = {"observation", "proposal_id", "target_name", "observed_at_utc", "azimuth_deg", "altitude_deg"}
    kept |= {"primary_optical_element", "address", "bright_strehl_flag", "faint_strehl_flag"}
    assert {name for name, value in row.items() if value is not None} == kept


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ("ordering=observed_at_utc", ["4_a", "4_h"]),
        ("ordering=-observed_at", ["4_h", "4_a"]),
        ("ordering=magnitude_mag", ["4_a", "4_h"]),
        ("ordering=-ra_deg", ["4_h", "4_a"]),
        ("ordering=bright_strehl_ratio", ["4_a", "4_h"]),
        ("ordering=-seeing_median_arcsec,observation", ["4_h", "4_a"]),
        ("bright_strehl_flag=BAD%3F", ["4_a"]),
        ("limit=1&offset=1", ["4_h", "4_a"]),  # a table is whole
    ],
)
def test_terms_and_orders_are_those_of_the_list(star, hidden, api, alice, terms, expected):
    assert [row["observation"] for row in table_as_csv(api(alice).get(f"{LIST}?{terms}&format=csv"))] == expected
    if "limit" not in terms:
        for style in ("", "&pagination_style=cursor"):
            walked, where = [], f"{LIST}?{terms}{style}&limit=1"
            while where:
                page = api(alice).get(where).json()
                walked += [row["name"] for row in page["results"]]
                where = page["next"]
            assert walked == expected


def test_a_preview_that_is_damaged_or_made_anew_is_not_linked(star, api):
    StoredObject.objects.filter(product_file__product__kind="bright-preview").update(
        fault="its MD5 is another", verified_at=None
    )
    (row,) = table_as_json(api(None).get(f"{LIST}?format=json-table"))
    assert row["preview"] == f"{HERE}/4_a/products/faint-preview/cropped"
    star.products.filter(kind="faint-preview").update(state=ProductState.PENDING)
    (row,) = table_as_json(api(None).get(f"{LIST}?format=json-table"))
    assert row["preview"] is None


def test_nothing_is_an_empty_table(db, api):
    assert table_as_json(api(None).get(f"{LIST}?format=json-table")) == []
    assert b"".join(api(None).get(f"{LIST}?format=csv")).decode().split("\r\n") == [",".join(NAMES), ""]


@pytest.mark.parametrize(("form", "kind"), [("csv", "text/csv"), ("json-table", "application/json")])
def test_what_can_not_be_understood_is_refused_in_the_same_form(api, db, form, kind):
    refused = api(None).get(f"{LIST}?ra=25:00&dec=0&radius=1&format={form}")
    assert (refused.status_code, refused["Content-Type"].split(";")[0]) == (400, kind)
    assert "12h30m00s" in refused.content.decode()


def test_it_is_read_piece_by_piece_as_it_is_sent(ao, api, monkeypatch):
    monkeypatch.setattr("archive.domain.observing_table.ROWS_AT_ONCE", 2)
    for _ in range(5):
        ao.observation()
    answer = api(None).get(f"{LIST}?format=csv")
    assert answer.streaming
    lines = iter(answer)
    with CaptureQueriesContext(connection) as asked:
        next(lines)
        assert len(asked) == 0  # the head alone
        next(lines)
        assert len(asked) == 3  # the rows, states and previews of two of them
        assert len(list(lines)) == 4
    assert len(asked) == 7


def test_the_page_for_people_has_a_form_of_all_terms(star, api):
    page = api(None).get(LIST, headers={"accept": "text/html"}).content.decode()
    for name in ("target_name_exact", "radius_unit", "seeing_nearest_max", "faint_strehl_min", "done", "night_min"):
        assert f'name="{name}"' in page
    assert '<option value="arcsec">' in page
    assert f"{LIST}?format=csv" in page
