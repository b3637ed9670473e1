"""The naming rules of Photon Ranch, name by name."""

from datetime import date

import pytest

from archive.enums import ExposureKind, FileRole
from archive.errors import UsageError
from ingest.family_names import is_base, parse_name, parse_path

GOOD = [
    ("sro-kb001ms-20220629-00010442-EX01.fits.bz2", "sro", "EX", 1, ".fits.bz2", FileRole.FITS),
    ("sro-kb001ms-20220629-00010442-EX01.fits.fz", "sro", "EX", 1, ".fits.fz", FileRole.FITS),
    ("sro-kb001ms-20220629-00010442-EX00.fits", "sro", "EX", 0, ".fits", FileRole.FITS),
    ("sro-kb001ms-20220629-00010442-EX00.fits.gz", "sro", "EX", 0, ".fits.gz", FileRole.FITS),
    ("sro-kb001ms-20220629-00010442-EX01.txt", "sro", "EX", 1, ".txt", FileRole.HEADER),
    ("sro-kb001ms-20220629-00010442-EX00.txt", "sro", "EX", 0, ".txt", FileRole.HEADER),
    ("sro-kb001ms-20220629-00010442-EX10.jpg", "sro", "EX", 10, ".jpg", FileRole.PICTURE),
    ("sro-kb001ms-20220629-00010442-EX11.jpg", "sro", "EX", 11, ".jpg", FileRole.PICTURE),
    ("sro-kb001ms-20220629-00010442-EX13.jpg", "sro", "EX", 13, ".jpg", FileRole.PICTURE),
    ("sro-kb001ms-20220629-00010442-EP10.fits.bz2", "sro", "EP", 10, ".fits.bz2", FileRole.FITS),
    ("sro-kb001ms-20220629-00010442-EF13.fits.fz", "sro", "EF", 13, ".fits.fz", FileRole.FITS),
    ("sro-kb001ms-20220629-00010442-e00.fits.fz", "sro", "e", 0, ".fits.fz", FileRole.FITS),
    ("mrc2ab-kb001ms-20220629-00010442-EX01.txt", "mrc2ab", "EX", 1, ".txt", FileRole.HEADER),
    ("saf1-ea_03-20220629-00000000-EX01.txt", "saf1", "EX", 1, ".txt", FileRole.HEADER),
    ("tst-a-20240229-99999999-EX01.txt", "tst", "EX", 1, ".txt", FileRole.HEADER),
]
BAD = {
    "": "five parts",
    ".fits": "five parts",
    "sro-kb001ms-20220629-00010442.fits": "five parts",
    "sro-kb001ms-20220629-00010442-a-EX01.fits": "five parts",
    "sro-kb001ms-20220629-00010442-EX01-.fits": "five parts",
    "sr-kb001ms-20220629-00010442-EX01.fits": "three to six",
    "observ7-kb001ms-20220629-00010442-EX01.fits": "three to six",
    "s.o-kb001ms-20220629-00010442-EX01.fits": "five parts",
    "sr/o-kb001ms-20220629-00010442-EX01.fits": "three to six",
    "../sro-kb001ms-20220629-00010442-EX01.fits": "five parts",
    "sro--20220629-00010442-EX01.fits": "instrument",
    "sro-kb 1-20220629-00010442-EX01.fits": "instrument",
    "sro-kb001ms-2022062-00010442-EX01.fits": "day has eight digits",
    "sro-kb001ms-20221301-00010442-EX01.fits": "no such day",
    "sro-kb001ms-20230229-00010442-EX01.fits": "no such day",
    "sro-kb001ms-20220629-0010442-EX01.fits": "counter has eight digits",
    "sro-kb001ms-20220629-000010442-EX01.fits": "counter has eight digits",
    "sro-kb001ms-20220629-0001044x-EX01.fits": "counter has eight digits",
    "sro-kb001ms-20220629-٠٠٠١٠٤٤٢-EX01.fits": "counter has eight digits",
    "sro-kb001ms-20220629-00010442-EX1.fits": "exactly two digits",
    "sro-kb001ms-20220629-00010442-EX001.fits": "exactly two digits",
    "sro-kb001ms-20220629-00010442-01.fits": "exactly two digits",
    "sro-kb001ms-20220629-00010442-EX.fits": "exactly two digits",
    "sro-kb001ms-20220629-00010442-EX01": "extension",
    "sro-kb001ms-20220629-00010442-EX01.": "extension",
    "sro-kb001ms-20220629-00010442-EX01.7z": "extension",
    "sro-kb001ms-20220629-00010442-EX01.fits\n": "extension",
    "sro-kb001ms-20220629-00010442-EX01.fits.xz": "can not unpack",
    "sro-kb001ms-20220629-00010442-EX01.txt.gz": "as they are",
    "sro-kb001ms-20220629-00010442-EX10.jpg.bz2": "as they are",
    "sro-kb001ms-20220629-00010442-EX01.fits.abcdefghijklmnopq": "20 characters",
}


@pytest.mark.parametrize(("filename", "site", "data_type", "level", "extension", "role"), GOOD)
def test_good_names_are_taken_apart(filename, site, data_type, level, extension, role):
    name = parse_name(filename)
    assert (name.site, name.data_type, name.level, name.extension, name.role) == (
        site, data_type, level, extension, role,
    )  # fmt: skip
    assert name.filename == filename
    assert filename.startswith(name.base + "-")
    assert is_base(name.base)


@pytest.mark.parametrize(("filename", "reason"), BAD.items())
def test_bad_names_are_refused_with_the_rule_that_they_break(filename, reason):
    with pytest.raises(UsageError, match=reason):
        parse_name(filename)


def test_the_night_is_a_date():
    assert parse_name(GOOD[0][0]).night == date(2022, 6, 29)


@pytest.mark.parametrize(
    ("directory", "kind"),
    [
        ("data", ExposureKind.PHOTON_RANCH),
        ("allsky", ExposureKind.ALL_SKY),
        ("test", ExposureKind.TEST),
        ("info-images", ExposureKind.INFO_IMAGE),
    ],
)
def test_the_folder_tells_the_kind(directory, kind):
    assert parse_path(f"{directory}/{GOOD[0][0]}")[0] is kind


@pytest.mark.parametrize(
    "path",
    [GOOD[0][0], f"/data/{GOOD[0][0]}", f"data/../data/{GOOD[0][0]}", f"data/a/{GOOD[0][0]}", f"archive/{GOOD[0][0]}",
     f"Data/{GOOD[0][0]}", "data/", "data/sro-kb001ms-20220629-00010442-EX01.csv"],
)  # fmt: skip
def test_other_places_are_refused(path):
    with pytest.raises(UsageError):
        parse_path(path)


def test_info_images_may_be_of_other_types():
    assert parse_path("info-images/sro-kb001ms-20220629-00010442-EX10.png")[1].role is FileRole.OTHER
