"""Terms of /observations/: each finds what it should and leaves the rest out."""

import math
import random
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import pytest
from astropy.coordinates import Angle, angular_separation

from archive.enums import ProductKind, ProductState, SignalClass
from archive.errors import UsageError
from archive.terms import places
from archive.terms.observations import ObservationFilter

pytestmark = pytest.mark.django_db


@pytest.fixture
def found(api):
    """Target names that a query finds, in alphabetical order."""

    def find(query: str) -> list[str]:
        answer = api(None).get(f"/observations/?{query}&limit=1000")
        assert answer.status_code == 200, answer.content
        return sorted(row["target_name"] for row in answer.json()["results"])

    return find


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("proposal_id=4", ["a"]),
        ("proposal_id=*", []),
        ("camera=IR", ["b"]),
        ("primary_optical_element=lp600", ["b"]),
        ("telescope_id=palomar", ["c"]),
        ("night=2016-09-26", ["b"]),
        ("night_min=2016-09-26", ["b", "c"]),
        ("night_max=2016-09-26", ["a", "b"]),
        ("start=2016-09-25T10:00:00.5Z", ["b", "c"]),
        ("end=2016-09-25T10:00:00.5Z", ["a"]),
        ("start=2016-09-25T10:00Z&end=2016-09-26T10:00Z", ["a", "b"]),
        ("signal_class=faint", ["b"]),
        ("signal_class=faint&signal_class=failed", ["b", "c"]),
        ("name=4_a", ["a"]),
        ("name=4_", []),
        ("no_such_term=1", ["a", "b", "c"]),
        ("name=&night=&signal_class=&done=&strehl_min=&strehl_flag=&ra=&cone=", ["a", "b", "c"]),
    ],
)
def test_columns_are_compared(ao, found, query, expected):
    at = datetime(2016, 9, 25, 10, tzinfo=UTC)
    ao.observation(target_name="a", name="4_a", proposal_id="4", observed_at=at)
    ao.observation(
        target_name="b",
        camera="IR",
        primary_optical_element="lp600",
        observed_at=at + timedelta(days=1),
        signal_class=SignalClass.FAINT,
    )
    ao.observation(
        target_name="c",
        telescope_id="palomar",
        observed_at=at + timedelta(days=2),
        signal_class=SignalClass.FAILED,
    )
    assert found(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("target_name=yrsa", ["351_Yrsa", "Comet"]),
        ("target_name=MESSIER", ["M_51"]),
        ("target_name=351_", ["351_Yrsa"]),
        ("target_name=%25", ["100%"]),
        ("target_name=1_whirl", []),
        ("target_name_exact=M_51", ["M_51"]),
        ("target_name_exact=Whirlpool", ["M_51"]),
        ("target_name_exact=whirlpool", []),
        ("target_name_exact=Whirl", []),
    ],
)
def test_a_target_is_found_by_any_of_its_names(ao, found, query, expected):
    for name, others in (("351_Yrsa", []), ("M_51", ["Messier 51", "Whirlpool"]), ("Comet", ["Yrsa's"]), ("100%", [])):
        ao.observation(target_name=name, alternative_names=others)
    assert found(query) == expected


class TestRanges:
    """What lacks a value is left out when a range is asked for, and stays when it is not."""

    RANGES = {
        "exposure_time": "exposure_time",
        "magnitude": "magnitude",
        "altitude": "altitude_deg",
        "azimuth": "azimuth_deg",
        "seeing_median": "seeing_median_arcsec",
        "seeing_nearest": "seeing_nearest_arcsec",
    }

    @pytest.mark.parametrize("term", RANGES)
    def test_borders_are_included_and_nulls_stay_without_them(self, ao, found, term):
        for name, value in (("low", 10.0), ("high", 20.0), ("none", None)):
            ao.observation(target_name=name, **{self.RANGES[term]: value})
        assert found("") == ["high", "low", "none"]
        assert found(f"{term}_min=20") == ["high"]
        assert found(f"{term}_max=10") == ["low"]
        assert found(f"{term}_min=10&{term}_max=20") == ["high", "low"]
        assert found(f"{term}_min=10.001&{term}_max=19.999") == []

    def test_azimuth_goes_across_north(self, ao, found):
        for azimuth_deg in (5.0, 90.0, 355.0):
            ao.observation(target_name=f"{azimuth_deg:.0f}", azimuth_deg=azimuth_deg)
        assert found("azimuth_min=350&azimuth_max=10") == ["355", "5"]


