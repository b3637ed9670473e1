"""The page of settings that deployments of the OCS archive already set: each name is known, its default is the page's."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from settings.env import KNOWN
from tests.test_docs import ROOT, rows_of

PAGE = Path(__file__).resolve().parent / "recorded" / "ocs-settings.md"

# Where the page gives a default in words, or two of them: what it means here. None: any.
IN_WORDS = {
    "SECRET_KEY": "",  # random at start
    "CACHE_LOC": "",  # locmem when unset
    "CACHE_BACKEND": "",
    "AWS_DEFAULT_REGION": "us-west-2",  # the archive's, not the library's
    "S3_ENDPOINT_URL": "https://s3.us-west-2.amazonaws.com",  # AWS us-west-2
    "S3_DAYS_TO_IA_STORAGE": "60",  # not the 30 of Photon Ranch
    "NAVBAR_TITLE_TEXT": "Science Archive API",
    "NAVBAR_TITLE_URL": None,  # the observatory's addresses
    "TERMS_OF_SERVICE_URL": None,
    "DOCUMENTATION_URL": None,
}


def settings_of_page() -> dict[str, str | None]:
    """Names and defaults; several names of a row share its cell in the same order, or have one default together."""
    found: dict[str, str | None] = {}
    for names_cell, default_cell, *_effect in rows_of(PAGE.read_text(encoding="utf-8")):
        names = re.split(r", | / ", names_cell)
        defaults = [default_cell]
        if len(names) > 1:
            defaults = default_cell.split("; " if ";" in default_cell else ", ")
        if len(defaults) == 1:
            defaults *= len(names)
        for name, default in zip(names, defaults, strict=all(name not in IN_WORDS for name in names)):
            plain = re.sub(r" \([a-z ]+\)$", "", default)
            found[name] = IN_WORDS.get(name, "" if plain == "empty" else plain)
    return {**found, **{name: default for name, default in IN_WORDS.items() if name in names_of_page()}}


def names_of_page() -> set[str]:
    rows = rows_of(PAGE.read_text(encoding="utf-8"))
    return {name for cells in rows for name in re.split(r", | / ", cells[0])}


def test_every_name_of_the_page_is_read_from_the_environment():
    wanted = names_of_page()
    assert len(wanted) > 80
    assert sorted(wanted - KNOWN.keys()) == []


def test_the_walk_reads_every_row_of_the_page():
    assert settings_of_page().keys() == names_of_page()


@pytest.mark.parametrize(("name", "default"), [(n, d) for n, d in settings_of_page().items() if d is not None])
def test_each_default_is_that_of_the_page(name, default):
    assert KNOWN[name].default == default


@pytest.mark.skipif(
    not (ROOT.parent / "shared" / "specs" / "ocs-settings.md").exists(), reason="the page lies outside the repository"
)
def test_the_copy_of_the_page_is_the_page():
    assert PAGE.read_text() == (ROOT.parent / "shared" / "specs" / "ocs-settings.md").read_text()


@pytest.mark.parametrize(
    ("name", "value"), [("DEBUG", "perhaps"), ("DB_PORT", "five"), ("FILETYPE_MAPPING_OVERRIDES", "[1]")]
)
def test_a_value_that_can_not_be_read_stops_the_start_and_is_named(name, value):
    environment = {**os.environ, "ENV_FILE": "", name: value}
    done = subprocess.run(
        [sys.executable, "-c", "import settings.env"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"{name}={value!r} can not be read" in done.stderr
