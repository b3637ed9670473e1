"""Cones and boxes against spherical trigonometry done by hand, at the equator, at the poles and across RA 0."""

import itertools
import math
import random

import pytest

from archive.models import Frame

RANDOM = random.Random(20260321)
CENTRES = [(0.01, 0.02), (359.7, 0.2), (0.3, -45.0), (180.1, 60.1), (11.0, 89.7), (203.0, 89.9), (77.0, -89.8)] + [
    (RANDOM.uniform(0, 360), math.degrees(math.asin(RANDOM.uniform(-1, 1)))) for _ in range(60)
]


def vector(ra_deg, dec_deg):
    ra, dec = math.radians(ra_deg), math.radians(dec_deg)
    return (math.cos(dec) * math.cos(ra), math.cos(dec) * math.sin(ra), math.sin(dec))


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def cross(a, b):
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def angle(a, b):
    """Angle between directions, degrees; good at small and at large angles."""
    sine = cross(a, b)
    return math.degrees(math.atan2(math.sqrt(dot(sine, sine)), dot(a, b)))


def from_edge(point, start, end):
    """Distance of a direction from an arc of a great circle, degrees."""
    pole = cross(start, end)
    length = math.sqrt(dot(pole, pole))
    if dot(cross(pole, start), point) >= 0 and dot(cross(end, pole), point) >= 0:
        return abs(math.degrees(math.asin(max(-1.0, min(1.0, dot(pole, point) / length)))))
    return min(angle(point, start), angle(point, end))


def from_footprint(ra_deg, dec_deg, ring):
    """Distance of a place from a convex footprint, degrees."""
    point, corners = vector(ra_deg, dec_deg), [vector(*corner) for corner in ring]
    edges = list(itertools.pairwise(corners))
    middle = tuple(sum(values) for values in zip(*corners[:-1], strict=True))
    sides = [dot(cross(a, b), point) * dot(cross(a, b), middle) for a, b in edges]
    if all(side >= 0 for side in sides) and dot(point, middle) > 0:
        return 0.0
    return min(from_edge(point, a, b) for a, b in edges)


def square(ra_deg, dec_deg, *, half_diagonal_deg=0.7):
    """Four corners at one distance from a centre."""
    c, s = math.cos(math.radians(half_diagonal_deg)), math.sin(math.radians(half_diagonal_deg))
    ra, dec = math.radians(ra_deg), math.radians(dec_deg)
    east = (-math.sin(ra), math.cos(ra), 0.0)
    centre = vector(ra_deg, dec_deg)
    north = cross(centre, east)
    ring = []
    for turn in range(4):
        e, n = math.cos(turn * math.pi / 2 + 0.3), math.sin(turn * math.pi / 2 + 0.3)
        x, y, z = (c * centre[i] + s * (e * east[i] + n * north[i]) for i in range(3))
        ring.append((math.degrees(math.atan2(y, x)) % 360.0, math.degrees(math.asin(z))))
    assert dec == pytest.approx(math.radians(dec_deg))
    return (*ring, ring[0])


@pytest.fixture
def sky(frame_factory):
    """Id of each frame: the centre and ring of its footprint."""
    return {frame_factory(footprint=square(*centre)).pk: (centre, square(*centre)) for centre in CENTRES}


def found(client, **terms) -> set[int]:
    answer = client.get("/frames/", {"limit": 1000, "include_related_frames": "false", **terms})
    assert answer.status_code == 200, answer.content
    return {row["id"] for row in answer.json()["results"]}


def test_a_cone_finds_the_footprints_that_it_reaches(sky, frame_factory, api):
    frame_factory()  # without a footprint: in no cone
    client = api(None)
    places = [(0.0, 0.0), (359.9, -1.0), (0.0, 90.0), (123.0, -90.0), (180.0, 0.0), (300.0, 88.5)]
    places += [(RANDOM.uniform(-180, 360), RANDOM.uniform(-90, 90)) for _ in range(8)]
    for ra_deg, dec_deg in places:
        distances = {pk: from_footprint(ra_deg, dec_deg, ring) for pk, (_, ring) in sky.items()}
        for radius_deg in (0.0, 0.5, 3.0, 40.0, 120.0, 180.0):
            expected = {pk for pk, distance in distances.items() if distance <= radius_deg}
            assert found(client, cone=f"{ra_deg},{dec_deg},{radius_deg}") == expected, (ra_deg, dec_deg, radius_deg)


