"""Coverage maps: cells that hold every place of a footprint and reach beyond it by no more than one of them; who sees what."""

import io
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.web.search import coverage
from archive.web.search.coverage import FINEST, as_fits, as_json, by_order, ranges_of, ranges_of_cells, share_of
from archive.web.search.healpix import nested_cells_of

WHOLE_SKY_DEG2 = 41_252.961
CELL_DEG = np.sqrt(WHOLE_SKY_DEG2 / (12 * 4**FINEST))

ACROSS = 2.0  # the longest way through a cell, in units of its mean side: those at the poles are narrow


def square(ra_deg, dec_deg, half_deg):
    wide = half_deg / np.cos(np.radians(dec_deg))
    around = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    return [(ra_deg + x * wide, dec_deg + y * half_deg) for x, y in around]


def holds(ranges, ra_deg, dec_deg):
    """Whether each place lies in one of the ranges, found one by one."""
    cells = nested_cells_of(ra_deg, dec_deg, order=FINEST)
    return np.any((ranges[:, :1] <= cells) & (cells < ranges[:, 1:]), axis=0)


@settings(max_examples=60, deadline=None)
@given(ra_deg=st.floats(-180, 180), dec_deg=st.floats(-80, 80), half_deg=st.floats(0.3, 1.5))
def test_a_square_is_covered_and_little_else(ra_deg, dec_deg, half_deg):
    """Each place that lies deeper in it than a cell is across; the area is that of the square and a border of cells."""
    ranges = ranges_of([square(ra_deg, dec_deg, half_deg)])
    deep = half_deg - ACROSS * CELL_DEG
    narrowest = np.cos(np.radians(dec_deg)) / np.cos(np.radians(max(abs(dec_deg) - half_deg, 0.0)))
    x, y = (each.ravel() for each in np.meshgrid(*2 * [np.linspace(-deep, deep, 30)]))
    assert holds(ranges, ra_deg + x * narrowest / np.cos(np.radians(dec_deg)), dec_deg + y * narrowest).all()
    # Edges are great circles: towards the poles they bulge by up to (width in RA)² tan(dec) / 16 more than parallels.
    bulge = np.radians(2 * half_deg) * 2 * half_deg * np.tan(np.radians(abs(dec_deg) + half_deg)) / 8
    side, border = 2 * half_deg, 2 * ACROSS * CELL_DEG
    assert share_of(ranges) * WHOLE_SKY_DEG2 <= (side * 1.1 + border + bulge) * (side + border + bulge)


def test_large_footprints_and_very_many_are_told_by_larger_cells(monkeypatch):
    half_of_sky = [(0.0, 0.0), (90.0, 0.0), (180.0, 0.0), (270.0, 0.0), (0.0, 0.0)]
    ranges = ranges_of([[(ra, dec + 1.0) for ra, dec in half_of_sky]])  # a cap down to one degree above the equator
    assert holds(ranges, np.linspace(0, 360, 50), np.full(50, 30.0)).all()
    assert 0.45 < share_of(ranges) < 0.55
    monkeypatch.setattr(coverage, "MOST_POINTS", 500)
    coarse = ranges_of([square(10.0, 20.0, 0.3), square(50.0, 20.0, 0.3)])
    assert holds(coarse, [10.0, 50.0], [20.0, 20.0]).all()
    assert min(by_order(coarse)) < FINEST - 1
    assert len(ranges_of([])) == 0


@given(cells=st.lists(st.integers(0, 12 * 4**4 - 1), max_size=60))
def test_cells_come_back_from_ranges_json_and_fits(cells):
    ranges = ranges_of_cells(np.asarray(cells, dtype=np.int64), order=4)
    for told in (
        {int(order): each for order, each in json.loads(as_json(ranges)).items()},
        _by_unique(as_fits(ranges)[1].data["UNIQ"]),
    ):
        fine = {cell * 4 ** (4 - order) + part for order, each in told.items() for cell in each for part in range(4 ** max(0, 4 - order))}  # fmt: skip
        assert fine == set(cells)
        whole = sum(len(each) for each in told.values())
        assert whole <= len(set(cells))


def _by_unique(numbers):
    found: dict[int, list[int]] = {}
    for number in numbers:
        order = (int(number).bit_length() - 3) // 2
        found.setdefault(order, []).append(int(number) - 4 * 4**order)
    return found


@pytest.mark.django_db
def test_the_map_of_a_question_covers_what_its_reader_may_see(client, alice, frame_factory):
    frame_factory(footprint=square(40.0, 10.0, 0.2))
    hidden = {"public_date": datetime.now(UTC) + timedelta(days=9), "proposal_id": "PROP001"}
    frame_factory(site_id="cpt", footprint=square(80.0, 10.0, 0.2), **hidden)
    answer = client.get("/search/moc/?format=fits")
    assert answer["Content-Disposition"] == 'attachment; filename="coverage.fits"'
    with fits.open(io.BytesIO(answer.content)) as opened:
        assert (opened[1].header["NFRAMES"], opened[1].header["SAMPLE"]) == (1, False)
        shares = [len(opened[1].data)]
    client.force_login(alice)
    mine = json.loads(client.get("/search/moc/").content)
    assert sum(map(len, mine.values())) > shares[0]
    assert client.get("/search/moc/?site_id=elp").json() == {str(FINEST): []}


@pytest.mark.django_db
def test_of_very_many_frames_it_is_a_sample_and_says_so(client, frame_factory, monkeypatch):
    frame_factory(footprint=square(40.0, 10.0, 0.2))
    monkeypatch.setattr("archive.web.search.moc.MOST_CENTRES", 0)
    answer = client.get("/search/moc/?format=fits")
    assert "coverage-of-a-sample" in answer["Content-Disposition"]
    with fits.open(io.BytesIO(answer.content)) as opened:
        assert opened[1].header["SAMPLE"] is True
        assert len(opened[1].data) == 1
    assert client.get("/search/moc/?format=png").status_code == 400
    assert client.get("/search/moc/?start=soon").status_code == 400
