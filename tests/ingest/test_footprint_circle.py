"""Circles on the sky for headers without a WCS, against spherical trigonometry."""

from itertools import pairwise
from math import atan2, degrees, hypot

import pytest
from astropy.coordinates import SkyCoord
from structlog.testing import capture_logs

from ingest.footprint import footprint_of
from ingest.inspection import CircleKeys
from tests.ingest.sphere_truth import contains, separation_deg, unit

CIRCLE = {"RA": 10.0, "DEC": 20.0, "RADIUS": 3600.0}


@pytest.mark.parametrize(("ra", "dec"), [(10.0, 20.0), (0.0, 0.0), (359.9, -45.0), (77.0, 90.0), (5.0, -89.9)])
@pytest.mark.parametrize("radius_arcsec", [0.5, 3600.0, 200_000.0])
def test_every_vertex_of_a_circle_is_one_radius_from_its_centre(ra, dec, radius_arcsec):
    ring = footprint_of([{"RA": ra, "DEC": dec, "RADIUS": radius_arcsec}])
    assert len(ring) == 33
    assert ring[0] == ring[-1]
    distances = [separation_deg((ra, dec), vertex) * 3600 for vertex in ring]
    assert distances == pytest.approx([radius_arcsec] * 33, rel=1e-8)
    steps = [separation_deg(a, b) for a, b in pairwise(ring)]
    assert steps == pytest.approx([steps[0]] * 32, rel=1e-6)
    assert contains(ring, (ra, dec))
    assert all(0 <= vertex[0] < 360 for vertex in ring)


@pytest.mark.parametrize(
    ("ra", "dec", "truth"),
    [
        ("19:09:17.956", "+59:29:38.15", (287.3248166667, 59.4939305556)),
        ("00 00 04", "-00 00 30", (0.0166666667, -0.0083333333)),
        ("12h30m", "-12d20m54.62s", (187.5, -12.3485055556)),
        ("12.5", 20, (187.5, 20.0)),
        (187.5, "20.5", (187.5, 20.5)),
    ],
)
def test_text_is_read_as_hours_and_numbers_as_degrees(ra, dec, truth):
    ring = footprint_of([{"RA": ra, "DEC": dec, "RADIUS": 36.0}])
    centre = sum(unit(vertex) for vertex in ring[:-1])
    found = degrees(atan2(centre[1], centre[0])) % 360, degrees(atan2(centre[2], hypot(centre[0], centre[1])))
    assert separation_deg(found, truth) * 3600 < 1e-4


def test_a_circle_is_turned_to_icrs_too():
    ring = footprint_of([{**CIRCLE, "RADESYS": "FK4", "EQUINOX": 1950.0}])
    centre = SkyCoord(10, 20, unit="deg", frame="fk4", equinox="B1950").icrs
    assert separation_deg((centre.ra.deg, centre.dec.deg), ring[5]) == pytest.approx(1.0, rel=1e-7)


@pytest.mark.parametrize(
    "wrong", [{"RADIUS": 0.0}, {"RADIUS": 330_000.0}, {"DEC": 91.0}, {"RA": "12:99:xx"}, {"RA": True}, {"DEC": 1e300}]
)
def test_a_circle_that_makes_no_sense_gives_no_outline_and_a_reason(wrong):
    with capture_logs() as remarks:
        assert footprint_of([{**CIRCLE, **wrong}]) is None
    assert [remark["event"] for remark in remarks] == ["footprint_refused"]


@pytest.mark.parametrize("missing", [{"RADIUS": "N/A"}, {"RADIUS": True}, {"RA": None}, {"DEC": ""}])
def test_a_circle_that_is_not_told_gives_no_outline_and_no_remark(missing):
    with capture_logs() as remarks:
        assert footprint_of([{**CIRCLE, **missing}]) is None
    assert remarks == []


def test_an_observatory_may_have_other_keys_for_its_circle():
    header = {"FIELD_R": 3600.0, "OBJ_RA": "10:00:00", "OBJ_DEC": "-30:00:00", "RADIUS": 1.0, "RA": "0:0:0", "DEC": 0.0}
    ring = footprint_of([header], circle=CircleKeys(radius="FIELD_R", ra="OBJ_RA", dec="OBJ_DEC"))
    assert ring is not None
    assert max(dec for _, dec in ring) == pytest.approx(-29.0, abs=0.01)