@pytest.mark.parametrize(("ra_deg", "dec_deg"), [(0.0, 0.0), (90.0, 60.0), (0.1, 89.0), (359.9, -30.0)])
def test_the_border_of_a_cone_lies_where_trigonometry_has_it(frame_factory, api, ra_deg, dec_deg):
    """Along the meridian, a degree from the nearest corner: on a spheroid this would be off by up to 0.003 degrees."""
    ring = (
        (ra_deg - 0.1, dec_deg - 0.2),
        (ra_deg + 0.1, dec_deg - 0.2),
        (ra_deg, dec_deg),
        (ra_deg - 0.1, dec_deg - 0.2),
    )
    frame = frame_factory(footprint=ring)
    place = (ra_deg, dec_deg + 1.0) if dec_deg < 89 else (ra_deg, 90.0)
    for radius_deg, expected in ((1.0 - 1e-6, set()), (1.0 + 1e-6, {frame.pk})):
        assert found(api(None), cone=f"{place[0]},{place[1]},{radius_deg}") == expected


BOXES = [
    (0, 60, 60, 61), (100, 160, 70, 70.5), (350, 10, -90, 90), (350, 10, -1, 1), (0, 360, 89, 90), (180, 180.5, 59, 61),
    (-10, 10, -50, 1), (0, 180, -90, 90), (180, 360, -90, 90), (359.5, 0.5, -1, 1), (10, 350, -30, 30), (-180, 180, 0, 90),
]  # fmt: skip


def is_between(ra_deg, first, last):
    """Going eastwards from `first` one meets `ra_deg` no later than `last`."""
    return last - first >= 360 or (ra_deg - first) % 360 <= (last - first) % 360


def test_a_box_holds_the_centres_between_its_borders(sky, frame_factory, api):
    frame_factory()
    client = api(None)
    boxes = BOXES + [
        (RANDOM.uniform(0, 360), RANDOM.uniform(0, 360), *sorted((RANDOM.uniform(-90, 90), RANDOM.uniform(-90, 90))))
        for _ in range(25)
    ]
    sizes = set()
    for west, east, south, north in boxes:
        expected = {
            pk for pk, ((ra, dec), _) in sky.items() if is_between(ra, west, east) and south <= dec <= north
        }  # fmt: skip
        sizes.add(len(expected))
        assert found(client, ra_min=west, ra_max=east, dec_min=south, dec_max=north) == expected, (
            west,
            east,
            south,
            north,
        )
    assert len(sizes) > 5


def test_missing_borders_are_those_of_the_whole_sky(sky, api):
    client = api(None)
    centres = {pk: centre for pk, (centre, _) in sky.items()}
    assert found(client, ra_min=200) == {pk for pk, (ra, _) in centres.items() if ra >= 200}
    assert found(client, ra_max=100) == {pk for pk, (ra, _) in centres.items() if ra <= 100}
    assert found(client, dec_min=30) == {pk for pk, (_, dec) in centres.items() if dec >= 30}
    assert found(client, dec_max=-30) == {pk for pk, (_, dec) in centres.items() if dec <= -30}
    assert found(client, dec_min=30, dec_max=20) == set()
    assert Frame.objects.count() == len(CENTRES)


def test_intersects_finds_footprints_that_only_touch(frame_factory, api):
    frame = frame_factory(footprint=square(0.0, 0.0))
    client = api(None)
    half = "POLYGON((0 -3,3 -3,3 3,0 3,0 -3))"
    assert found(client, intersects=half) == {frame.pk}
    assert found(client, covers=half) == set()
    assert found(client, intersects="POLYGON((1 -3,3 -3,3 3,1 3,1 -3))") == set()
    assert found(client, intersects="POINT(359.9 0)") == {frame.pk}
