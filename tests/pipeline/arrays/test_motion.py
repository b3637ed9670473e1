import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.motion import Motion


def test_a_target_moves_by_its_rate_from_the_first_frame_on():
    times = 60000 + np.array([10.0, 0.0, 25.0]) / 86400
    path = Motion((0.5, -0.2)).path_yx(times)
    np.testing.assert_allclose(path, [[5, -2], [0, 0], [12.5, -5]], atol=1e-4)


def test_without_times_there_is_no_path():
    with pytest.raises(UsageError, match="give the time of each"):
        Motion((0.5, 0.0)).path_yx(np.array([60000.0, np.nan]))
