"""Which three frames of a target are taken, whatever order they come in."""

import random
from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import pytest

from archive.domain.colour_choice import Candidate, place_of, triples_of
from pipeline.arrays.passbands import passband_of
from tests.colours import area_of, wcs_at

BEGUN_AT = datetime(2025, 3, 10, tzinfo=UTC)
COUNTER = count(1)


def candidate(name, *, days=0.0, exposure_s=60.0, level=91, camera="fa15", site="lsc", middle=(202.0, 47.0)):
    number = next(COUNTER)
    place, reach_deg = place_of(area_of(wcs_at(*middle))[:-1])
    at = BEGUN_AT + timedelta(days=days)
    return Candidate(
        number, number, "M 51", site, camera, passband_of(name), at, exposure_s, level, place, reach_deg
    )  # fmt: skip


def chosen(*candidates):
    """Frames of the one triple; the same in whatever order they are given."""
    answers = set()
    for seed in range(4):
        mixed = list(candidates)
        random.Random(seed).shuffle(mixed)
        answers.add(tuple(triple.versions for triple in triples_of(mixed)))
    (answer,) = answers
    assert len(answer) <= 1
    return [next(each for each in candidates if each.version_id == found) for found in (answer[0] if answer else ())]


def names(frames):
    return [frame.passband.label for frame in frames]


def test_the_widest_range_of_light_is_taken_with_its_middle_in_between():
    frames = [candidate(name) for name in ("gp", "rp", "ip", "zs", "B")]
    assert names(chosen(*frames)) == ["Pan-STARRS z", "Sloan r", "Johnson B"]


def test_reduced_frames_go_before_a_wider_range_of_raw_ones():
    reduced = [candidate(name) for name in ("gp", "rp", "ip")]
    assert chosen(*reduced, candidate("up", level=0), candidate("zp", level=0)) == reduced[::-1]


def test_the_same_night_goes_before_longer_exposures_and_these_before_newer_frames():
    green, blue = candidate("rp"), candidate("gp")
    late = candidate("ip", days=3, exposure_s=900)
    short, long = candidate("ip", days=0.2, exposure_s=30), candidate("ip", days=0.1, exposure_s=60)
    assert chosen(green, blue, late, short, long) == [long, green, blue]


@pytest.mark.parametrize(("days", "n"), [(29.9, 3), (30.1, 0)])
def test_more_than_thirty_days_lie_between_no_two_of_them(days, n):
    assert len(chosen(candidate("ip"), candidate("rp", days=15), candidate("gp", days=days))) == n


@pytest.mark.parametrize("other", [{"camera": "fa16"}, {"site": "cpt"}, {"middle": (202.5, 47.0)}])
def test_another_camera_site_or_place_is_not_mixed_in(other):
    assert chosen(candidate("ip"), candidate("rp"), candidate("gp", **other)) == []


def test_each_camera_has_its_own():
    frames = [candidate(name, camera=camera) for name in ("gp", "rp", "ip") for camera in ("fa15", "fa16")]
    found = list(triples_of(frames))
    assert [triple.green.instrument_id for triple in found] == ["fa15", "fa16"]
    assert all(len({frame.instrument_id for frame in triple.frames}) == 1 for triple in found)


def test_two_kinds_of_the_same_red_are_no_two_colours():
    assert chosen(candidate("rp"), candidate("R"), candidate("gp")) == []
    assert chosen(candidate("HA"), candidate("N2"), candidate("O3")) == []
    assert names(chosen(candidate("HA"), candidate("S2"), candidate("O3"))) == ["S II", "H-alpha", "O III"]


def test_three_that_are_ruled_out_give_way_to_the_next_best():
    first = [candidate(name, exposure_s=90) for name in ("ip", "rp", "gp")]
    second = [candidate(name, exposure_s=60) for name in ("ip", "rp", "gp")]
    ruled_out = {tuple(frame.version_id for frame in first)}
    (triple,) = triples_of([*first, *second], without=ruled_out)
    assert triple.versions not in ruled_out


@pytest.mark.parametrize("middle", [(0.0, 10.0), (359.9999, -69.5), (77.0, 89.99), (180.0, -89.99)])
def test_places_at_right_ascension_zero_and_the_poles_are_as_any_other(middle):
    ra_deg, dec_deg = np.radians(middle)
    where = np.array([np.cos(dec_deg) * np.cos(ra_deg), np.cos(dec_deg) * np.sin(ra_deg), np.sin(dec_deg)])
    place, reach_deg = place_of(area_of(wcs_at(*middle))[:-1])
    assert np.degrees(np.linalg.norm(np.array(place) - where)) * 3600 < 0.1
    # Corners lie at 80 by 100 pixels of 2 arcsec from the middle.
    assert reach_deg * 3600 == pytest.approx(2 * np.hypot(80, 100) / np.sqrt(2), rel=1e-3)
    frames = [candidate(name, middle=middle) for name in ("ip", "rp", "gp")]
    assert chosen(*frames) == frames


def test_hundreds_of_frames_are_chosen_from_at_once():
    frames = [candidate(name, days=n / 20) for name in ("B", "V", "gp", "rp", "ip", "zs") for n in range(120)]
    (triple,) = triples_of(frames)
    assert names(triple.frames) == ["Pan-STARRS z", "Sloan r", "Johnson B"]


@pytest.mark.parametrize("corners", [[(10.0, 20.0)] * 4, [(0.0, 0.0), (90.0, 0.0), (180.0, 0.0), (270.0, 0.0)]])
def test_what_has_no_size_or_goes_all_around_has_no_place(corners):
    assert place_of(corners) is None
