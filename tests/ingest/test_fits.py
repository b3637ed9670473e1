"""What is taken for a FITS file and what is refused, read in this process."""

import bz2
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from archive.errors import UsageError
from ingest.fits import inspect_beginning, inspect_file, ones_complement_sum
from ingest.inspection import Inspection, Limits
from tests.ao_camera import cube, write_raw
from tests.ingest import hostile

REAL = Path(__file__).resolve().parents[2].parent / "shared/data/real"
needs_real_files = pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not on this machine")


def inspect(path: Path, limits: Limits | None = None) -> Inspection:
    return inspect_file(path, limits=limits or Limits())


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# Sound files


def test_a_plain_image_tells_its_header_and_shape(tmp_path):
    (hdu,) = inspect(hostile.image_file(tmp_path / "a.fits")).hdus
    assert hdu.shape == (80, 100)
    assert not hdu.is_compressed
    assert (hdu.header["BITPIX"], hdu.header["CTYPE1"], hdu.header["CRVAL2"]) == (16, "RA---TAN", -30.0)


def test_a_compressed_image_tells_the_shape_it_unpacks_to(tmp_path):
    primary, image = inspect(hostile.compressed_file(tmp_path / "a.fits.fz")).hdus
    assert (primary.shape, primary.extname) == (None, "")
    assert (image.shape, image.extname, image.is_compressed) == ((80, 100), "SCI", True)


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress)])
def test_a_packed_file_tells_the_same_as_a_plain_one(tmp_path, ending, pack):
    plain = hostile.image_file(tmp_path / "a.fits")
    packed = written(tmp_path / f"b.fits.{ending}", pack(plain.read_bytes()))
    assert inspect(packed) == inspect(plain)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_tar_gives_its_exposure_rather_than_its_first_file(tmp_path, pack):
    first = hostile.image_file(tmp_path / "arc.fits", shape=(5, 6))
    exposure = hostile.image_file(tmp_path / "e91.fits", shape=(7, 8))
    name = "night/x-e91.fits" + (".gz" if pack is gzip.compress else "")
    members = [("read.me", b"text"), ("a.fits", first.read_bytes()), (name, pack(exposure.read_bytes()))]
    path = hostile.tar_gz(tmp_path / "x.tar.gz", members)
    assert inspect(path).hdus[0].shape == (7, 8)


def test_a_tar_without_an_exposure_gives_its_first_fits_file(tmp_path):
    first = hostile.image_file(tmp_path / "1.fits", shape=(5, 6)).read_bytes()
    second = hostile.image_file(tmp_path / "2.fits", shape=(7, 8)).read_bytes()
    path = hostile.tar_gz(tmp_path / "x.tgz", [("read.me", b""), ("one.fits", first), ("two.fits", second)])
    assert inspect(path).hdus[0].shape == (5, 6)


def test_random_groups_and_tables_have_the_size_that_astropy_gives_them(tmp_path):
    groups = fits.GroupsHDU(fits.GroupData(np.ones((4, 3, 5), np.float32), parnames=["U"], pardata=[np.ones(4)]))
    table = fits.BinTableHDU.from_columns([fits.Column("a", "PJ()", array=np.array([[1], [2, 3]], dtype=object))])
    fits.HDUList([groups, table]).writeto(tmp_path / "a.fits", checksum=True)
    assert [hdu.shape for hdu in inspect(tmp_path / "a.fits").hdus] == [None, None]


@pytest.mark.parametrize("cut", [1, 2000])
def test_missing_padding_of_the_last_block_passes(tmp_path, cut):
    content = hostile.primary(10, 10) + bytes(2880 - cut)
    assert inspect(written(tmp_path / "a.fits", content)).hdus[0].shape == (10, 10)


@pytest.mark.parametrize("count", [1, 2880, 10_000])
def test_zeros_after_the_last_hdu_pass(tmp_path, count):
    path = hostile.image_file(tmp_path / "a.fits")
    longer = written(tmp_path / "b.fits", path.read_bytes() + bytes(count))
    assert inspect(longer).hdus == inspect(path).hdus


@needs_real_files
@pytest.mark.parametrize("name", ["mef_raw_test_frame", "cpt1m010-kb70-20160210-0365-e90_cat", "target_2df_ex"])
def test_real_files_read_as_astropy_reads_them(name):
    path = REAL / f"{name}.fits"
    found = inspect(path).hdus
    with fits.open(path) as expected:
        assert len(found) == len(expected)
        for hdu, truth in zip(found, expected, strict=True):
            assert {"EXTEND": True, **hdu.header} == {"EXTEND": True, **_plain(truth.header)}  # astropy adds a lost one


@needs_real_files
def test_a_real_file_with_almost_no_header_passes():
    assert inspect(REAL / "example-good_wcs.fits").hdus[0].shape == (10, 10)


