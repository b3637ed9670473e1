"""Cells of the sky map: those that astropy_healpix gave for the same places, which client/tests/healpix.json keeps."""

import json

import pytest

from archive.web.search.healpix import cells_of, nested_cells_of
from tests.test_docs import ROOT

ORACLE = json.loads((ROOT / "client" / "tests" / "healpix.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("known", ORACLE["cells"], ids=lambda known: f"order {known['order']}")
def test_cells_are_those_of_astropy_healpix(known):
    ra_deg, dec_deg = zip(*ORACLE["places"], strict=True)
    assert cells_of(ra_deg, dec_deg, order=known["order"]).tolist() == known["cells"]


def test_no_places_have_no_cells():
    assert cells_of([], [], order=5).tolist() == []


@pytest.mark.parametrize("known", ORACLE["cells"], ids=lambda known: f"order {known['order']}")
def test_nested_cells_are_those_of_astropy_healpix(known):
    ra_deg, dec_deg = zip(*ORACLE["places"], strict=True)
    assert nested_cells_of(ra_deg, dec_deg, order=known["order"]).tolist() == known["nested"]
