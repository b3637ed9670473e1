from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ingest.simulation.frames import files_of
from ingest.simulation.night import plan

NIGHT = "2026-11-01"


def test_only_missing_files_are_written_and_those_there_are_left_alone(tmp_path):
    wanted = next(e for e in plan(date.fromisoformat(NIGHT)) if e.raw_name == "ogg0m404-kb27-20250309-0004-e00")
    for exposure in plan(date.fromisoformat(NIGHT)):
        for name in exposure.filenames:
            (tmp_path / name).write_bytes(b"mine")
    raw, reduced, catalogue = (tmp_path / name for name in wanted.filenames)
    raw.unlink()
    catalogue.unlink()

    said = StringIO()
    call_command("sample_frames", tmp_path, night=date.fromisoformat(NIGHT), seed=3, stdout=said)

    assert "2 of 43 frames written" in said.getvalue()
    assert reduced.read_bytes() == b"mine"
    expected = files_of(wanted, seed=3)
    assert raw.read_bytes() == expected[raw.name]
    assert catalogue.read_bytes() == expected[catalogue.name]
    assert len(list(tmp_path.iterdir())) == 43


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--seed=-1"], "give zero or more"), (["--night=2025-03-09"], "choose another"), (["--night=soon"], "--night")],
)
def test_arguments_that_can_not_work_are_refused_before_anything_is_written(tmp_path, arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command("sample_frames", str(tmp_path / "new"), *arguments)
    assert not (tmp_path / "new").exists()
