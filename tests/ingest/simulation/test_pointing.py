from dataclasses import replace

import numpy as np
import pytest

from ingest.simulation.observatory import FA06, M51
from ingest.simulation.pointing import wcs_of


def test_without_rotation_north_is_up_and_east_is_left():
    cd = wcs_of(replace(FA06, rotation_deg=0.0), M51).wcs.cd
    np.testing.assert_allclose(cd, np.diag([-0.778, 0.778]) / 3600, atol=1e-15)


@pytest.mark.parametrize("rotation_deg", [0.0, 30.0, -3.5, 180.7])
def test_north_is_turned_from_up_towards_left(rotation_deg):
    wcs = wcs_of(replace(FA06, rotation_deg=rotation_deg), M51)
    (x, to_x), (y, to_y) = wcs.all_world2pix([M51.ra_deg] * 2, [M51.dec_deg, M51.dec_deg + 0.01], 0)
    assert (x, y) == pytest.approx((511.5, 511.5))
    turned = np.degrees(np.arctan2(-(to_x - x), to_y - y))
    assert (turned - rotation_deg + 180) % 360 - 180 == pytest.approx(0, abs=1e-3)
