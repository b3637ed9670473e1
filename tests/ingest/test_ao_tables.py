"""Tables and headers of MUSE's files against what the generator put there, and against astropy."""

import io
import re
from contextlib import suppress

import numpy as np
import pytest
from astropy.io import fits

from archive.errors import FatalError, UsageError
from ingest import ao_layout
from ingest.ao_maps import MAPS, AoMap, load_maps
from ingest.ao_tables import read_ao_file, times_of
from tests import muse_set

GENERIC = AoMap(tables=re.compile(r".+_DATA"))


def read(path, layout=MAPS["MUSE"]):
    with path.open("rb") as stream:
        return read_ao_file(stream, layout, name=path.name)


def packed(*hdus):
    written = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(written)
    return written.getvalue()


def read_bytes(content, layout=GENERIC):
    return read_ao_file(io.BytesIO(content), layout, name="x.fits")


@pytest.fixture(scope="module")
def exposures(tmp_path_factory):
    return [muse_set.write_exposure(tmp_path_factory.mktemp("muse"), number) for number in range(4)]


def test_every_table_of_a_raw_file_is_what_the_generator_put_there(exposures):
    for made in exposures:
        found = read(made.paths["raw"]).tables
        assert found.keys() == made.tables.keys()
        for name, columns in made.tables.items():
            assert list(found[name].columns) == list(columns)
            for key, truth in columns.items():
                values = found[name].columns[key].values
                assert values.dtype.kind == truth.dtype.kind
                np.testing.assert_array_equal(values, truth)


def test_sources_keep_their_numbers_their_nans_and_their_integer_columns(exposures):
    made = exposures[0]
    found = read(made.paths["psf"]).tables
    assert list(found) == ["PM_1", "PM_2", "PM_17", "PM_103"]
    for name, columns in made.sources.items():
        for key, truth in columns.items():
            np.testing.assert_array_equal(found[name].columns[key].values, truth)
    assert found["PM_17"].columns["iterations"].values.dtype == np.int32
    assert np.isnan(found["PM_1"].columns["snr"].values[-1])


class Counted(io.FileIO):
    total = 0

    def read(self, size=-1, /):
        found = super().read(size)
        self.total += len(found)
        return found


def test_no_byte_of_an_image_is_read(exposures):
    path = exposures[0].paths["raw"]
    with fits.open(path, disable_image_compression=True) as hdus:
        headers = sum(hdu._data_offset - hdu._header_offset for hdu in hdus)
        tables = sum(hdu.header["NAXIS1"] * hdu.header["NAXIS2"] for hdu in hdus if hdu.name.endswith("_DATA"))
    with Counted(path) as stream:
        found = read_ao_file(stream, MAPS["MUSE"], name=path.name)
        assert stream.total == headers + tables
    assert len([name for name in found.headers if name.startswith("CHAN")]) == 24


def test_the_header_of_a_channel_is_the_images_as_astropy_restores_it(exposures):
    made = exposures[0]
    found = read(made.paths["raw"]).headers
    with fits.open(made.paths["raw"]) as hdus:
        for channel in ("CHAN01", "CHAN24"):
            assert found[channel] == dict(hdus[channel].header)


def test_commentary_is_lists_and_undefined_is_none_and_long_text_is_whole(exposures):
    made = exposures[0]
    found = read(made.paths["reduced"]).headers["PRIMARY"]
    assert {key: found[key] for key in made.cards} == made.cards
    assert found["COMMENT"][-2:] == ["first comment", "second comment"]
    assert found["HISTORY"] == ["reduced by nobody"]
    assert found[""] == ["a blank card with text"]
    assert found["UNDEFD"] is None
    assert found["LONGTEXT"] == muse_set.LONG_TEXT


def test_of_a_repeated_card_the_first_counts():
    hdu = fits.PrimaryHDU()
    hdu.header.append(("TWICE", 1))
    hdu.header.append(("TWICE", 2))
    written = io.BytesIO()
    hdu.writeto(written)
    assert read_bytes(written.getvalue()).headers["PRIMARY"]["TWICE"] == 1


def test_times_are_told_by_text_and_by_seconds(exposures):
    made = exposures[0]
    tables = read(made.paths["raw"]).tables
    start = np.datetime64(made.observed_at.replace(tzinfo=None), "us")
    assert times_of(tables["ASM_DATA"], MAPS["MUSE"]).tolist() == [
        (start + row * 60_000_000).item() for row in range(5)
    ]
    whole = start.astype("datetime64[s]").astype("datetime64[us]")
    assert times_of(tables["SPARTA_ATM_DATA"], MAPS["MUSE"])[3] == whole + np.timedelta64(3_003_000, "us")
    assert times_of(tables["SGS_DATA"], MAPS["MUSE"]) is None


def test_units_come_from_the_file_else_from_the_map(exposures):
    columns = read(exposures[0].paths["raw"]).tables["SPARTA_ATM_DATA"].columns
    assert (columns["LGS1_SEEING"].unit, columns["LGS2_R0"].unit, columns["LGS1_STREHL"].unit) == ("arcsec", "m", None)
    stated = fits.BinTableHDU.from_columns([fits.Column("R0", "D", unit="cm", array=[1.0])], name="ANY_DATA")
    assert read_bytes(packed(stated), MAPS["MUSE"]).tables["ANY_DATA"].columns["R0"].unit == "cm"


