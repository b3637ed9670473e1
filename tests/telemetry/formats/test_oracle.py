"""Random messages of every schema, as our reader tells them, as their encoder was told, and as flatc tells them."""

import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from telemetry.formats.fbs import Schema
from telemetry.formats.schemas import Bundle
from tests.telemetry.encoding import message, record
from tests.telemetry.formats.comparing import as_flatc, exact, same
from tests.telemetry.formats.reading import messages, read
from tests.telemetry.messages import random_message, whole
from tests.telemetry.shapes import BUNDLE, EVENTS, SHAPES, Shape
from tests.telemetry.templates import CODES as STRUCT_CODES

N_MESSAGES = 200
OBSERVATORYS_OWN = "TELEMETRY_BUNDLE"  # environment variable: code table and folder of .fbs files, parted by a colon
KINDS = {code: name for name, code in STRUCT_CODES.items()}
CODES = {schema: code for code, schema in EVENTS.values()}


@pytest.fixture(scope="module")
def flatc() -> str:
    """Google's own compiler, from Debian. It is installed with what the tests need."""
    found = shutil.which("flatc")
    if not found and not shutil.which("apt-get"):
        pytest.skip("flatc is not here, and there is no apt to install flatbuffers-compiler with")
    assert found, "flatc is missing: python3 -m deploy.local.install test"
    return found


def by_flatc(flatc: str, schema: Path, data: list[bytes], folder: Path) -> list[Any]:
    names = [f"m{number:03}" for number in range(len(data))]
    for name, each in zip(names, data, strict=True):
        (folder / f"{name}.bin").write_bytes(each)
    command = [
        flatc,
        "--json",
        "--strict-json",
        "--defaults-json",
        "--raw-binary",
        "-o",
        str(folder),
        str(schema),
        "--",
    ]
    subprocess.run([*command, *(str(folder / f"{name}.bin") for name in names)], check=True, capture_output=True)
    return [json.loads((folder / f"{name}.json").read_text()) for name in names]


@pytest.mark.parametrize("schema", SHAPES)
def test_messages_are_read_as_they_were_written_and_as_flatc_reads_them(schema, flatc, tmp_path):
    rng, shape = random.Random(schema), SHAPES[schema]
    written = [random_message(rng, shape) for _ in range(N_MESSAGES)]
    data = [message(shape, values) for values in written]
    batch = read(b"".join(record(CODES[schema], ns, each) for ns, each in enumerate(data)))
    assert (batch.damages, batch.incomplete) == ([], "")
    ours, theirs = messages(batch), by_flatc(flatc, BUNDLE / f"{schema}.fbs", data, tmp_path)
    assert len(ours) == len(theirs) == N_MESSAGES
    for values, mine, other in zip(written, ours, theirs, strict=True):
        assert same(shape, mine, whole(shape, values), exact), (values, mine)
        assert same(shape, mine, other, as_flatc), (mine, other)


def test_numbers_that_fixed_decimals_would_lose_are_kept():
    timings = {"atime": 2.75e-4, "jitter": 1.2e-13, "wtime": 1e-300, "wjitter": 1e-7}
    data = message(SHAPES["frame_timings"], timings)
    [told] = messages(read(record(CODES["frame_timings"], 0, data)))
    assert told == timings
    air = message(SHAPES["lab_air"], {"temp": -273.15, "humidity": 1.5e-7})
    [record_of_air] = read(record(CODES["lab_air"], 0, air)).records
    assert record_of_air.msg in {b'{"temp":-273.15,"humidity":1.5e-7}', b'{"temp":-273.15,"humidity":1.5e-07}'}


@pytest.mark.skipif(OBSERVATORYS_OWN not in os.environ, reason=f"asked for by {OBSERVATORYS_OWN}=codes:folder of .fbs")
def test_an_observatorys_own_code_table_and_schemas_can_be_read(flatc, tmp_path):
    """Each code has its schema, and random fields of each are told as flatc tells them."""
    table, folder = map(Path, os.environ[OBSERVATORYS_OWN].split(":"))
    paths = {path.name: path for path in folder.rglob("*.fbs")}
    bundle = Bundle.from_texts(
        {"codes.txt": table.read_text()} | {name: path.read_text() for name, path in paths.items()}
    )
    assert bundle.missing_schemas() == []
    for code, kind in bundle.types.items():
        if kind.reader:
            shape = shape_of(kind.reader.schema)
            data = [message(shape, random_message(random.Random(code + number), shape)) for number in range(N_MESSAGES)]
            ours = messages(read(b"".join(record(code, ns, each) for ns, each in enumerate(data)), bundle=bundle))
            (folder_of_code := tmp_path / str(code)).mkdir()
            theirs = by_flatc(flatc, paths[f"{kind.schema}.fbs"], data, folder_of_code)
            assert [same(shape, mine, other, as_flatc) for mine, other in zip(ours, theirs, strict=True)] == [
                True
            ] * N_MESSAGES


def shape_of(schema: Schema) -> Shape:
    """An observatory's schema as our encoder takes one. Here our own parser is believed; flatc judges it."""

    def kind_of(field):
        base = KINDS.get(field.kind) or (shapes(field.kind) if field.kind in schema.tables else "str")
        with_default = f"{base}={field.default}" if isinstance(base, str) and field.default else base
        return [base] if field.is_vector else with_default

    def shapes(table):
        return {field.name: kind_of(field) for field in schema.tables[table]}

    root: Shape = shapes(schema.root)
    return root
