import gzip
import random

import pytest
import zstandard

from telemetry.formats.opening import PIECE_BYTES, Stream

TEXT = random.Random(8).randbytes(3 * PIECE_BYTES // 2) + bytes(PIECE_BYTES)
PACKERS = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}  # as the program zstd does


def written(tmp_path, data, suffix):
    path = tmp_path / f"x.bintel{suffix}"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("suffix", PACKERS)
def test_files_are_read_from_any_place_on(suffix, tmp_path):
    path = written(tmp_path, PACKERS[suffix](TEXT), suffix)
    for offset in (0, 1, PIECE_BYTES, len(TEXT) - 1, len(TEXT), len(TEXT) + 5):
        stream = Stream(path, offset=offset)
        assert b"".join(stream) == TEXT[offset:]
        assert stream.torn == ""


@pytest.mark.parametrize("filled_up", [0, 3, 40_000])
@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_members_and_frames_that_follow_each_other_are_one_file(suffix, filled_up, tmp_path):
    pack = PACKERS[suffix]
    path = written(tmp_path, pack(b"one ") + pack(b"") + pack(b"two") + bytes(filled_up), suffix)
    stream = Stream(path)
    assert (b"".join(stream), stream.torn) == (b"one two", "")


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("cut", [1, 5, 100, 5000])
def test_what_lies_before_a_cut_is_given_and_the_cut_is_told(suffix, cut, tmp_path):
    packed = PACKERS[suffix](TEXT)
    stream = Stream(written(tmp_path, packed[: len(packed) - cut], suffix))
    found = b"".join(stream)
    assert TEXT.startswith(found)
    assert len(found) > len(TEXT) // 4  # Zstandard gives whole blocks of 128 KiB, and the zeros at the end are one
    assert stream.torn == "the compressed file breaks off"


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("garbage", [b"no such thing", b"\0\0\0\0", b"x"])
def test_what_is_no_compressed_file_is_told(suffix, garbage, tmp_path):
    stream = Stream(written(tmp_path, garbage, suffix))
    assert b"".join(stream) == b""
    assert stream.torn != ""


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_damage_in_the_middle_is_told_and_stops_nothing(suffix, tmp_path):
    packed = bytearray(PACKERS[suffix](TEXT))
    packed[len(packed) // 2] ^= 0x55
    packed[len(packed) // 2 + 1] ^= 0x55
    stream = Stream(written(tmp_path, bytes(packed), suffix))
    b"".join(stream)
    assert stream.torn.startswith("the compressed file is damaged")


@pytest.mark.parametrize("suffix", PACKERS)
def test_an_empty_file_has_nothing_in_it(suffix, tmp_path):
    stream = Stream(written(tmp_path, b"", suffix))
    assert (b"".join(stream), stream.torn) == (b"", "")


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_small_file_that_holds_very_much_comes_in_small_pieces(suffix, tmp_path):
    """128 MiB of zeros: memory must follow the pieces, not the file."""
    many = 128 * 2**20
    path = written(tmp_path, PACKERS[suffix](bytes(many)), suffix)
    sizes = [len(piece) for piece in Stream(path)]
    assert sum(sizes) == many
    assert max(sizes) <= 17 * 2**20
