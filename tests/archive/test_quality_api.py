"""/quality/: Strehl ratios and seeing, by the rule, by pages as JSON and whole as CSV."""

import csv
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.api import observation_examples
from archive.enums import ProductKind, ProductState
from tests.archive.test_observations_api import shape
from tests.factories import AO_OBSERVED_AT

pytestmark = pytest.mark.django_db
NEVER = None
STREHL, SEEING = "/quality/strehl/", "/quality/seeing/"


def read_csv(response) -> list[dict[str, str]]:
    assert response.status_code == 200, response.content
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(b"".join(response).decode().splitlines()))


@pytest.fixture
def measured(ao):
    """Three ratios: of a public observation both, of a hidden one the bright one; and one that no longer stands."""
    shown = ao.observation(proposal_id="P2", target_name="shown, so", camera="IR")
    ao.strehl(
        ao.product(shown, kind=ProductKind.BRIGHT_STREHL), strehl_ratio=0.1, flag="BAD?", warnings=["saturated", "edge"]
    )
    ao.strehl(
        ao.product(shown, kind=ProductKind.FAINT_STREHL), strehl_ratio=0.12, fwhm_arcsec=None, signal_to_noise=None
    )
    hidden = ao.observation(public_date=NEVER, target_name="hidden", observed_at=AO_OBSERVED_AT + timedelta(days=1))
    ao.strehl(ao.product(hidden, kind=ProductKind.BRIGHT_STREHL), strehl_ratio=0.3, fwhm_arcsec=0.2)
    ao.strehl(ao.product(shown, kind=ProductKind.BRIGHT_STREHL, state=ProductState.STALE), strehl_ratio=0.9)
    return shown


class TestStrehl:
    def ratios(self, api, user, terms=""):
        answer = api(user).get(f"{STREHL}{terms}")
        assert answer.status_code == 200, answer.content
        assert answer.json()["count"] >= len(answer.json()["results"])
        return [row["strehl_ratio"] for row in answer.json()["results"]]

    def test_each_reader_sees_those_of_observations_that_they_see(self, measured, api, alice, bob, erin, admin):
        for user in (None, bob):
            assert sorted(self.ratios(api, user)) == [0.1, 0.12]
            assert [row["strehl_ratio"] for row in read_csv(api(user).get(f"{STREHL}?format=csv"))] == ["0.12", "0.1"]
        for user in (alice, erin, admin):
            assert sorted(self.ratios(api, user)) == [0.1, 0.12, 0.3]
            assert len(read_csv(api(user).get(f"{STREHL}?format=csv"))) == 3

    @pytest.mark.parametrize(
        ("terms", "expected"),
        [
            ("night=2016-09-25", [0.12, 0.1]),
            ("night_min=2016-09-26", [0.3]),
            ("night_max=2016-09-25", [0.12, 0.1]),
            ("start=2016-09-25T12:00Z", [0.3]),
            ("end=2016-09-25T12:00Z", [0.12, 0.1]),
            ("proposal_id=PROP001", [0.3]),
            ("camera=IR", [0.12, 0.1]),
            ("primary_optical_element=Sz", []),
            ("kind=faint-strehl", [0.12]),
            ("flag=BAD%3F", [0.1]),
            ("strehl_min=0.12", [0.3, 0.12]),
            ("strehl_max=0.12", [0.12, 0.1]),
            ("fwhm_min=0.15", [0.3]),
            ("fwhm_max=0.15", [0.1]),
            ("signal_to_noise_min=1", [0.3, 0.1]),
            ("ordering=strehl_ratio", [0.1, 0.12, 0.3]),
            ("ordering=-fwhm_arcsec,kind", [0.12, 0.3, 0.1]),
            ("limit=1&offset=1", [0.12]),
        ],
    )
    def test_terms_orders_and_pages(self, measured, api, alice, terms, expected):
        assert self.ratios(api, alice, f"?{terms}") == expected
        if "limit" not in terms:
            table = read_csv(api(alice).get(f"{STREHL}?{terms}&format=csv"))
            assert [float(row["strehl_ratio"]) for row in table] == expected

    def test_one_observation_by_its_name(self, measured, api):
        assert self.ratios(api, None, f"?observation={measured.name}") == [0.12, 0.1]

    def test_the_table_says_units_and_everything_that_the_json_says(self, measured, api):
        rows = api(None).get(STREHL).json()["results"]
        table = read_csv(api(None).get(STREHL, headers={"accept": "text/csv"}))
        assert (
            [list(row) for row in table] == [list(row) for row in rows] == [list(observation_examples.STREHL_ROW)] * 2
        )
        for row, cells in zip(rows, table, strict=True):
            for name, value in row.items():
                assert cells[name] == (
                    "" if value is None else "; ".join(value) if isinstance(value, list) else str(value)
                )
        assert (table[1]["target_name"], table[1]["warnings"]) == ("shown, so", "saturated; edge")
        assert table[1]["observed_at_utc"] == measured.observed_at.isoformat().replace("+00:00", "Z")

    @pytest.mark.parametrize("terms", ["flag=MAYBE", "kind=bright", "night=x", "strehl_min=nan", "observation=a%00"])
    def test_what_can_not_be_understood_is_refused(self, measured, api, terms):
        name = terms.split("=", maxsplit=1)[0]
        assert name in api(None).get(f"{STREHL}?{terms}").json()
        refused = api(None).get(f"{STREHL}?{terms}&format=csv")
        assert (refused.status_code, refused["Content-Type"].split(";")[0]) == (400, "text/csv")
        assert name in refused.content.decode()

    def test_a_long_table_is_read_from_the_database_as_it_is_sent(self, measured, api, monkeypatch):
        monkeypatch.setattr("archive.api.quality.ROWS_AT_ONCE", 1)
        answer = api(None).get(f"{STREHL}?format=csv")
        assert answer.streaming
        with CaptureQueriesContext(connection) as asked:
            assert len(b"".join(answer).splitlines()) == 3
        assert len(asked) == 1


