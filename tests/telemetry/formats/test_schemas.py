"""Code tables and schemas: what is understood, and that what is not is told with its place."""

import io
import zipfile

import orjson
import pytest

from telemetry.formats.errors import BundleError
from telemetry.formats.fbs import parse_schema
from telemetry.formats.schemas import Bundle
from tests.telemetry.encoding import message, record
from tests.telemetry.formats.reading import OURS, read
from tests.telemetry.shapes import BUNDLE, EVENTS, WITHOUT_SCHEMA
from tests.telemetry.templates import CODES as STRUCT_CODES

CODES = "one 1 one\n"
ONE = "table one { a:int; }"


def test_the_bundle_of_the_tests_knows_each_of_its_events():
    assert {kind.name: (code, kind.schema) for code, kind in OURS.types.items()} == EVENTS | WITHOUT_SCHEMA
    assert OURS.missing_schemas() == ["not_yet_written"]


def test_a_folder_and_its_zip_are_the_same_bundle(tmp_path):
    packed = OURS.as_zip()
    again = Bundle.load(io.BytesIO(packed))
    (tmp_path / "b.zip").write_bytes(packed)
    assert again.digest == OURS.digest == Bundle.load(tmp_path / "b.zip").digest
    assert again.as_zip() == packed
    nested = io.BytesIO()
    with zipfile.ZipFile(nested, "w") as file:
        for path in BUNDLE.iterdir():
            file.write(path, f"release-2/{'codes' if path.suffix == '.txt' else 'schemas'}/{path.name}")
    nested.seek(0)
    assert Bundle.load(nested).digest == OURS.digest


def test_a_bundle_in_which_one_letter_differs_is_another():
    texts = {"codes.txt": CODES, "one.fbs": ONE}
    first = Bundle.from_texts(texts)
    assert first.digest != Bundle.from_texts(texts | {"one.fbs": ONE + " "}).digest
    assert first.digest != Bundle.from_texts({"codes.txt": CODES, "two.fbs": ONE}).digest


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("one 1 one\none 2 two\n", r"line 2: one or 2"),
        ("one 1 one\ntwo 1 two\n", r"line 2: two or 1"),
        ("one 65536 one\n", "line 1"),
        ("one -1 one\n", "line 1"),
        ("# only a comment\none 1\n", "line 2"),
        ("one 1 one more\n", "line 1"),
        ("one \u0661 one\n", "line 1"),
        ("# nothing\n\n", "empty"),
    ],
)
def test_a_code_table_that_can_not_be_is_refused_with_its_line(table, says):
    with pytest.raises(BundleError, match=says):
        Bundle.from_texts({"codes.txt": table, "one.fbs": ONE})


def test_comments_and_blank_lines_in_a_code_table_are_passed_over():
    bundle = Bundle.from_texts({"codes.dat": "# all\n\n  one\t65535 one # the last\n", "one.fbs": ONE})
    assert [(code, kind.name) for code, kind in bundle.types.items()] == [(65_535, "one")]


@pytest.mark.parametrize("texts", [{"one.fbs": ONE}, {"a.txt": CODES, "b.dat": CODES, "one.fbs": ONE}])
def test_a_bundle_has_one_code_table(texts):
    with pytest.raises(BundleError, match="one code table"):
        Bundle.from_texts(texts)


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04 half of one"])
def test_what_is_no_zip_is_refused(data):
    with pytest.raises(BundleError, match="neither a folder nor a zip"):
        Bundle.load(io.BytesIO(data))


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BundleError, match="neither a folder nor a zip"):
        Bundle.load(tmp_path / "nothing")


@pytest.mark.parametrize("alias", [
    ("bool", "bool"), ("byte", "i8"), ("int8", "i8"), ("ubyte", "u8"), ("uint8", "u8"), ("short", "i16"), ("int16", "i16"),
    ("ushort", "u16"), ("uint16", "u16"), ("int", "i32"), ("int32", "i32"), ("uint", "u32"), ("uint32", "u32"), ("long", "i64"),
    ("int64", "i64"), ("ulong", "u64"), ("uint64", "u64"), ("float", "f32"), ("float32", "f32"), ("double", "f64"),
    ("float64", "f64"),
])  # fmt: skip
def test_each_name_of_a_number_is_understood(alias):
    name, kind = alias
    [field] = parse_schema(f"table t {{ a:{name}; }}", name="t.fbs").tables["t"]
    assert field.kind == STRUCT_CODES[kind]


def test_the_language_that_is_in_use_is_understood():
    text = """// a comment
    namespace A.B.C;
    /// of the table
    table inner { x:float = -1.5; y:bool=true; } // behind
    table outer{a:[inner];b:A.B.C.inner;c:string;d:[string];e:byte=-1;f:uint = 0x10;}
    root_type outer;"""
    schema = parse_schema(text, name="x.fbs")
    assert schema.root == "outer"
    assert [(each.name, each.default) for each in schema.tables["inner"]] == [("x", -1.5), ("y", True)]
    assert [(each.name, each.kind, each.is_vector) for each in schema.tables["outer"]] == [
        ("a", "inner", True), ("b", "inner", False), ("c", "string", False), ("d", "string", True), ("e", "b", False), ("f", "I", False),
    ]  # fmt: skip


def test_slots_follow_from_ids_where_a_schema_has_them():
    shape = {"first": "i32", "second": "i32"}
    text = "table t { second:int (id: 1); first:int (id: 0); } root_type t;"
    bundle = Bundle.from_texts({"codes.txt": "t 1 t\n", "t.fbs": text})
    [found] = read(record(1, 0, message(shape, {"first": 1, "second": 2})), bundle=bundle).records
    assert orjson.loads(found.msg) == {"first": 1, "second": 2}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("table t {\n a:int\n}", "line 3"),
        ("table t {\n a:strange;\n}", "unknown type strange"),
        ("table t {\n a:int = x;\n}", "line 2"),
        ('table t {\n a:string = "x";\n}', "line 2"),
        ("table t {\n a:int;\n a:int;\n}", "same name"),
        ("\n\nenum e:byte { A }", "line 3"),
        ("struct s { a:int; }", "line 1"),
        ("union u { t }", "line 1"),
        ('include "other.fbs";', "line 1"),
        ("table t { a:int (required); }", "required"),
        ("table t { a:int (id: 1); }", "ids"),
        ("table t { a:int; } root_type other;", "root_type"),
        ("table t { a:[[int]]; }", "line 1"),
        ("table t { a:int;", "ends in the middle"),
        ("namespace a;", "no table"),
        ("", "no table"),
        ("table t { a:int; } €", "line 1"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(text, says):
    with pytest.raises(BundleError, match=f"x.fbs.*{says}"):
        parse_schema(text, name="x.fbs")


def test_a_schema_that_no_longer_reads_old_numbers_loses_no_record():
    """The schema of a bundle says f64 where records have f32: they are kept as bytes, and a right bundle reads them."""
    data = record(1, 0, message({"a": "f32"}, {"a": 1.5}))
    wrong = Bundle.from_texts({"codes.txt": "t 1 t\n", "t.fbs": "table t { a:double; b:double; }"})
    right = Bundle.from_texts({"codes.txt": "t 1 t\n", "t.fbs": "table t { a:float; }"})
    [kept] = read(data, bundle=wrong).records
    assert kept.msg is None
    assert read(data, bundle=right).records[0].msg == b'{"a":1.5}'
    assert read(record(1, 0, kept.raw), bundle=right).records == read(data, bundle=right).records