def _plain(header: fits.Header) -> dict[str, object]:
    values = {key: header[key] for key in header if key not in {"COMMENT", "HISTORY", ""}}
    values = {key: None if isinstance(value, fits.card.Undefined) else value for key, value in values.items()}
    return values | {key: "\n".join(header[key]) for key in ("COMMENT", "HISTORY") if key in header}


# Refused files


def refusal(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        inspect(path, limits)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.fits", b"", "empty"),
        ("a.fits.gz", gzip.compress(b"", mtime=0), "holds no bytes"),
        ("a.fits", b"%PDF-1.4" * 500, "does not begin as a FITS file"),
        ("a.fits", gzip.compress(hostile.primary(), mtime=0), "packed once more"),
        ("a.fits", b"SIMPLE: T" + hostile.primary()[9:], "broken SIMPLE"),
        ("a.fits", hostile.header_bytes([("SIMPLE", "F"), ("BITPIX", "8"), ("NAXIS", "0")]), "says itself"),
        ("a.fits", hostile.header_bytes([("SIMPLE", "T")]), "BITPIX = None"),
        ("a.fits", hostile.header_bytes([("SIMPLE", "T"), ("BITPIX", "8")]), "needs NAXIS"),
        ("a.fits", hostile.header_bytes([("SIMPLE", "T"), ("BITPIX", "8"), ("NAXIS", "1")]), "needs NAXIS1"),
        ("a.fits", hostile.primary(10, 10, bitpix=12), "BITPIX = 12"),
        ("a.fits", hostile.primary(-10, 10), "NAXIS1"),
        ("a.fits", hostile.primary(*[0] * 1000), "more than 999"),
        ("a.fits", hostile.header_bytes([("SIMPLE", "T"), ("BITPIX", "8"), ("NAXIS", "0")], end="ENDE"), "no END"),
        ("a.fits", hostile.primary()[:80], "no END"),
        ("a.fits", hostile.primary(100, 100) + bytes(2880), "declares 20000 bytes of data and the file has 2880"),
        ("a.fits", hostile.primary(*[2**62] * 300), "more data than any disk"),
        ("a.fits", hostile.primary(2**20, 2**20), "are missing"),
        ("a.fits", hostile.primary() + b"x" * 100, "bytes that are no FITS"),
        ("a.fits", hostile.primary() + bytes(5000) + b"x", "bytes that are no FITS"),
        ("a.fits", hostile.primary(10, more=[("DATASUM", "'7'")]) + bytes(2880), "DATASUM says 7"),
        ("a.fits", hostile.primary(10, more=[("CHECKSUM", "'AAAA'")]) + bytes(2880), "does not agree"),
        ("a.fits.gz", gzip.compress(hostile.primary(), mtime=0)[:-9], "damaged or cut short"),
        ("a.fits.gz", hostile.primary(), "damaged or cut short"),
        ("a.fits.bz2", b"BZh9" + bytes(100), "damaged or cut short"),
        ("a.fits.bz2", bz2.compress(hostile.primary())[:-9], "damaged or cut short"),
        ("a.tar.gz", gzip.compress(b"x" * 2000, mtime=0), "no readable tar"),
        ("a.tar.gz", b"x" * 2000, "damaged or cut short"),
        ("a.fits.fz", hostile.compressed(axes=(100_000, 100_000), rows=100_000), "unpacks to more than"),
        ("a.fits.fz", hostile.compressed(axes=(2**40, 2**40), rows=1), "more data than any disk"),
        ("a.fits.fz", hostile.compressed(axes=(100, 100), rows=99), "100 tiles and holds 99"),
        ("a.fits.fz", hostile.compressed(axes=(100, 100), rows=1, tile=(0, 5)), "tiles without a pixel"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(tmp_path, name, content, reason):
    assert reason in refusal(written(tmp_path / name, content))


@pytest.mark.parametrize("make", [hostile.image_file, hostile.compressed_file])
def test_one_changed_bit_of_data_is_found(tmp_path, make):
    content = bytearray(make(tmp_path / "a.fits").read_bytes())
    content[-2000 if make is hostile.image_file else -2870] ^= 1
    assert "damaged" in refusal(written(tmp_path / "b.fits", bytes(content)))


def test_a_header_changed_without_a_new_checksum_is_refused(tmp_path):
    content = hostile.image_file(tmp_path / "a.fits").read_bytes().replace(b"RA---TAN", b"RA---SIN")
    assert "CHECKSUM" in refusal(written(tmp_path / "b.fits", content))


@pytest.mark.parametrize("lost", [1, 17_000, 30_000])
def test_a_file_that_lost_its_end_is_refused(tmp_path, lost):
    content = hostile.image_file(tmp_path / "a.fits", shape=(144, 100)).read_bytes()  # 28800 bytes: no padding
    assert len(content) > lost
    assert "send" in refusal(written(tmp_path / "b.fits", content[:-lost]))


@pytest.mark.parametrize(("ending", "bomb"), [("gz", hostile.gzip_bomb), ("bz2", hostile.bzip2_bomb)])
def test_unpacking_stops_at_the_limit(tmp_path, ending, bomb):
    content = bomb(1 << 30, start=hostile.primary(1 << 29))
    limits = Limits(expansion_from_bytes=32 << 20, expansion=1)
    assert "unpacks to more than 33554432" in refusal(written(tmp_path / f"a.fits.{ending}", content), limits)


def test_a_tar_that_swells_is_stopped_at_the_limit(tmp_path):
    path = hostile.tar_gz(tmp_path / "a.tar.gz", [("filler", bytes(64 << 20)), ("a.fits", hostile.primary())])
    assert "unpacks to more than" in refusal(path, Limits(expansion_from_bytes=1 << 20, expansion=1))


def test_a_sparse_member_of_a_tar_is_stopped_at_the_limit(tmp_path):
    sparse = hostile.sparse_tar_gz(tmp_path / "a.tar.gz", "a.fits", real_bytes=1 << 33)
    assert "does not begin as a FITS file" in refusal(sparse)


def test_a_tar_of_links_and_absolute_paths_writes_nothing_and_reads_nothing_outside(tmp_path):
    secret = hostile.image_file(tmp_path / "secret.fits")
    victim = tmp_path / "victim.fits"
    path = hostile.tar_gz(tmp_path / "a.tar.gz", [("read.me", b"")], links={"e91.fits": str(secret)})
    assert "holds no file with .fits" in refusal(path)
    members = [(str(victim), hostile.primary()), ("../../up.fits", hostile.primary())]
    before = sorted(tmp_path.rglob("*"))
    assert inspect(hostile.tar_gz(path, members)).hdus[0].shape is None
    assert sorted(tmp_path.rglob("*")) == before


def test_headers_without_end_are_read_no_further_than_the_limit(tmp_path):
    content = hostile.primary()[:240] + b" " * (1 << 20)
    assert "no end within 100000 bytes" in refusal(written(tmp_path / "a.fits", content), Limits(header_bytes=100_000))


# Checksums and names


@pytest.mark.parametrize("size", [0, 1, 4, 2880, 1 << 20])
def test_the_sum_is_the_one_of_the_standard(size):
    block = np.random.default_rng(size).integers(0, 256, size, np.uint8).tobytes()
    words = [int.from_bytes(block[i : i + 4].ljust(4, b"\0"), "big") for i in range(0, size, 4)]
    assert ones_complement_sum(block) % 0xFFFFFFFF == sum(words) % 0xFFFFFFFF
    assert 0 <= ones_complement_sum(block) <= 0xFFFFFFFF


def test_an_inspection_survives_json(tmp_path):
    told = inspect(hostile.compressed_file(tmp_path / "a.fits.fz"))
    assert told.footprint is not None
    assert Inspection.from_plain(json.loads(json.dumps(told.to_plain()))) == told


# The beginning alone, of cubes whose frames are all alike


def test_the_beginning_tells_of_the_first_hdu_what_the_whole_tells(tmp_path):
    path = write_raw(tmp_path, n_frames=5)
    whole = inspect(path)
    assert len(whole.hdus) == 5
    assert inspect_beginning(path, limits=Limits()).hdus == whole.hdus[:1]


@pytest.mark.parametrize(
    ("name", "limits", "reason"),
    [
        ("a.fits.bz2", Limits(unpacked_bytes=100_000, expansion_from_bytes=0), "unpacks to more"),
        ("a.fits", Limits(header_bytes=6000), "no end within 6000 bytes"),
    ],
)
def test_no_more_than_the_beginning_is_read(tmp_path, name, limits, reason):
    path = write_raw(tmp_path, name, n_frames=50, side_px=64)
    with pytest.raises(UsageError, match=reason):
        inspect(path, limits)
    assert inspect_beginning(path, limits=limits).hdus[0].shape == (64, 64)


def padding_of(packed: bytes) -> int:
    """Bits by which a bzip2 stream is filled up to a whole byte."""
    bits = f"{int.from_bytes(packed[-11:], 'big'):088b}"
    return len(bits) - bits.rindex(f"{0x177245385090:048b}") - 48 - 32


def test_a_packed_file_without_its_end_is_refused_however_many_bits_fill_it_up(tmp_path):
    paddings = set()
    for seed in range(40):
        path = write_raw(tmp_path, f"{seed}.fits.bz2", seed=seed)
        packed = path.read_bytes()
        paddings.add(padding_of(packed))
        inspect_beginning(path, limits=Limits())
        for n_missing in (1, 2, 5, 12, 100):
            path.write_bytes(packed[:-n_missing])
            with pytest.raises(UsageError, match="cut short, send it again"):
                inspect_beginning(path, limits=Limits())
    assert paddings == set(range(8))


def test_a_cube_that_was_packed_in_several_streams_passes(tmp_path):
    content = cube(n_frames=4)
    path = written(tmp_path / "a.fits.bz2", bz2.compress(content[:9000]) + bz2.compress(content[9000:]))
    assert inspect_beginning(path, limits=Limits()).hdus == inspect(path).hdus[:1]