class TestSeeing:
    @pytest.fixture
    def seeing(self, ao):
        ao.seeing(fwhm_arcsec=1.0)
        ao.seeing(fwhm_arcsec=1.4, model="gaussian", primary_optical_element="lp600", exposure_time=30.0)
        ao.seeing(fwhm_arcsec=2.4, observed_at=AO_OBSERVED_AT + timedelta(days=1), zenith_500nm_arcsec=None)
        stale = ao.product(kind=ProductKind.SEEING, state=ProductState.STALE)
        ao.seeing(stale, fwhm_arcsec=9.0)

    @pytest.mark.parametrize(
        ("terms", "expected"),
        [
            ("", [2.4, 1.4, 1.0]),
            ("night=2016-09-25", [1.4, 1.0]),
            ("night_min=2016-09-26", [2.4]),
            ("night_max=2016-09-25", [1.4, 1.0]),
            ("start=2016-09-25T12:00Z", [2.4]),
            ("end=2016-09-25T12:00Z", [1.4, 1.0]),
            ("primary_optical_element=lp600", [1.4]),
            ("model=moffat", [2.4, 1.0]),
            ("fwhm_min=1.4", [2.4, 1.4]),
            ("fwhm_max=1.4", [1.4, 1.0]),
            ("exposure_time_min=20", [1.4]),
            ("ordering=fwhm_arcsec", [1.0, 1.4, 2.4]),
            ("ordering=-zenith_500nm_arcsec", [2.4, 1.4, 1.0]),
        ],
    )
    def test_terms_and_orders_for_everybody(self, seeing, api, terms, expected):
        answer = api(None).get(f"{SEEING}?{terms}").json()
        assert [row["fwhm_arcsec"] for row in answer["results"]] == expected
        assert [
            float(row["fwhm_arcsec"]) for row in read_csv(api(None).get(f"{SEEING}?{terms}&format=csv"))
        ] == expected

    def test_superusers_see_it_too(self, seeing, api, admin):
        assert api(admin).get(SEEING).json()["count"] == 3

    def test_rows_have_the_keys_of_the_example(self, seeing, api):
        row = api(None).get(SEEING).json()["results"][0]
        assert shape(row) == shape(observation_examples.SEEING_ROW)
        assert row["zenith_500nm_arcsec"] is None


@pytest.mark.parametrize("where", [STREHL, SEEING])
def test_pages_for_people_and_unknown_formats(api, where):
    assert api(None).get(where, headers={"accept": "text/html"}).status_code == 200
    assert api(None).get(f"{where}?format=xml").status_code == 404


@pytest.mark.parametrize("where", [STREHL, SEEING])
def test_a_page_costs_the_same_statements_however_full(measured, ao, api, alice, where):
    def cost():
        with CaptureQueriesContext(connection) as asked:
            assert api(alice).get(where).status_code == 200
        return len(asked)

    ao.seeing()
    before = cost()
    for _ in range(3):
        ao.strehl(ao.product(ao.observation(), kind=ProductKind.BRIGHT_STREHL))
        ao.seeing()
    assert before == cost() == 3
