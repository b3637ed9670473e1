"""Packed FITS files are read as plain ones, and no further than somebody looks."""

import bz2
import io

import numpy as np
import pytest
from astropy.io import fits

from pipeline.reductions.packed import StepsWhenRead, readable

PLANES = np.random.default_rng(1).integers(0, 65535, (6, 40, 50), dtype=np.uint16)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("packed") / "cube.fits"
    fits.HDUList([fits.PrimaryHDU(PLANES[0]), *map(fits.ImageHDU, PLANES[1:])]).writeto(path)
    return path


@pytest.fixture(scope="module")
def packed(plain):
    path = plain.with_suffix(".fits.bz2")
    path.write_bytes(bz2.compress(plain.read_bytes()))
    return path


@pytest.mark.parametrize("order", [range(6), reversed(range(6)), (3, 0, 5, 3)])
def test_frames_are_those_of_the_plain_file_in_any_order(packed, order):
    with fits.open(readable(packed)) as hdus:
        assert all(np.array_equal(hdus[number].data, PLANES[number]) for number in order)


def test_a_plain_file_is_opened_as_it_is(plain):
    assert readable(plain) == plain


def test_steps_are_those_of_any_file(plain, packed):
    content = plain.read_bytes()
    with StepsWhenRead(packed) as stream:
        for offset, whence in ((100, io.SEEK_SET), (-50, io.SEEK_CUR), (7, io.SEEK_CUR), (-30, io.SEEK_END)):
            place = stream.seek(offset, whence)
            assert stream.tell() == place
            assert stream.read(20) == content[place : place + 20]


def test_a_step_alone_unpacks_nothing(packed):
    with StepsWhenRead(packed) as stream:
        stream.seek(10_000)
        assert bz2.BZ2File.tell(stream) == 0
        stream.seek(0)
        assert stream.read(6) == b"SIMPLE"


def test_a_damaged_file_says_so(packed, tmp_path):
    damaged = tmp_path / "damaged.fits.bz2"
    damaged.write_bytes(packed.read_bytes()[:-1000])
    with StepsWhenRead(damaged) as stream, pytest.raises(EOFError):
        stream.read()
