import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.frame_table import COLUMNS, FrameTable, times_or_none


def test_rows_tell_each_frame_in_the_order_of_the_columns():
    table = FrameTable(
        time_mjd=np.array([60000.25, 60000.5]),
        shifts_yx=np.array([[1.5, -2.5], [0.0, 9.0]]),
        sigma_px=np.array([0.1, np.nan]),
        snr=np.array([20.0, 1.0]),
        quality=np.array([0.02, np.nan]),
        is_used=np.array([True, False]),
        reasons=["", "no star found"],
    )
    first, second = (dict(zip(COLUMNS, row, strict=True)) for row in table.rows())
    assert (first["frame"], first["dx_px"], first["dy_px"], first["used"], first["reason"]) == (0, -2.5, 1.5, True, "")
    assert (second["frame"], second["used"], second["reason"]) == (1, False, "no star found")
    assert second["dx_px"] == 9.0  # a rejected frame has its shift too
    assert table.n_used == 1


def test_times_are_one_a_frame_or_unknown():
    assert np.isnan(times_or_none(None, 3)).all()
    assert times_or_none(np.array([1.0, 2.0]), 2).tolist() == [1, 2]
    with pytest.raises(UsageError, match="3 frames come with 2 times"):
        times_or_none(np.array([1.0, 2.0]), 3)
