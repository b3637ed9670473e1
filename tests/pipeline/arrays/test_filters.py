import numpy as np
import pytest

from pipeline.arrays.filters import KNOWN_FILTERS, flat_band, monochromatic, sloped_band


@pytest.mark.parametrize("known", KNOWN_FILTERS.values(), ids=lambda known: known.name)
def test_the_shares_of_the_photons_are_a_whole_within_the_band(known):
    assert sum(known.weights) == pytest.approx(1)
    assert min(known.weights) >= 0
    assert min(known.wavelengths_nm) < known.effective_nm < max(known.wavelengths_nm)


@pytest.mark.parametrize(
    ("name", "effective_nm"), [("Sg", 482), ("Sr", 622), ("Si", 760), ("Sz", 890), ("lp600", 716.5)]
)
def test_bands_are_as_sharp_as_the_published_table_implies(name, effective_nm):
    assert KNOWN_FILTERS[name].effective_nm == pytest.approx(effective_nm, abs=1e-6)


def test_a_flat_band_is_as_sharp_as_the_geometric_mean_of_its_edges():
    assert flat_band("wide", 600, 1000).effective_nm == pytest.approx(np.sqrt(600 * 1000), rel=1e-6)


def test_one_wavelength_is_its_own_mean():
    assert monochromatic("laser", 633.0).effective_nm == pytest.approx(633.0)


def test_a_wavelength_that_no_straight_line_reaches_is_refused():
    with pytest.raises(ValueError, match="no straight line"):
        sloped_band("Si", 763.0, (695.0, 845.0), effective_nm=840.0)
