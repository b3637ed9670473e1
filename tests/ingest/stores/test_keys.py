"""Paths that clients follow too, written out by hand from the rules they follow."""

import dataclasses
from datetime import date
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import UsageError
from ingest.headers.record import FrameRecord
from ingest.stores.keys import (
    check_path,
    content_disposition_for,
    content_type_for,
    is_bad_pixel_mask,
    key_for,
    preview_key_for,
    thumbnail_key_for,
)

RECORD = FrameRecord(
    basename="lsc1m005-fa15-20250309-0004-e00",
    extension=".fits.fz",
    observation_date=None,
    observation_day=date(2025, 3, 9),
    configuration_type="EXPOSE",
    public_date=None,
    instrument_id="fa15",
    site_id="lsc",
)


def changed(**values: object) -> FrameRecord:
    return dataclasses.replace(RECORD, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("level", "folder"), [(0, "raw"), (11, "processed"), (91, "processed"), (-1, "processed"), (1, "processed")]
)
def test_raw_frames_and_products_have_a_folder_each(level: int, folder: str):
    key = key_for(changed(reduction_level=level))
    assert key == f"lsc/fa15/20250309/{folder}/lsc1m005-fa15-20250309-0004-e00.fits.fz"


def test_a_day_of_an_early_year_has_eight_digits():
    assert key_for(changed(observation_day=date(33, 4, 3))).split("/")[2] == "00330403"


@pytest.mark.parametrize(
    "values",
    [
        {"configuration_type": "BPM"},
        {"headers": {"EXTNAME": "BPM"}},
        {"basename": "bpm-lsc-fa15"},
        {"basename": "bpm_lsc_fa15"},
        {"basename": "lsc-fa15-bpm"},
        {"basename": "lsc_fa15_bpm"},
        {"basename": "lsc1m005_fa15-bpm_20250309"},
    ],
)
def test_a_bad_pixel_mask_has_a_folder_without_a_day(values):
    record = changed(**values)
    assert is_bad_pixel_mask(record)
    assert key_for(record) == f"lsc/fa15/bpm/{record.basename}.fits.fz"


@pytest.mark.parametrize(
    "values",
    [{"basename": "bpmx-1"}, {"basename": "xbpm"}, {"basename": "a-bpmb-c"}, {"headers": {"EXTNAME": "SCI"}}],
)
def test_a_name_that_only_holds_the_letters_is_no_bad_pixel_mask(values):
    assert not is_bad_pixel_mask(changed(**values))


def test_thumbnails_of_clients_and_of_the_archive_lie_apart():
    theirs = thumbnail_key_for(RECORD, basename="frame-large", extension=".jpg")
    ours = preview_key_for(RECORD, basename="frame-large")
    assert theirs == "lsc/fa15/20250309/thumbnails/frame-large.jpg"
    assert ours == "archive/previews/lsc/fa15/20250309/frame-large.jpg"


@pytest.mark.parametrize(
    ("values", "what"),
    [({"site_id": ""}, "site"), ({"instrument_id": ""}, "instrument"), ({"observation_day": None}, "observation day")],
)
def test_a_missing_value_is_named(values, what: str):
    with pytest.raises(UsageError, match=f"gives no {what}"):
        key_for(changed(**values))
    with pytest.raises(UsageError, match=f"gives no {what}"):
        thumbnail_key_for(changed(**values), basename="a", extension=".jpg")


@pytest.mark.parametrize("field", ["site_id", "instrument_id", "basename"])
@pytest.mark.parametrize("value", ["..", "a/b", "/", ".hidden", "a\nb", "a\0", "\x1b[0m", "a\x7f", "../../x"])
def test_a_value_that_would_change_the_folders_is_refused(field: str, value: str):
    with pytest.raises(UsageError):
        key_for(changed(**{field: value}))
    with pytest.raises(UsageError):
        preview_key_for(changed(**{field: value}), basename=value)


@given(st.text(max_size=40))
def test_a_path_that_passes_stays_below_its_root_on_any_file_system(path: str):
    try:
        check_path(path)
    except UsageError:
        return
    pure = PurePosixPath(path)
    assert not pure.is_absolute()
    assert "/".join(pure.parts) == path
    assert not {"..", "."} & set(pure.parts)
    assert path.encode().decode() == path


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("a.fits", "image/fits"),
        ("a.b.FITS.FZ", "image/fits"),
        ("a.jpg", "image/jpeg"),
        ("a.jpeg", "image/jpeg"),
        ("a.pdf", "application/pdf"),
        ("a.tar.gz", "application/gzip"),
        ("a.fits.gz", "image/fits"),
        ("fits", "application/octet-stream"),
        ("a.exe", "application/octet-stream"),
    ],
)
def test_the_ending_of_a_name_gives_the_content_type(filename: str, expected: str):
    assert content_type_for(filename) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b/lsc-e00.fits.fz", "attachment; filename=lsc-e00.fits.fz"),
        ("a/b c.fits", "attachment; filename=\"b c.fits\"; filename*=UTF-8''b%20c.fits"),
        ("ü.fits", "attachment; filename=\"_.fits\"; filename*=UTF-8''%C3%BC.fits"),
        ('a"\\%41;x', "attachment; filename=\"a___41;x\"; filename*=UTF-8''a%22%5C%2541%3Bx"),
    ],
)
def test_an_attachment_keeps_its_name_and_can_not_break_the_header(path: str, expected: str):
    assert content_disposition_for(path) == expected
