import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.frames import disc, shape_of


def test_a_cube_in_memory_has_the_shape_of_its_frames():
    assert shape_of(np.zeros((3, 4, 5))) == (4, 5)


@pytest.mark.parametrize(("frames", "says"), [(np.zeros((0, 4, 5)), "no frame"), (np.zeros((3, 4)), "images are")])
def test_what_holds_no_images_is_refused(frames, says):
    with pytest.raises(UsageError, match=says):
        shape_of(frames)


def test_a_disc_holds_the_pixels_within_its_radius():
    inside = disc((5, 7), centre_yx=(2, 3), radius_px=1.0)
    assert inside.sum() == 5
    assert inside[2, 2:5].all()
    assert inside[1:4, 3].all()
