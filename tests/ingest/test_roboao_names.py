"""Names of the adaptive-optics camera: taken apart and put together again, and refused with a reason."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from archive.enums import RawKind
from archive.errors import UsageError
from ingest.roboao_names import (
    FILTERS,
    MasterName,
    ProductName,
    RawName,
    is_claimed,
    is_raw,
    master_name,
    product_name,
    raw_name,
    read_name,
)

OBSERVATION = "4_351_Yrsa_VIC_lp600_o_20160925_110427.040912"
TARGETS = [
    "",
    "351_Yrsa",
    "KOI-123.01",
    "HD_1984",
    "_",
    "__",
    "a",
    "VIC_Si_o",
    "24",
    "20160925_110427.040912",
    "ñ é",
    "x_0",
]
LETTERS = "abcXYZ019_-+.() "


def moments(rng):
    return datetime(2012, 1, 1, tzinfo=UTC) + timedelta(microseconds=rng.randrange(10**6 * 86_400 * 365 * 8))


def written(observed_at):
    return f"{observed_at:%Y%m%d_%H%M%S.%f}"


def made_up(rng):
    """A name, and what it was made of."""
    kind = rng.choice([RawKind.SCIENCE] * 4 + list(RawKind))
    observed_at, further = moments(rng), rng.choice([None, 0, 1, 9, 10, 117])
    programme = rng.choice(["4", "24", "24.1", "0012", "9999", str(rng.randrange(10**6))])
    target = rng.choice([*TARGETS, "".join(rng.choices(LETTERS, k=rng.randrange(20)))])
    camera, name = rng.choice(["VIC", "IR", "NIR2"]), rng.choice(FILTERS)
    marker, mode = rng.choice(["o", "x1", "A"]), rng.choice(["1", "14", "0", "24"])
    told = {"kind": kind, "observed_at": observed_at, "file_number": 0 if further is None else further + 1}
    match kind:
        case RawKind.SCIENCE:
            parts = {"programme": programme, "target": target, "camera": camera, "filter_name": name, "marker": marker}
            tokens = [programme, target, camera, name, marker]
        case RawKind.DARK | RawKind.BIAS:
            parts, tokens = {"mode": mode}, [kind.value, mode]
        case RawKind.FLAT | RawKind.SEEING:
            parts = {"camera": rng.choice(["", camera]), "filter_name": name}
            tokens = [kind.value, *filter(None, parts.values())]
        case _:
            parts, tokens = {"label": "M_15"}, ["pointing", "M_15"]
    ending = "" if further is None else f"_{further}"
    return "_".join([*tokens, written(observed_at)]) + ending, RawName(**told, **parts)


def test_ten_thousand_names_say_what_they_were_made_of_and_are_written_the_same_again():
    rng = random.Random(20160925)
    names = [made_up(rng) for _ in range(10_000)]
    assert len({text for text, _ in names}) > 9_900
    for text, name in names:
        assert raw_name(text) == name
        assert name.basename == text
        assert read_name(f"{text}.fits.bz2") == name


def test_an_observation_is_taken_apart_from_the_right():
    name = raw_name(OBSERVATION)
    assert (name.programme, name.target, name.camera) == ("4", "351_Yrsa", "VIC")
    assert (name.filter_name, name.marker) == ("lp600", "o")
    assert name.observed_at == datetime(2016, 9, 25, 11, 4, 27, 40912, tzinfo=UTC)
    assert (name.night, name.file_number, name.exposure) == (date(2016, 9, 25), 0, OBSERVATION)


def test_files_of_an_observation_follow_by_number_and_not_by_text():
    names = [raw_name(f"{OBSERVATION}_{k}") for k in (10, 2, 0, 9)] + [raw_name(OBSERVATION)]
    assert [name.file_number for name in sorted(names, key=lambda name: name.file_number)] == [0, 1, 3, 10, 11]
    assert {name.exposure for name in names} == {OBSERVATION}


@pytest.mark.parametrize("label", ["100p", "50p", "10p", "summed", "simple_sum", "planetary", "planetary_sharp", "box"])
def test_what_was_made_of_an_observation_names_it(label):
    found = product_name(f"{OBSERVATION}_{label}")
    assert found == ProductName(raw=raw_name(OBSERVATION), label=label)
    assert found.basename == f"{OBSERVATION}_{label}"
    assert raw_name(f"{OBSERVATION}_{label}") is None
    assert not is_raw(f"{OBSERVATION}_{label}.fits")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("dark_14_20160925", {"kind": RawKind.DARK, "mode": "14"}),
        ("dark_VIC_1_20160925", {"kind": RawKind.DARK, "mode": "1", "camera": "VIC"}),
        ("flat_lp600_20160925", {"kind": RawKind.FLAT, "filter_name": "lp600"}),
        ("bias_20160925", {"kind": RawKind.BIAS}),
    ],
)
def test_a_master_names_its_night_and_what_it_is_for(text, parts):
    found = master_name(text)
    assert found == MasterName(night=date(2016, 9, 25), **parts)
    assert found.basename == text
    assert read_name(f"{text}.fits") == found


MALFORMED = {
    # time and date
    "4_M13_VIC_Si_o_20160925_110427.fits.bz2": "time of six digits",
    "4_M13_VIC_Si_o_20160925_110427.0409.fits.bz2": "time of six digits",
    "4_M13_VIC_Si_o_20160925_110427.0409123.fits.bz2": "time of six digits",
    "4_M13_VIC_Si_o_20160925_11042.040912.fits.bz2": "time of six digits",
    "4_M13_VIC_Si_o_20160925_11:04:27.040912.fits.bz2": "time of six digits",
    "4_M13_VIC_Si_o_20160925.fits.bz2": "time of six digits",
    "4_M13_VIC_Si_o_20160925_.fits.bz2": "time of six digits",
    "4_M13_VIC_Si_o_20160925_110427,040912.fits.bz2": "time of six digits",
    "4_M13_VIC_Si_o_20160925_٠١٠٤٢٧.٠٤٠٩١٢.fits.bz2": "time of six digits",
    "4_M13_VIC_Si_o_20160925_250427.040912.fits.bz2": "no day has the time 250427",
    "4_M13_VIC_Si_o_20160925_116027.040912.fits.bz2": "no day has the time 116027",
    "4_M13_VIC_Si_o_20160925_110460.040912.fits.bz2": "no day has the time 110460",
    "4_M13_VIC_Si_o_20160231_110427.040912.fits.bz2": "no day 20160231",
    "4_M13_VIC_Si_o_20161301_110427.040912.fits.bz2": "no day 20161301",
    "4_M13_VIC_Si_o_20160900_110427.040912.fits.bz2": "no day 20160900",
    "4_M13_VIC_Si_o_2016925_110427.040912.fits.bz2": "date of eight digits",
    "4_M13_VIC_Si_o_2016-09-25_110427.040912.fits.bz2": "date of eight digits",
    "4_M13_VIC_Si_o__110427.040912.fits.bz2": "date of eight digits",
    "4_M13_VIC_Si_o_110427.040912.fits.bz2": "date of eight digits",
    # filter, camera, mark: a token too few or unknown
    "4_M13_VIC_o_20160925_110427.040912.fits.bz2": "6 parts",
    "4_351_Yrsa_VIC_o_20160925_110427.040912.fits.bz2": "'VIC' is none of the filters",
    "4_M13_VIC_si_o_20160925_110427.040912.fits.bz2": "'si' is none of the filters",
    "4_M13_VIC_Halpha_o_20160925_110427.040912.fits.bz2": "'Halpha' is none of the filters",
    "4_M13_VIC__o_20160925_110427.040912.fits.bz2": "'' is none of the filters",
    "4_M13_VIC_Si_20160925_110427.040912.fits.bz2": "6 parts",
    "4_M_13_VIC_Si_20160925_110427.040912.fits.bz2": "'VIC' is none of the filters",
    "4_M13_VIC_Si__20160925_110427.040912.fits.bz2": "'' is no mark",
    "4_M13_VIC_Si_o!_20160925_110427.040912.fits.bz2": "'o!' is no mark",
    "4_M13_VIC_Si_thisistoolongamark_20160925_110427.040912.fits.bz2": "is no mark",
    "4_M13_vic_Si_o_20160925_110427.040912.fits.bz2": "'vic' is no camera",
    "4_M13__Si_o_20160925_110427.040912.fits.bz2": "'' is no camera",
    "4_M13_V_Si_o_20160925_110427.040912.fits.bz2": "'V' is no camera",
    "4_M_13_Si_o_20160925_110427.040912.fits.bz2": "'13' is no camera",
    "4_VIC_Si_o_20160925_110427.040912.fits.bz2": "6 parts",
    "4_20160925_110427.040912.fits.bz2": "3 parts",
    # programme
    "4._M13_VIC_Si_o_20160925_110427.040912.fits.bz2": "'4.' is no number of a programme",
    "4x_M13_VIC_Si_o_20160925_110427.040912.fits.bz2": "'4x' is no number of a programme",
    "4-1_M13_VIC_Si_o_20160925_110427.040912.fits.bz2": "'4-1' is no number of a programme",
    "4,1_M13_VIC_Si_o_20160925_110427.040912.fits.bz2": "'4,1' is no number of a programme",
    # what follows the time
    "4_M13_VIC_Si_o_20160925_110427.040912_01.fits.bz2": "neither a number nor a label",
    "4_M13_VIC_Si_o_20160925_110427.040912_-1.fits.bz2": "neither a number nor a label",
    "4_M13_VIC_Si_o_20160925_110427.040912_.fits.bz2": "neither a number nor a label",
    "4_M13_VIC_Si_o_20160925_110427.040912_99999.fits.bz2": "neither a number nor a label",
    "4_M13_VIC_Si_o_20160925_110427.040912 copy.fits.bz2": "time of six digits",
    "4_M13_VIC_Si_o_20160925_110427.040912_Summed.fits.bz2": "neither a number nor a label",
    # endings
    "4_M13_VIC_Si_o_20160925_110427.040912.fits.gz": "ends in .fits.bz2 or .fits",
    "4_M13_VIC_Si_o_20160925_110427.040912.fits.fz": "ends in .fits.bz2 or .fits",
    "4_M13_VIC_Si_o_20160925_110427.040912.FITS.BZ2": "ends in .fits.bz2 or .fits",
    # calibrations
    "dark_20160925_022013.118274.fits.bz2": "not those of 'dark_MODE'",
    "dark_fast_20160925_022013.118274.fits.bz2": "not those of 'dark_MODE'",
    "dark_1_20160925_0220.fits.bz2": "time of six digits",
    "dark_1_20161925_022013.118274.fits.bz2": "no day 20161925",
    "flat_20160925_022013.118274.fits.bz2": "not those of 'flat_FILTER'",
    "flat_V_20160925_022013.118274.fits.bz2": "not those of 'flat_FILTER'",
    "flat_Si.fits.bz2": "time of six digits",
    "seeing_VIC_20160925_022013.118274.fits.bz2": "not those of 'seeing_CAMERA_FILTER'",
    "seeing_20160925.fits.bz2": "time of six digits",
    "bias_x_20160925_022013.118274.fits.bz2": "not those of 'bias_MODE'",
    "pointing_20160925_022013.fits.bz2": "time of six digits",
    "Dark_1_20160925_022013.118274.fits.bz2": "not those of 'dark_MODE'",
}


def test_enough_malformed_names_are_tried():
    assert len(MALFORMED) >= 50


@pytest.mark.parametrize(("filename", "reason"), MALFORMED.items())
def test_a_malformed_name_is_refused_with_what_is_wrong_and_what_to_do(filename, reason):
    assert is_claimed(filename)
    with pytest.raises(UsageError) as refusal:
        read_name(filename)
    assert reason in str(refusal.value)
    assert "call it " in str(refusal.value) or "rename it" in str(refusal.value)


@pytest.mark.parametrize(
    "filename",
    [
        "lsc1m005-fa15-20250309-0004-e91.fits.fz",
        "sro-kb001ms-20220629-00010442-EX01.fits.bz2",
        "M13.fits.bz2",
        "2016.fits",
        "4_notes.fits",
        "dark_current.fits",
        "flat_screen.fits.fz",
        "darkness_1.fits.bz2",
        f"{OBSERVATION}_full.png",
        f"{OBSERVATION}.json",
        "",
        ".fits",
    ],
)
def test_names_of_other_files_are_left_to_others(filename):
    assert not is_claimed(filename)
    assert read_name(filename) is None
