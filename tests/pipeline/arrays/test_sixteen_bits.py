"""Sixteen bits against plain numpy, and the TIFF read back by another program than the one that wrote it."""

import io
import struct

import numpy as np
import pytest

from pipeline.arrays import sixteen_bits
from pipeline.arrays.sixteen_bits import asinh_sixteen_bits, linear_sixteen_bits, write_tiff

DTYPES = ["u1", ">i2", ">u2", ">i4", ">i8", ">f4", ">f8", "f4"]


def field(dtype="f8", shape=(60, 90), seed=3):
    """A sky with bright stars: from a little below zero, where the type has that, to far above 65535, where it has."""
    rng = np.random.default_rng(seed)
    image = rng.normal(100, 60, shape)
    image[rng.integers(0, shape[0], 20), rng.integers(0, shape[1], 20)] = np.geomspace(500, 200_000, 20)
    limits = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else np.finfo(dtype)
    return np.clip(image, max(limits.min, -1e9), min(limits.max, 1e9)).astype(dtype)


def asinh_reference(image):
    """The whole image at once, as the original writes it, with blanks at zero."""
    values = np.arcsinh(image.astype(np.float64))
    finite = np.isfinite(values)
    values = (values - values[finite].min()) / np.ptp(values[finite]) * 65535
    return np.where(finite, values, 0)


def off_by(counts, reference):
    return np.abs(counts.astype(np.float64) - reference).max()


@pytest.mark.parametrize("dtype", DTYPES)
def test_asinh_is_that_of_numpy_from_0_to_65535(dtype):
    image = field(dtype)
    counts = asinh_sixteen_bits(image)
    assert (counts.dtype, counts.min(), counts.max()) == (np.uint16, 0, 65535)
    assert off_by(counts, asinh_reference(image)) <= 0.5 + 1e-6


@pytest.mark.parametrize("dtype", DTYPES)
def test_linear_is_the_values_themselves_within_what_sixteen_bits_hold(dtype):
    image = field(dtype)
    assert off_by(linear_sixteen_bits(image), np.clip(image.astype(np.float64), 0, 65535)) <= 0.5
    if dtype == ">u2":
        np.testing.assert_array_equal(linear_sixteen_bits(image), image)


@pytest.mark.parametrize("band_pixels", [1, 90, 200, 10**6])
def test_bands_are_the_same_as_the_whole(monkeypatch, band_pixels):
    image = field()
    whole = asinh_sixteen_bits(image), linear_sixteen_bits(image)
    monkeypatch.setattr(sixteen_bits, "BAND_PIXELS", band_pixels)
    np.testing.assert_array_equal(asinh_sixteen_bits(image), whole[0])
    np.testing.assert_array_equal(linear_sixteen_bits(image), whole[1])


@pytest.mark.parametrize("blank", [np.nan, np.inf, -np.inf])
def test_pixels_without_a_value_are_0_and_change_no_other(blank):
    image = field()
    image[0, 0], image[30, 40] = blank, blank
    counts = asinh_sixteen_bits(image)
    assert (counts[0, 0], counts[30, 40], counts.max()) == (0, 0, 65535)
    assert off_by(counts, asinh_reference(image)) <= 0.5 + 1e-6
    assert linear_sixteen_bits(image)[0, 0] == 0


@pytest.mark.parametrize("value", [0.0, 7.5, -1e30, 1e308, np.nan, np.inf])
def test_a_constant_image_is_black_and_safe(value):
    image = np.full((4, 5), value)
    assert asinh_sixteen_bits(image).tolist() == np.zeros((4, 5)).tolist()
    expected = np.rint(np.clip(value, 0, 65535)) if np.isfinite(value) else 0
    assert np.unique(linear_sixteen_bits(image)).tolist() == [expected]


def test_extremes_of_double_precision_do_not_overflow():
    image = np.array([[-1.7e308, 0.0, 1.7e308]])
    assert asinh_sixteen_bits(image).tolist() == [[0, 32768, 65535]]
    assert linear_sixteen_bits(image).tolist() == [[0, 0, 65535]]


def tags_of(tiff: bytes) -> dict[int, tuple[int, ...]]:
    """Tags of whole numbers in the first directory of a TIFF, by the TIFF 6.0 specification."""
    order = {b"II": "<", b"MM": ">"}[tiff[:2]]
    magic, place = struct.unpack(order + "HI", tiff[2:8])
    assert magic == 42
    (count,) = struct.unpack_from(order + "H", tiff, place)
    tags = {}
    for number in range(count):
        tag, kind, length = struct.unpack_from(order + "HHI", tiff, place + 2 + 12 * number)
        if kind not in {3, 4}:
            continue
        size = {3: 2, 4: 4}[kind] * length
        where = place + 10 + 12 * number
        if size > 4:
            (where,) = struct.unpack_from(order + "I", tiff, where)
        tags[tag] = struct.unpack_from(f"{order}{length}{'H' if kind == 3 else 'I'}", tiff, where)
    return tags


@pytest.mark.parametrize("shape", [(1, 1), (3, 70), (300, 400), (2500, 3001)])
def test_the_tiff_is_one_grey_channel_of_sixteen_bits_whose_last_row_is_the_first_of_fits(shape):
    counts = np.random.default_rng(1).integers(0, 65536, shape, dtype=np.uint16)
    stream = io.BytesIO()
    write_tiff(counts, stream)
    tiff = stream.getvalue()
    tags = tags_of(tiff)
    width, height, bits, compression, photometric = (tags[tag][0] for tag in (256, 257, 258, 259, 262))
    assert ((height, width), bits, tags.get(277, (1,))) == (shape, 16, (1,))
    assert compression == 1  # none
    assert photometric == 1  # 0 is black
    assert tags.get(339, (1,)) == (1,)  # unsigned whole numbers
    strips = [tiff[start : start + length] for start, length in zip(tags[273], tags[279], strict=True)]
    pixels = np.frombuffer(b"".join(strips), dtype="<u2" if tiff[:2] == b"II" else ">u2").reshape(shape)
    np.testing.assert_array_equal(pixels[::-1], counts)