def test_any_instruments_tables_come_by_a_map_of_their_own():
    table = fits.BinTableHDU.from_columns([fits.Column("s", "D", array=[0.5])], name="LOOP")
    layout = AoMap(tables=re.compile("LOOP"), headers=re.compile("LOOP"), renames={"s": "strehl"})
    found = read_bytes(packed(table), layout)
    assert found.tables["LOOP"].columns["strehl"].values.tolist() == [0.5]
    assert found.headers["LOOP"]["TFIELDS"] == 1
    assert not read_bytes(packed(table)).tables


def test_nulls_scales_unsigned_and_flags_are_read_as_astropy_reads_them():
    columns = [
        fits.Column("n", "J", null=-1, array=np.array([1, -1, 3])),
        fits.Column("u", "I", bzero=32768, array=np.array([0, 40000, 65535], np.uint16)),
        fits.Column("scaled", "I", array=np.array([0, 1, -2], np.int16)),
        fits.Column("ok", "L", array=np.array([True, False, True])),
        fits.Column("bits", "9X", array=np.zeros((3, 9), bool)),
        fits.Column("long", "PD()", array=np.array([[1.0], [2.0, 3.0], []], dtype=object)),
        fits.Column("pair", "2E", array=np.arange(6, dtype=np.float32).reshape(3, 2)),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="ANY_DATA")
    hdu.header["TSCAL3"], hdu.header["TZERO3"] = 0.5, 3.0
    content = packed(hdu)
    table = read_bytes(content).tables["ANY_DATA"]
    with fits.open(io.BytesIO(content)) as hdus:
        for name, column in table.columns.items():
            np.testing.assert_array_equal(column.values, hdus["ANY_DATA"].data[name])
    assert table.columns["scaled"].values.tolist() == [3.0, 3.5, 2.0]
    assert table.unread == ("bits", "long")
    assert table.columns["n"].masked.tolist() == [False, True, False]
    assert table.columns["u"].masked is None


def test_an_empty_table_has_columns_without_rows():
    column = fits.Column("a", "D", array=np.zeros(0))
    found = read_bytes(packed(fits.BinTableHDU.from_columns([column], name="E_DATA"))).tables["E_DATA"]
    assert found.columns["a"].values.shape == (0,)


def broken(find, instead):
    column = fits.Column("a", "D", array=np.zeros(4))
    content = packed(fits.BinTableHDU.from_columns([column], name="E_DATA"))
    before, found, after = content.rpartition(find)  # the table's own card, not the primary header's
    assert found
    return before + instead + after


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "does not begin"),
        (b"junk" * 1000, "does not begin"),
        (packed()[:200], "has no end"),
        (broken(b"TFIELDS =                    1", b"TFIELDS =                 1000"), "no table"),
        (broken(b"TFIELDS =                    1", b"TFIELDS =                    2"), "form"),
        (broken(b"TFORM1  = 'D       '", b"TFORM1  = '9D      '"), "wider"),
        (broken(b"TFORM1  = 'D       '", b"TFORM1  = 'Z       '"), "form"),
        (broken(b"NAXIS2  =                    4", b"NAXIS2  =           4000000000"), "ends before"),
        (broken(b"BITPIX  =                    8 / array", b"BITPIX  =                   16 / array"), "no table"),
        (broken(b"BITPIX  =                    8 / array", b"BITPIX  =                    7 / array"), "BITPIX"),
    ],
)
def test_what_can_not_be_read_is_refused_with_what_to_do(content, says):
    with pytest.raises(UsageError, match=says):
        read_bytes(content)


def test_a_file_is_refused_before_its_tables_fill_the_memory(monkeypatch):
    monkeypatch.setattr(ao_layout, "MOST_TABLE_BYTES", 31)
    with pytest.raises(UsageError, match="more than 31 bytes"):
        read_bytes(broken(b"TFORM1  = 'D       '", b"TFORM1  = 'D       '"))


def test_any_flipped_byte_is_read_or_refused():
    rng = np.random.default_rng(3)
    column = [fits.Column("a", "D", array=np.zeros(4)), fits.Column("t", "5A", array=np.array(["x"] * 4))]
    whole = packed(fits.BinTableHDU.from_columns(column, name="E_DATA"))
    for at in rng.integers(0, len(whole), 300):
        content = bytearray(whole)
        content[at] ^= 1 << int(rng.integers(0, 8))
        with suppress(UsageError):
            read_bytes(bytes(content))


def test_one_file_brings_the_tables_of_another_instrument(tmp_path):
    (tmp_path / "eris.toml").write_text('instrument = "ERIS"\ntables = "LOOP.*"\n[renames]\ns = "strehl"\n')
    wanted = load_maps(tmp_path)["ERIS"]
    table = fits.BinTableHDU.from_columns([fits.Column("s", "D", array=[0.5])], name="LOOP_1")
    assert read_bytes(packed(table), wanted).tables["LOOP_1"].columns["strehl"].values.tolist() == [0.5]


@pytest.mark.parametrize(
    "text",
    [
        "",
        'instrument = "X"',
        'instrument = "X"\ntables = "("',
        'instrument = "X"\ntables = "a"\nunit = 1',
        "[",
        "tables = 1",
    ],
)
def test_a_map_that_can_not_be_used_is_named(tmp_path, text):
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(FatalError, match=r"wrong\.toml"):
        load_maps(tmp_path)
