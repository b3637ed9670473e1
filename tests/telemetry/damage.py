"""Files that are damaged, odd or at a limit, each with what must become of it. Told by how they are made, not by a reader."""

import gzip
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import zstandard

from tests.telemetry.encoding import INFO, event_record, message, raw_header, record
from tests.telemetry.shapes import EVENTS, SHAPES

S = 1_000_000_000
T0 = 1_713_220_200 * S  # 2024-04-15T22:30:00Z
STAMP = "20240415223000000000000"
N_USUAL = 6  # records around a damage
LEAP_S = 3


@dataclass(frozen=True)
class Case:
    """One file. `state` is that of its recording; each of `words` stands in the reason."""

    name: str
    file: str
    data: bytes
    n_records: int
    state: str = "ok"
    words: tuple[str, ...] = ()
    n_damages: int = 0
    n_undecoded: int = 0
    messages: tuple[Any, ...] | None = None  # of all records, where they say what the case is about
    nonfinite: tuple[Any, ...] | None = None  # where they have any
    times_ns: tuple[int, ...] | None = None
    unknown_fields: int = 0
    n_raw: int | None = None  # records whose bytes are kept besides; None: not what the case is about


@cache
def cases() -> dict[str, Case]:
    """All of them by name."""
    makers = (
        _breaks,
        _lengths,
        _codes,
        _headers,
        _evolved,
        _numbers,
        _strings,
        _clocks,
        _fences,
        _lines,
        _odd_lines,
        _packed,
        _foreign,
    )
    found = [case for maker in makers for case in maker()]
    assert len({case.name for case in found}) == len(found)
    return {case.name: case for case in found}


def binary(name: str, data: bytes, n_records: int, **expected: Any) -> Case:
    return Case(name, f"{name}_{STAMP}.bintel", data, n_records, **expected)


def lines(name: str, data: bytes, n_records: int, **expected: Any) -> Case:
    return Case(name, f"{name}_2024-04-15T223000.ndjson", data, n_records, **expected)


def usual(number: int, *, ns: int | None = None) -> bytes:
    """A record in which nothing is wrong; each has another size than the one before."""
    at = T0 + number * S if ns is None else ns
    preset = {"moving": number % 2, "preset": float(number), "presetName": "open" * (1 + number % 4)}
    return event_record("preset_choice", at, preset)


def line(number: int, **said: Any) -> bytes:
    """A line in which nothing is wrong, but for what `said` puts in its place."""
    whole = {
        "ts": f"2024-04-15T22:30:{number:02}.000001000",
        "prio": "TELM",
        "ec": "telem_indi_set",
        "msg": {"count": number},
    }
    return json.dumps(whole | said, ensure_ascii=False).encode() + b"\n"


def around(middle: bytes) -> bytes:
    """Three records, something, three records."""
    return b"".join(map(usual, range(3))) + middle + b"".join(map(usual, range(4, N_USUAL + 1)))


def _breaks() -> Iterator[Case]:
    """Cut after k bytes of the second record: in its header, in its length, in its message."""
    first = event_record("telem_telpos", T0, {"ra": 1.5, "dec": -2.5, "el": 80.0})
    second = record(EVENTS["text_log"][0], T0 + S, message(SHAPES["string_log"], {"message": "x" * 400}), priority=INFO)
    for k in (0, 5, 11, 12, 13, 40, len(second) - 1):
        expected = {"state": "incomplete", "words": ("breaks off",)} if k else {}
        yield binary(f"torn_after_{k:03}", first + second[:k], 1, **expected)
    yield binary("torn_at_once", first[:9], 0, state="incomplete", words=("breaks off",))


def _lengths() -> Iterator[Case]:
    """A wrong length in the middle: only that record is lost, or kept as bytes."""
    damaged = usual(3)
    lost = {"state": "partial", "n_damages": 1}
    times = tuple(T0 + number * S for number in range(N_USUAL + 1) if number != 3)
    for name, length in {
        "shorter": 20,
        "none": 0,
        "a_little_longer": damaged[11] + 1,
        "longer": damaged[11] + 90,
        "longest": 253,
    }.items():
        changed = damaged[:11] + bytes([length]) + damaged[12:]
        yield binary(f"length_{name}", around(changed), len(times), times_ns=times, **lost)
    for name, changed in {"16_bits": b"\xfe" + damaged[12:], "64_bits": b"\xff" + damaged[12:]}.items():
        yield binary(f"length_in_{name}", around(damaged[:11] + changed), len(times), times_ns=times, **lost)


