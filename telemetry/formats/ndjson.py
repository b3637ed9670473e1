"""NDJSON telemetry of Python devices: a JSON object on each line, with `ts`, `prio`, `ec` and `msg`.

Lines as the writers write them are cut apart, and `msg` is kept to the letter, so that no number is rounded. What is
not quite JSON, bare `nan` and such, is read with patience.
"""

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from telemetry.formats.records import Batch, Damage, Record
from telemetry.formats.times import unix_ns

PRIORITIES = {
    "EMER": 0, "ALRT": 1, "CRIT": 2, "ERR": 3, "WARN": 4, "NOTE": 5, "INFO": 6, "DBG": 7, "DBG2": 8, "TELM": 64,
    "DEF?": 126, "UNK?": 127,
}  # fmt: skip
UNKNOWN_PRIORITY = 127
_USUAL = re.compile(
    rb'\{"ts": ?"([0-9T:.-]+)", ?"prio": ?"([A-Z0-9? ]+)", ?"ec": ?"(\w+)", ?"msg": ?(.*)\}\s*', re.ASCII | re.DOTALL
)
_WORDS = re.compile(r'"(?:[^"\\]|\\.)*"|([+-]?)\b(nan|inf)(?:inity)?\b', re.IGNORECASE | re.DOTALL)
_SAYS_SO = re.compile(rb"nan|inf", re.IGNORECASE)
_SURROGATES = re.compile("[\ud800-\udfff]")


class _Wrong(ValueError):
    """A line is no record; why."""


def read_ndjson(data: bytes, *, offset: int) -> Batch:
    """Records in `data`, the bytes of a file from `offset` on. Never raises, whatever the bytes.

    A last line without an end is taken if it is a whole object; else it is left (`incomplete`).
    """
    return _Reading(bytes(data), offset).batch()


@dataclass(slots=True)
class _Reading:
    data: bytes
    offset: int
    records: list[Record] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)
    _second: str = ""  # the last one with its dot, and its Unix time in ns: most lines share it with the line before
    _second_ns: int = 0

    def batch(self) -> Batch:
        at, size = 0, len(self.data)
        while (end := self.data.find(b"\n", at)) >= 0:
            self._line(at, self.data[at:end], length=end + 1 - at)
            at = end + 1
        why = ""
        if rest := self.data[at:]:
            if rest.rstrip().endswith(b"}") and self._is_whole(at, rest):
                at = size
            else:
                why = f"the last line breaks off: {size - at} bytes are there"
        return Batch(self.records, self.damages, self.offset + at, incomplete=why)

    def _line(self, at: int, line: bytes, *, length: int) -> None:
        if line.strip(b"\r\t \0"):
            try:
                self.records.append(self._usual(at, line) or self._any(at, line))
            except _Wrong as wrong:
                self.damages.append(Damage(self.offset + at, length, str(wrong)))

    def _is_whole(self, at: int, line: bytes) -> bool:
        try:
            self.records.append(self._usual(at, line) or self._any(at, line))
        except _Wrong:
            return False
        return True

    def _usual(self, at: int, line: bytes) -> Record | None:
        """A line as writers write it; None for one that needs more patience."""
        found = _USUAL.fullmatch(line)
        if not found or b"\\u" in line:
            return None
        ts, prio, event, msg = found.groups()
        try:
            orjson.loads(msg)
        except orjson.JSONDecodeError:
            return None
        ns = self._ns(ts.decode())
        priority = PRIORITIES.get(prio.decode().strip())
        return None if ns is None or priority is None else Record(self.offset + at, ns, priority, event.decode(), msg)

    def _ns(self, text: str) -> int | None:
        has_nine_decimals = len(text) == 29 and text[19] == "." and text[20:].isdigit()  # and no zone in their place
        if has_nine_decimals and text[:20] == self._second:
            return self._second_ns + int(text[20:])
        ns = unix_ns(text)
        if ns is not None and has_nine_decimals:
            self._second, self._second_ns = text[:20], ns - int(text[20:])
        return ns

    def _any(self, at: int, line: bytes) -> Record:
        """Any other line.

        Raises _Wrong if it is no record.
        """
        told = _object(line)
        ns = unix_ns(told["ts"]) if isinstance(told.get("ts"), str) else None
        if ns is None:
            raise _Wrong(f"a line has no time that can be read: {str(told.get('ts'))[:40]!r}")
        event, device = told.get("ec"), told.get("device")
        if not isinstance(event, str) or not event or "msg" not in told:
            raise _Wrong("a line has no event type (ec) or no msg")
        nonfinite: dict[str, str] = {}
        cleaned = _Cleaned()
        msg = cleaned.value(told["msg"], "", nonfinite)
        is_lossy = cleaned.is_lossy or "\ufffd" in line.decode("utf-8", "replace")
        is_lossy = is_lossy or (bool(nonfinite) and not _SAYS_SO.search(line))  # 1e400 is a number all the same
        priority = PRIORITIES.get(str(told.get("prio", "")).strip(), UNKNOWN_PRIORITY)
        return Record(
            self.offset + at,
            ns,
            priority,
            cleaned.text(event),
            json.dumps(msg, ensure_ascii=False).encode(),
            orjson.dumps(nonfinite) if nonfinite else None,
            line if is_lossy else None,
            cleaned.text(device) if isinstance(device, str) and device else None,
        )


@dataclass(slots=True)
class _Cleaned:
    """Makes a value one that jsonb takes, and remembers whether it then says less."""

    is_lossy: bool = False

    def value(self, value: Any, path: str, nonfinite: dict[str, str]) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            nonfinite[path] = repr(value)
            return None
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            below = f"{path}." if path else ""
            return {self.text(key): self.value(item, below + key, nonfinite) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item, f"{path}[{i}]", nonfinite) for i, item in enumerate(value)]
        return value

    def text(self, text: str) -> str:
        if "\0" in text or _SURROGATES.search(text):
            self.is_lossy = True
            return _SURROGATES.sub("\ufffd", text.replace("\0", "\ufffd"))
        return text


def _object(line: bytes) -> dict[str, Any]:
    """The line's object, with numbers that are none as Python has them."""
    text = line.decode("utf-8", "replace").strip("\r\t \0")
    try:
        told = json.loads(_WORDS.sub(_as_json_word, text))
    except (ValueError, RecursionError) as error:
        raise _Wrong(f"a line is no JSON: {str(error)[:80]}") from error
    if not isinstance(told, dict):
        raise _Wrong("a line is no JSON object")
    return told


def _as_json_word(found: re.Match[str]) -> str:
    """Bare words for numbers that are none, as Python's parser knows them. Strings stay as they are."""
    sign, word = found.groups()
    if word is None:
        return found[0]
    return "NaN" if word.lower() == "nan" else f"{sign.replace('+', '')}Infinity"