class TestStrehl:
    @pytest.fixture
    def measured(self, ao):
        both = ao.observation(target_name="both")
        ao.strehl(ao.product(both, kind=ProductKind.BRIGHT_STREHL), strehl_ratio=0.1, flag="BAD?")
        ao.strehl(ao.product(both, kind=ProductKind.FAINT_STREHL), strehl_ratio=0.3)
        one = ao.observation(target_name="one")
        ao.strehl(ao.product(one, kind=ProductKind.BRIGHT_STREHL), strehl_ratio=0.3)
        ao.observation(target_name="none")
        past = ao.observation(target_name="past")
        ao.strehl(ao.product(past, kind=ProductKind.BRIGHT_STREHL, state=ProductState.STALE), strehl_ratio=0.9)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", ["both", "none", "one", "past"]),
            ("strehl_min=0", ["both", "one"]),
            ("strehl_min=0.3", ["both", "one"]),
            ("strehl_min=0.31", []),
            ("strehl_max=0.1", ["both"]),
            ("strehl_min=0.05&strehl_max=0.2", ["both"]),
            ("strehl_flag=BAD%3F", ["both"]),
            ("strehl_flag=OK", ["both", "one"]),
            ("strehl_flag=BAD%3F&strehl_min=0.2", []),  # no measurement is both
            ("strehl_kind=faint-strehl", ["both"]),
            ("strehl_kind=bright-strehl&strehl_min=0.2", ["one"]),
            ("strehl_kind=faint-strehl&strehl_flag=BAD%3F", []),
            ("bright_strehl_min=0.2", ["one"]),
            ("bright_strehl_max=0.2", ["both"]),
            ("bright_strehl_flag=BAD%3F", ["both"]),
            ("bright_strehl_flag=OK", ["one"]),
            ("faint_strehl_min=0.3&faint_strehl_max=0.3", ["both"]),
            ("faint_strehl_flag=OK&bright_strehl_flag=BAD%3F", ["both"]),
            ("faint_strehl_flag=OK&bright_strehl_min=0.2", []),
        ],
    )
    def test_one_measurement_that_stands_meets_all_terms(self, measured, found, query, expected):
        assert found(query) == expected


def test_states_of_products_are_asked_for_one_by_one(ao, found):
    made = {
        "all": {ProductKind.BRIGHT: ProductState.DONE, ProductKind.FAINT: ProductState.DONE},
        "half": {ProductKind.BRIGHT: ProductState.DONE, ProductKind.FAINT: ProductState.FAILED},
        "none": {},
        "past": {ProductKind.BRIGHT: ProductState.STALE},
    }
    for name, products in made.items():
        observation = ao.observation(target_name=name)
        for kind, state in products.items():
            ao.product(observation, kind=kind, state=state)
    assert found("done=bright") == ["all", "half"]
    assert found("done=bright&done=faint") == ["all"]
    assert found("not_done=faint") == ["half", "none", "past"]
    assert found("done=bright&not_done=faint") == ["half"]
    assert found("failed=faint") == ["half"]
    assert found("failed=bright&failed=faint") == []


def separation_deg(a: tuple[float, float], b: tuple[float, float]) -> float:
    """By astropy."""
    return math.degrees(angular_separation(*map(math.radians, (*a, *b))))


class TestCones:
    PLACES = [(0.0, 90.0), (123.0, -90.0), (0.0, 0.0), (359.99, 30.0), (0.01, -60.0), (180.0, 5.0), (-180.0, 5.0)]

    @pytest.mark.parametrize("radius_deg", [0.02, 3.0, 60.0, 170.0])
    @pytest.mark.parametrize("place", PLACES, ids=str)
    def test_they_hold_what_lies_so_near_at_the_poles_and_across_ra_0_too(self, ao, found, place, radius_deg):
        chance = random.Random(f"{place} {radius_deg}")
        around = [_towards(place, chance.uniform(0, 360), radius_deg * chance.uniform(0.0, 1.9)) for _ in range(12)]
        for number, (ra_deg, dec_deg) in enumerate(around):
            ao.observation(target_name=f"{number:02d}", ra_deg=ra_deg, dec_deg=dec_deg)
        ao.observation(target_name="nowhere", ra_deg=None)
        expected = [f"{number:02d}" for number, at in enumerate(around) if separation_deg(place, at) <= radius_deg]
        ra_deg, dec_deg = place
        assert found(f"cone={ra_deg},{dec_deg},{radius_deg}") == expected
        assert found(f"ra={ra_deg}&dec={dec_deg}&radius={radius_deg}") == expected
        assert found(f"ra={ra_deg + 360}&dec={dec_deg}&radius={radius_deg}") == expected

    @pytest.mark.parametrize(
        "query",
        [
            "cone=1,2",
            "cone=1,91,1",
            "cone=a,b,c",
            "cone=1,2,-1",
            "ra=1",
            "ra=1&dec=2",
            "radius=1",
            "ra=1&dec=-91&radius=1",
            "radius_unit=deg",
            "ra=1&dec=2&radius=1&radius_unit=mile",
            "ra=1&dec=2&radius=700000&radius_unit=arcsec",
            "ra=24:00:00&dec=2&radius=1",
            "ra=-1:30&dec=2&radius=1",
            "ra=1h60m&dec=2&radius=1",
            "ra=1&dec=1h30m&radius=1",
            "ra=1&dec=90:00:01&radius=1",
            "ra=1&dec=1.5:30&radius=1",
            "ra=1&dec=nan&radius=1",
            "ra=1e999&dec=1&radius=1",
        ],
    )
    def test_what_is_no_cone_is_refused(self, api, db, query):
        assert api(None).get(f"/observations/?{query}").status_code == 400

    @pytest.mark.parametrize(
        ("ra", "dec"),
        [
            ("2:01:50", "-12:30"),
            ("02h01m50.0s", "-12d30m00s"),
            ("30.458333333333", "-12.5"),
            ("30d27m30s", "\N{MINUS SIGN}12°30'"),
            ("2 01 50", " -12 30 00 "),
        ],
    )
    def test_every_form_of_a_place_means_the_same(self, ao, found, ra, dec):
        ao.observation(target_name="there", ra_deg=30.458333333333, dec_deg=-12.5)
        ao.observation(target_name="where a sign of degrees alone would lead", ra_deg=30.4583333, dec_deg=-11.5)
        for radius in ("radius=1&radius_unit=arcsec", "radius=0.02&radius_unit=arcmin", "radius=5e-6&radius_unit=rad"):
            assert found(f"{urlencode({'ra': ra, 'dec': dec})}&{radius}") == ["there"]
        assert found(f"cone={quote(ra)},{quote(dec)},0.001") == ["there"]

    @pytest.mark.parametrize(("unit", "per_degree"), [("arcsec", 3600), ("arcmin", 60), ("deg", 1), ("rad", 0.0174533)])
    def test_a_radius_is_in_its_unit(self, ao, found, unit, per_degree):
        for name, dec_deg in (("near", 0.99), ("far", 1.01)):
            ao.observation(target_name=name, ra_deg=0.0, dec_deg=dec_deg)
        assert found(f"ra=0&dec=0&radius={per_degree}&radius_unit={unit}") == ["near"]