def _codes() -> Iterator[Case]:
    unknown = record(65_000, T0 + 3 * S, b"\x01\x02\x03\x04\x05")
    yield binary("code_65000", around(unknown), N_USUAL + 1, n_undecoded=1, n_raw=1)
    missing = event_record("text_log", T0 + 3 * S, {"message": "of a schema to come"})
    missing = missing[:1] + struct.pack("<H", 30_900) + missing[3:]
    yield binary("schema_missing", around(missing), N_USUAL + 1, n_undecoded=1, n_raw=1)
    wrong = bytearray(usual(3))
    wrong[12] ^= 0x40  # the offset of the root table
    yield binary(
        "payload_flipped",
        around(bytes(wrong)),
        N_USUAL + 1,
        state="partial",
        n_damages=1,
        n_undecoded=1,
        words=("preset_choice", "schema"),
    )
    yield binary(
        "not_empty_event",
        around(record(140, T0 + 3 * S, b"abc")),
        N_USUAL + 1,
        state="partial",
        n_damages=1,
        n_undecoded=1,
    )


def _headers() -> Iterator[Case]:
    body = usual(3)[12:]
    late = raw_header(EVENTS["preset_choice"][0], T0 // S + 3, 1_500_000_000, len(body)) + body
    times = tuple(T0 + number * S for number in range(N_USUAL + 1) if number != 3)
    yield binary(
        "nanoseconds_too_many",
        around(late),
        N_USUAL,
        state="partial",
        n_damages=1,
        words=("1500000000 nanoseconds",),
        times_ns=times,
    )
    odd = bytearray(usual(3))
    odd[0] = 200
    yield binary(
        "priority_unknown",
        around(bytes(odd)),
        N_USUAL,
        state="partial",
        n_damages=1,
        words=("priority",),
        times_ns=times,
    )
    yield binary(
        "noise_between",
        around(bytes(range(7, 180))),
        N_USUAL,
        state="partial",
        n_damages=1,
        words=("bytes were skipped",),
        times_ns=times,
    )
    zeros = b"".join(map(usual, range(4))) + bytes(4096)
    yield binary("zeros_at_the_end", zeros, 4, state="partial", n_damages=1, words=("zero",))
    yield binary(
        "zeros_between", around(bytes(4096)), N_USUAL, state="partial", n_damages=1, words=("zero",), times_ns=times
    )


def _evolved() -> Iterator[Case]:
    """Written by a newer and by an older program than the schema is of."""
    shape = SHAPES["lab_air"]
    newer = message(
        shape | {"pressure": "f32", "place": "str"},
        {"temp": 20.5, "humidity": 40.0, "pressure": 612.5, "place": "dome"},
    )
    code = EVENTS["lab_air"][0]
    yield binary("newer_writer", around(record(code, T0, newer)), N_USUAL + 1, unknown_fields=2, n_raw=1)
    old_shape = {"place": "f32"}
    older = message(old_shape, {"place": 12.25})
    expected = {"place": 12.25, "steps": 0.0, "warmth": 0.0}
    yield binary("older_writer", record(EVENTS["stage_place"][0], T0, older), 1, messages=(expected,), n_raw=0)


def _numbers() -> Iterator[Case]:
    for name, value in {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}.items():
        data = event_record("lab_air", T0, {"temp": value, "humidity": 40.0})
        word = name.replace("-", "minus_")
        yield binary(
            f"single_{word}", data, 1, messages=({"temp": None, "humidity": 40.0},), nonfinite=({"temp": name},)
        )
        telpos = event_record("telem_telpos", T0, {"ra": value})
        zeros = dict.fromkeys(SHAPES["telem_telpos"], 0.0)
        yield binary(f"double_{word}", telpos, 1, messages=(zeros | {"ra": None},), nonfinite=({"ra": name},))
    temps = event_record("plate_temps", T0, {"temps": [1.5, float("inf"), 2.5, float("nan")]})
    said = {"temps[1]": "inf", "temps[3]": "nan"}
    yield binary("vector_not_finite", temps, 1, messages=({"temps": [1.5, None, 2.5, None]},), nonfinite=(said,))
    deep = event_record(
        "zone_alarms", T0, {"zones": [{"name": "a"}, {"name": "b", "level": float("nan"), "limits": [float("-inf")]}]}
    )
    zones = [{"name": "a", "level": 0.0}, {"name": "b", "level": None, "limits": [None]}]
    below = {"zones[1].level": "nan", "zones[1].limits[0]": "-inf"}
    yield binary("tables_not_finite", deep, 1, messages=({"zones": zones, "total": 0},), nonfinite=(below,))
    greatest = event_record("saving_begun", T0, {"state": -(2**15), "frameNo": 2**64 - 1})
    yield binary("greatest_integer", greatest, 1, messages=({"state": -(2**15), "frameNo": 2**64 - 1},))


def _strings() -> Iterator[Case]:
    def log(text: bytes) -> bytes:
        data = message(SHAPES["string_log"], {"message": "~" * len(text)})
        return record(EVENTS["text_log"][0], T0, data.replace(b"~" * len(text), text), priority=INFO)

    yield binary("string_with_nul", log(b"a\0b"), 1, messages=({"message": "a\ufffdb"},), n_raw=1)
    yield binary("string_no_utf8", log(b"a\xffb"), 1, messages=({"message": "a\ufffdb"},), n_raw=1)
    yield binary("string_surrogate", log(b"\xed\xa0\x80"), 1, n_raw=1)
    yield binary("string_of_70_kb", log(b"x" * 70_000), 1, messages=({"message": "x" * 70_000},), n_raw=0)
    odd = '"\\\x01\x1f\x7f\u2028\u20ac'
    yield binary("string_to_escape", log(odd.encode()), 1, messages=({"message": odd},), n_raw=0)


def _clocks() -> Iterator[Case]:
    back = b"".join(usual(number, ns=T0 + (number - LEAP_S * (number > 3)) * S) for number in range(N_USUAL))
    yield binary("clock_steps_back", back, N_USUAL)
    same = usual(0, ns=T0) + usual(1, ns=T0) + event_record("lab_air", T0, {"temp": 1.5})
    yield binary("same_nanosecond", same, 3, times_ns=(T0, T0, T0))
    twins = usual(0, ns=T0 + 144_220_040) + usual(1, ns=T0 + 144_220_852)
    yield binary("same_microsecond", twins, 2, times_ns=(T0 + 144_220_040, T0 + 144_220_852))
    yield binary("before_its_stamp", usual(0, ns=T0 - 60 * S), 1, times_ns=(T0 - 60 * S,))
    far = 4_294_967_295 * S + 999_999_999  # year 2106
    yield binary("year_2106", usual(0, ns=2**31 * S) + usual(1, ns=far), 2, times_ns=(2**31 * S, far))
    yield binary("year_1970", usual(0, ns=0), 1, times_ns=(0,))


def _fences() -> Iterator[Case]:
    """Messages as long as headers change at. Their code is unknown, so any bytes are good ones."""
    for n in (0, 253, 254, 255, 65_534, 65_535, 65_536):
        yield binary(
            f"message_of_{n:05}", record(65_000, T0, bytes(n)) + usual(1), 2, n_undecoded=1, times_ns=(T0, T0 + S)
        )
    yield binary(
        "events_of_no_bytes",
        event_record("process_begun", T0) + event_record("process_ended", T0 + 1),
        2,
        messages=({}, {}),
    )


def _lines() -> Iterator[Case]:
    whole = b"".join(map(line, range(5)))
    yield lines("lines_usual", whole, 5, messages=tuple({"count": number} for number in range(5)))
    yield lines("line_torn", whole + line(5)[:-9], 5, state="incomplete", words=("breaks off",))
    yield lines("line_without_end", whole + line(5)[:-1], 6)
    yield lines("line_blank", line(0) + b"\n  \n" + line(1), 2)
    yield lines("line_crlf", whole.replace(b"\n", b"\r\n"), 5)
    yield lines("line_of_1_mb", line(0) + line(1, msg={"text": "x" * 1_000_000}) + line(2), 3)
    yield lines(
        "line_noise", line(0) + b'{"ts": "2024-04-15T22:3\n' + line(1), 2, state="partial", n_damages=1, words=("JSON",)
    )
    yield lines("line_no_object", line(0) + b"[1, 2]\n" + line(1), 2, state="partial", n_damages=1, words=("object",))
    yield lines("line_without_time", line(0) + line(1, ts=None), 1, state="partial", n_damages=1, words=("time",))
    yield lines("line_without_event", line(0) + line(1, ec=""), 1, state="partial", n_damages=1, words=("event",))
    far = line(0, ts="9999-12-31T00:00:00.000000000") + line(1)
    yield lines("line_of_year_9999", far, 1, state="partial", n_damages=1, words=("time",))
    yield lines(
        "line_with_impossible_time",
        line(0, ts="2024-02-31T00:00:00.000000000") + line(1),
        1,
        state="partial",
        n_damages=1,
    )


def _odd_lines() -> Iterator[Case]:
    bare = line(0).replace(b'{"count": 0}', b'{"pos": nan, "far": [1, -inf, Infinity]}')
    not_finite = {"pos": "nan", "far[1]": "-inf", "far[2]": "inf"}
    yield lines(
        "line_bare_nan",
        bare + line(1),
        2,
        messages=({"pos": None, "far": [1, None, None]}, {"count": 1}),
        nonfinite=(not_finite,),
    )
    text = {"text": "nan, inf and -inf"}
    yield lines("line_nan_in_text", line(0, msg=text), 1, messages=(text,))
    yield lines("line_without_dot", line(0, ts="2024-04-15T22:30:50000"), 1, times_ns=(T0 + 50 * S,))
    yield lines("line_without_fraction", line(0, ts="2024-04-15T22:30:50"), 1, times_ns=(T0 + 50 * S,))
    yield lines("line_with_zone", line(0, ts="2024-04-15T18:30:50.5-04:00"), 1, times_ns=(T0 + 50 * S + S // 2,))
    yield lines("line_msg_is_text", line(0, msg="a text"), 1, messages=("a text",))
    yield lines("line_escaped_nul", line(0, msg={"text": "a\0b"}), 1, messages=({"text": "a\ufffdb"},), n_raw=1)
    lone = line(0, msg={"text": "~"}).replace(b"~", b"\\ud800")
    yield lines("line_lone_surrogate", lone, 1, messages=({"text": "\ufffd"},), n_raw=1)
    yield lines(
        "line_no_utf8", line(0, msg={"text": "~"}).replace(b"~", b"\xff"), 1, messages=({"text": "\ufffd"},), n_raw=1
    )
    great = {"frameNo": 2**64 - 1, "more": 2**70, "small": 1.2e-13}
    yield lines("line_great_numbers", line(0, msg=great), 1, messages=(great,))
    yield lines("line_long_event", line(0, ec="an_event_type_of_more_than_twenty_letters"), 1)
    yield lines("line_names_device", line(0, device="other_device"), 1)
    deep = line(0).replace(b'{"count": 0}', b"[" * 5000 + b"]" * 5000)
    yield lines("line_too_deep", deep + line(1), 1, state="partial", n_damages=1)


def _packed() -> Iterator[Case]:
    text = b"".join(line(number % 60, msg={"count": number * 7919 % 10_007}) for number in range(200))
    packed = gzip.compress(text, mtime=0)
    cut = packed[:-100]
    n_whole = zlib.decompressobj(wbits=31).decompress(cut).count(b"\n")
    assert 0 < n_whole < 200
    yield Case(
        "gzip_cut", "gzip_cut_2024-04-15T223000.ndjson.gz", cut, n_whole, state="incomplete", words=("breaks off",)
    )
    half = text.index(b"\n", len(text) // 2) - 20  # in a line
    members = gzip.compress(text[:half]) + gzip.compress(text[half:])
    yield Case("gzip_two_members", "gzip_two_members_2024-04-15T223000.ndjson.gz", members, 200)
    yield Case("gzip_zeros_behind", "gzip_zeros_behind_2024-04-15T223000.ndjson.gz", packed + bytes(512), 200)
    yield Case("gzip_empty", "gzip_empty_2024-04-15T223000.ndjson.gz", gzip.compress(b""), 0)
    yield Case(
        "gzip_none",
        "gzip_none_2024-04-15T223000.ndjson.gz",
        b"no gzip at all",
        0,
        state="incomplete",
        words=("damaged",),
    )
    records = b"".join(map(usual, range(50)))
    yield Case("bintel_gzip", f"bintel_gzip_{STAMP}.bintel.gz", gzip.compress(records), 50)
    pack = zstandard.ZstdCompressor().compress
    yield Case("bintel_zstd", f"bintel_zstd_{STAMP}.bintel.zst", pack(records[:500]) + pack(records[500:]), 50)
    yield Case(
        "bintel_zstd_cut",
        f"bintel_zstd_cut_{STAMP}.bintel.zst",
        pack(records) + pack(records)[:-40],
        50,
        state="incomplete",
        words=("breaks off",),
    )
    yield Case("ndjson_zstd", "ndjson_zstd_2024-04-15T223000.ndjson.zst", pack(text), 200)


def _foreign() -> Iterator[Case]:
    yield binary("no_bytes", b"", 0)
    prose = ("No telemetry: a text that someone saved under this name. " * 40).encode()
    yield binary("prose", prose, 0, state="bad", n_damages=1, words=("no record begins",))
    yield lines("prose_lines", b"no JSON\n" * 3, 0, state="bad", n_damages=3, words=("JSON",))
    yield Case("many_underscores", f"a_b_c_{STAMP}.bintel", usual(0), 1)
    yield Case("long_device", f"{'d' * 60}_{STAMP}.bintel", usual(0), 1)
