from hashlib import sha256
from io import StringIO

import pytest
from django.core.management import CommandError, call_command


def simulate(folder, *arguments):
    said = StringIO()
    call_command("simulate_night", str(folder), "--date=20261101", "--size=64", *arguments, stdout=said)
    return said.getvalue()


def bytes_of(folder):
    return {path.relative_to(folder): sha256(path.read_bytes()).digest() for path in folder.rglob("*.*")}


def test_a_night_is_written_once_and_its_bytes_do_not_depend_on_the_number_of_workers(tmp_path):
    said = simulate(tmp_path / "one", "--frames=2", "--workers=1")
    assert said.startswith(f"16 of 16 exposures written to {tmp_path / 'one' / '20261101'}")
    assert len(list((tmp_path / "one" / "20261101").glob("*.fits.bz2"))) == 16
    assert len(list((tmp_path / "one" / "truth" / "20261101").glob("*.json"))) == 16
    assert simulate(tmp_path / "one", "--frames=2", "--workers=1").startswith("0 of 16 exposures written")
    simulate(tmp_path / "two", "--frames=2", "--workers=2")
    assert bytes_of(tmp_path / "two") == bytes_of(tmp_path / "one")


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--seed=-1", "zero or more"),
        ("--size=63", "even number, 64 or more"),
        ("--frames=0", "one or more"),
        ("--workers=0", "one or more"),
        ("--date=2026-11-01", "write YYYYMMDD"),
    ],
)
def test_arguments_that_can_not_work_are_refused_before_anything_is_written(tmp_path, argument, said):
    with pytest.raises(CommandError, match=said):
        simulate(tmp_path / "new", argument)
    assert not (tmp_path / "new").exists()
