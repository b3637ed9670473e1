"""What all measurements say together: quantiles of a few known numbers, of what each reader may see."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.api import observation_examples
from archive.enums import ProductKind, ProductState
from archive.models import ContrastCurve
from tests.archive.test_observations_api import shape
from tests.factories import AO_OBSERVED_AT

pytestmark = pytest.mark.django_db
NEVER = None


def told(api, user, address: str):
    answer = api(user).get(f"/quality/{address}")
    assert answer.status_code == 200, answer.content
    return answer.json()


class TestSeeing:
    @pytest.fixture
    def seeing(self, ao):
        for day, width in ((0, 1.0), (0, 2.0), (0, 1.5), (1, 1.25), (10, 0.75)):
            at = AO_OBSERVED_AT + timedelta(days=day, minutes=10 * width)
            ao.seeing(observed_at=at, fwhm_arcsec=width, zenith_500nm_arcsec=width / 2)
        ao.seeing(fwhm_arcsec=9.0)  # no star
        ao.seeing(ao.product(kind=ProductKind.SEEING, state=ProductState.STALE), fwhm_arcsec=2.5)

    def test_by_night_and_by_month(self, seeing, api):
        nights = told(api, None, "seeing/statistics/")["results"]
        assert [(row["period"], row["n"]) for row in nights] == [
            ("2016-10-05", 1),
            ("2016-09-26", 1),
            ("2016-09-25", 3),
        ]
        of_first = nights[-1]
        assert [of_first[f"as_seen_{quartile}"] for quartile in ("q1", "median", "q3")] == [1.25, 1.5, 1.75]
        assert (of_first["mean_arcsec"], of_first["zenith_500nm_median"]) == (1.5, 0.75)
        assert shape(of_first) == shape(observation_examples.SEEING_QUARTILES)
        months = told(api, None, "seeing/statistics/?by=month")["results"]
        assert [(row["period"], row["n"], row["as_seen_median"]) for row in months] == [
            ("2016-10-01", 1, 0.75),
            ("2016-09-01", 4, 1.375),
        ]
        assert told(api, None, "seeing/statistics/?night_max=2016-09-25&by=month")["results"][0]["n"] == 3
        assert api(None).get("/quality/seeing/statistics/?by=year").status_code == 400


class TestStrehl:
    @pytest.fixture
    def strehls(self, ao):
        """Ratio, magnitude, seeing and how long before that was measured; PROP001 is public but for one."""
        for ratio, magnitude, seeing, minutes, changes in (
            (0.25, 9.5, 1.25, 1, {}),
            (0.75, 9.25, 1.3, -2, {}),
            (0.5, 10.5, 1.5, 5, {}),
            (0.125, 10.0, None, 0, {"public_date": NEVER}),
            (0.1, None, 0.1, 0, {"primary_optical_element": "lp600"}),
        ):
            observation = ao.observation(
                magnitude=magnitude,
                seeing_nearest_arcsec=seeing,
                seeing_nearest_at=AO_OBSERVED_AT - timedelta(minutes=minutes),
                **changes,
            )
            ao.strehl(ao.product(observation, kind=ProductKind.BRIGHT_STREHL), strehl_ratio=ratio)
        bad = ao.product(ao.observation(), kind=ProductKind.BRIGHT_STREHL)
        ao.strehl(bad, strehl_ratio=0.9, flag="BAD?")

    def test_by_filter_of_what_each_reader_may_see(self, strehls, api, alice):
        def rows(user):
            found = told(api, user, "strehl/statistics/")["results"]
            assert {row["kind"] for row in found} == {"bright-strehl"}
            return [(row["primary_optical_element"], row["n"], row["median"], row["low"]) for row in found]

        assert rows(None) == [("Si", 3, 0.5, None), ("lp600", 1, 0.1, None)]
        assert rows(alice)[0] == ("Si", 4, 0.375, None)

    def test_over_the_seeing_that_was_measured_within_minutes_and_over_the_magnitude(self, strehls, api, alice):
        (of_seeing,) = told(api, alice, "strehl/statistics/?over=seeing")["results"]
        assert (of_seeing["low"], of_seeing["high"], of_seeing["n"], of_seeing["mean"]) == (1.2, 1.4, 2, 0.5)
        assert shape(of_seeing) == shape(observation_examples.STREHL_QUARTILES)
        bins = told(api, alice, "strehl/statistics/?over=magnitude")["results"]
        assert [(row["low"], row["n"], row["median"]) for row in bins] == [(9.0, 2, 0.5), (10.0, 2, 0.3125)]
        assert told(api, None, "strehl/statistics/?over=magnitude")["results"][1]["n"] == 1


def test_limits_of_contrast_and_those_of_the_best_tenth(ao, api, alice):
    for number in range(11):
        observation = ao.observation(public_date=NEVER if number == 10 else AO_OBSERVED_AT)
        product = ao.product(observation, kind=ProductKind.BRIGHT_PCA)
        ContrastCurve.objects.create(
            product=product, observation=observation, separations_arcsec=[0.5], delta_mags=[1.0], throughputs=[1.0],
            thresholds=[5.0], sigma=5.0, fwhm_arcsec=0.1, delta_mag_0p5=float(number), delta_mag_1p0=2.0 * number,
            component_count=1, reference_count=2, library_version="a" * 64, measured_at=AO_OBSERVED_AT,
        )  # fmt: skip
    (row,) = told(api, alice, "contrast/statistics/")["results"]
    assert row == {
        "primary_optical_element": "Si", "kind": "bright-pca", "n": 11,
        "median_at_0p5": 5.0, "median_at_1p0": 10.0, "best_tenth_at_0p5": 9.0, "best_tenth_at_1p0": 18.0,
    }  # fmt: skip
    assert row.keys() == observation_examples.CONTRAST_LIMITS.keys()
    assert told(api, None, "contrast/statistics/")["results"][0]["n"] == 10


class TestDeadTimes:
    @pytest.fixture
    def night(self, ao):
        """Begins at seconds, and how long each took: gaps of 30 s, 100 s, an overlap, 2000 s, two hours."""
        for begin_s, ended_s, exposed_s in (
            (0, 60, None),
            (90, 150, 1000.0),  # the header's end stands above the exposure
            (250, None, 100.0),
            (340, 400, None),
            (2400, 2400, None),
            (9600, 9600, None),
            (86_400, 86_500, None),  # the next night
        ):
            begin = datetime(2016, 9, 25, 2, tzinfo=UTC) + timedelta(seconds=begin_s)
            ended = None if ended_s is None else begin + timedelta(seconds=ended_s - begin_s)
            ao.observation(observed_at=begin, ended_at=ended, exposure_time=exposed_s)

    def test_each_gap_is_counted_in_its_bins(self, night, api):
        found = told(api, None, "dead-times/")
        assert (found["n"], found["n_overlaps"], found["quartiles_s"]["median"]) == (4, 1, (100 + 2000) / 2)
        assert found.keys() == observation_examples.DEAD_TIMES.keys()
        counts = {each["below_s"]: each["counts"] for each in found["histograms"]}
        assert counts == {
            3600: [2, 0, 0, 0, 0, 1, 0, 0, 0, 0],
            300: [0, 1, 0, 1, 0, 0, 0, 0, 0, 0],
            60: [0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
        }
        assert found["histograms"][0]["edges_s"][:2] == [0.0, 360.0]

    def test_they_are_between_observations_that_the_reader_may_see(self, night, ao, api, alice):
        hidden = datetime(2016, 9, 25, 2, tzinfo=UTC) + timedelta(seconds=200)
        ao.observation(observed_at=hidden, ended_at=hidden + timedelta(seconds=10), public_date=NEVER)
        assert (told(api, None, "dead-times/")["n"], told(api, alice, "dead-times/")["n"]) == (4, 5)
        assert told(api, None, "dead-times/?night_min=2016-09-26")["n"] == 0

    def test_each_answer_is_one_statement(self, night, api):
        for address in ("dead-times/", "strehl/statistics/?over=seeing", "seeing/statistics/", "contrast/statistics/"):
            with CaptureQueriesContext(connection) as asked:
                told(api, None, address)
            assert len(asked) == 1, address
