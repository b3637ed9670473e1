from datetime import date
from hashlib import sha256
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from pipeline.simulation.headers import elevation_deg
from pipeline.simulation.plan import Night


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


def test_references_are_single_bright_stars_each_in_a_place_of_its_own():
    plain, night = Night(date(2026, 11, 1)), Night(date(2026, 11, 1), n_references=30)
    known = {exposure.stem for exposure in plain.exposures()}
    added = [exposure for exposure in night.exposures() if exposure.stem not in known]
    assert len(added) == 30
    assert all(not each.target.companions and each.target.expected == "high_flux" for each in added)
    assert len({(each.target.name, each.target.dec_deg) for each in added}) == 30
    assert all(each.started_at.date() == night.date for each in added)
    assert min(elevation_deg(each, night) for each in added) > 20


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("--seed=-1", "zero or more"),
        ("--size=63", "even number, 64 or more"),
        ("--frames=0", "one or more"),
        ("--workers=0", "one or more"),
        ("--references=31", "0 to 30"),
        ("--date=2026-11-01", "write YYYYMMDD"),
    ],
)
def test_arguments_that_can_not_work_are_refused_before_anything_is_written(tmp_path, argument, said):
    with pytest.raises(CommandError, match=said):
        simulate(tmp_path / "new", argument)
    assert not (tmp_path / "new").exists()