@pytest.mark.parametrize("sign", ["", "-", "+"])
@pytest.mark.parametrize("seconds", ["00:30:00", "0:00:00.25", "12:34:56.789", "23:59:59.999"])
def test_sexagesimals_are_read_as_astropy_reads_them(sign, seconds):
    letters = "{}d{}m{}s".format(*seconds.split(":"))
    for text in (sign + seconds, sign + letters, (sign + seconds).replace(":", " ")):
        assert places.declination_deg(text) == pytest.approx(Angle(sign + seconds, "deg").deg, abs=1e-12)
    if not sign:
        for text in (seconds, letters.replace("d", "h")):
            assert places.right_ascension_deg(text) == pytest.approx(Angle(seconds, "hourangle").deg, abs=1e-12)
        assert places.right_ascension_deg(letters) == pytest.approx(Angle(seconds, "deg").deg, abs=1e-12)


@pytest.mark.parametrize("text", ["", "x", "1:2:3:4", "1:-2", "--1", "1h", "1d60m", "1:2:60", "1..2", "9" * 61, "91"])
def test_what_is_no_declination_is_refused_with_the_forms_that_are_understood(text):
    with pytest.raises(UsageError, match="D:M:S"):
        places.declination_deg(text)


def _towards(place, angle_deg: float, distance_deg: float) -> tuple[float, float]:
    """The place at a distance in a direction, north through east."""
    ra, dec, angle, distance = (math.radians(each) for each in (*place, angle_deg, distance_deg))
    dec2 = math.asin(
        max(-1.0, min(1.0, math.sin(dec) * math.cos(distance) + math.cos(dec) * math.sin(distance) * math.cos(angle)))
    )
    ra2 = ra + math.atan2(
        math.sin(angle) * math.sin(distance) * math.cos(dec), math.cos(distance) - math.sin(dec) * math.sin(dec2)
    )
    return math.degrees(ra2) % 360.0, math.degrees(dec2)


@pytest.mark.parametrize(
    "query",
    [
        "night=yesterday",
        "start=then",
        "signal_class=bright",
        "done=no-kind",
        "done=dark",
        "strehl_min=nan",
        "strehl_max=inf",
        "bright_strehl_min=20",
        "strehl_max=100",
        "seeing_nearest_min=x",
        "radius_unit=mile",
        "strehl_flag=MAYBE",
        "magnitude_min=x",
        "target_name=a%00b",
        "name=a%00b",
    ],
)
def test_what_can_not_be_understood_is_refused_and_named(api, query):
    answer = api(None).get(f"/observations/?{query}")
    assert answer.status_code == 400
    assert query.split("=", maxsplit=1)[0] in answer.json()


def test_per_cent_are_told_apart_from_shares(api):
    assert "write 20 per cent as 0.2" in api(None).get("/observations/?faint_strehl_max=80").content.decode()


def test_every_term_stands_in_the_document(client):
    parameters = client.get("/openapi/?format=json").json()["paths"]["/observations/"]["get"]["parameters"]
    assert {each["name"] for each in parameters} >= set(ObservationFilter.base_filters)
    assert all(each.get("description") for each in parameters if each["name"] in ObservationFilter.base_filters)
