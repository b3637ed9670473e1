"""Records that no bundle knew are read once one does."""

import flatbuffers
import pytest

from telemetry import bundles
from telemetry.cli.main import main
from telemetry.redecode import Redecoded, redecode_waiting
from tests.telemetry.stored import records_in_order
from tests.telemetry.test_load import recording, send, tick

pytestmark = pytest.mark.django_db


def add_bundle(folder, codes: str, **schemas: str) -> None:
    folder.mkdir()
    (folder / "codes.txt").write_text(codes)
    for name, text in schemas.items():
        (folder / f"{name}.fbs").write_text(text)
    bundles.add(folder)


def message(value: float) -> bytes:
    builder = flatbuffers.Builder(0)
    builder.StartObject(1)
    builder.PrependFloat64Slot(0, value, 0.0)
    builder.Finish(builder.EndObject())
    return bytes(builder.Output())


def test_records_of_a_code_that_becomes_known_are_read(tmp_path, capsys):
    add_bundle(tmp_path / "old", "tick 7 empty\n")
    send(
        tick(1)
        + tick(2, code=9, message=message(1.5))
        + tick(3, code=9, message=message(float("nan")))
        + tick(4, code=10, message=b"xyz")
        + tick(5)
    )
    assert recording()["n_undecoded"] == 3
    add_bundle(tmp_path / "new", "tick 7 empty\nspan 9 span\n", span="table span { value:double; } root_type span;")
    assert main(["redecode"], own_database=False) == 0
    assert "2 records read by the newest bundle; 1 are still kept" in capsys.readouterr().out
    assert records_in_order() == [
        ("tick", {}, None, None),
        ("span", {"value": 1.5}, None, None),
        ("span", {"value": None}, {"value": "nan"}, None),
        ("code_10", None, None, b"xyz"),
        ("tick", {}, None, None),
    ]
    assert recording()["n_undecoded"] == 1
    assert redecode_waiting() == Redecoded(0, 1)


def test_a_code_whose_schema_comes_later_is_read_then(tmp_path):
    add_bundle(tmp_path / "old", "span 9 span\n")
    send(tick(1, code=9, message=message(2.0)))
    add_bundle(tmp_path / "new", "span 9 span\n", span="table span { value:double; } root_type span;")
    assert redecode_waiting() == Redecoded(1, 0)
    assert records_in_order() == [("span", {"value": 2.0}, None, None)]
