"""Two answers side by side: what differs, and where.

Compared by kind only: instants at which something was made, signatures and hosts in links, values of cursors, and the
order of lists that the interface leaves unordered.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

MADE_AT = {"created", "generated_at"}
UNORDERED = {"related_frames", "sites", "telescopes", "filters", "instruments", "obstypes", "proposals", "choices"}
SIGNED = ("X-Amz-Credential", "X-Amz-Date", "X-Amz-Signature", "response-content-disposition", "ticket")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z")
# What OPTIONS says of a field for people, and its limits: names, order and types of the fields are compared.
DESCRIBED = {"help_text", "label", "max_length", "min_value", "max_value"}
SAME_DEGREES = 1e-9
COMPARED_HEADERS = (
    "Content-Type",
    "WWW-Authenticate",
    "Allow",
    "Vary",
    "Location",
    "Content-Disposition",
    "X-Archive-Files",
)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any  # parsed JSON, text, or None where the body is not compared


@dataclass(frozen=True, slots=True)
class Difference:
    path: str
    recorded: Any
    answered: Any


def differences(recorded: Answer, answered: Answer) -> list[Difference]:
    """What differs. Of answers with another status nothing else is compared: they have no common form."""
    if recorded.status != answered.status:
        return [Difference("status", recorded.status, answered.status)]
    found = list(_of_headers(recorded.headers, answered.headers))
    if recorded.body is not None:
        found += _of_values(by_kind(recorded.body), by_kind(answered.body), "$")
    return found


def _of_headers(recorded: Mapping[str, str], answered: Mapping[str, str]) -> Iterator[Difference]:
    for name in COMPARED_HEADERS:
        old, new = recorded.get(name), answered.get(name)
        if name in {"Allow", "Vary"}:
            old_names, new_names = _names(old), _names(new)
            is_same = old_names <= new_names if name == "Vary" else old_names == new_names
        else:
            is_same = _dateless(old) == _dateless(new)
        if not is_same:
            yield Difference(name, old, new)


def _names(value: str | None) -> set[str]:
    return {name.strip().lower() for name in (value or "").split(",") if name.strip()}


def _dateless(value: str | None) -> str | None:
    """Names of zip files hold the day on which they were made."""
    return value and re.sub(r"-\d{8}-(\d+)", r"-<day>-\1", value)


def _of_values(recorded: Any, answered: Any, path: str) -> Iterator[Difference]:
    if isinstance(recorded, dict) and isinstance(answered, dict):
        yield from _of_objects(recorded, answered, path)
    elif _ids(recorded) is not None and _ids(answered) is not None:
        yield from _of_rows(recorded, answered, path)
    elif isinstance(recorded, list) and isinstance(answered, list) and len(recorded) == len(answered):
        for old, new in zip(recorded, answered, strict=True):
            yield from _of_values(old, new, f"{path}[]")
    elif not _is_same(recorded, answered):
        yield Difference(path, recorded, answered)


def _ids(rows: Any) -> list[int] | None:
    """Ids of rows that have one each."""
    if isinstance(rows, list) and rows and all(isinstance(row, dict) and "id" in row for row in rows):
        return [row["id"] for row in rows]
    return None


def _of_rows(recorded: list[Any], answered: list[Any], path: str) -> Iterator[Difference]:
    """Rows are compared by their ids, so that another order is one difference and hides no other."""
    if _ids(recorded) != _ids(answered):
        yield Difference(f"{path} order", _ids(recorded), _ids(answered))
    by_id = {row["id"]: row for row in answered}
    for row in recorded:
        if row["id"] in by_id:
            yield from _of_values(row, by_id[row["id"]], f"{path}[id={row['id']}]")


def _of_objects(recorded: dict[str, Any], answered: dict[str, Any], path: str) -> Iterator[Difference]:
    if list(recorded) != list(answered):
        yield Difference(f"{path} keys", list(recorded), list(answered))
    for key, old in recorded.items():
        if key in answered:
            yield from _of_values(old, answered[key], f"{path}.{key}")


def _is_same(recorded: Any, answered: Any) -> bool:
    if isinstance(recorded, float) and isinstance(answered, float):
        return math.isclose(recorded, answered, rel_tol=0, abs_tol=SAME_DEGREES)
    return type(recorded) is type(answered) and bool(recorded == answered)


def by_kind(value: Any, key: str = "") -> Any:
    """A value in the form in which it is compared."""
    if isinstance(value, dict) and "read_only" in value:  # a field that OPTIONS describes
        value = {name: inner for name, inner in value.items() if name not in DESCRIBED}
    if isinstance(value, dict):
        return {name: by_kind(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        inner = [by_kind(item) for item in value]
        return sorted(inner, key=str) if key in UNORDERED else inner
    return _text_by_kind(value, key) if isinstance(value, str) else value


def _text_by_kind(value: str, key: str) -> str:
    if key in MADE_AT and INSTANT.fullmatch(value):
        return "<instant>"
    if value.startswith(("http://", "https://")):
        return _link_by_kind(value)
    if key == "area":  # GeoJSON in a text: its spaces and the digits of its numbers mean nothing
        return json.dumps(json.loads(value))
    if value.startswith("- "):
        return "\n".join(_manifest_line_by_kind(line) for line in value.splitlines())
    return value


def _link_by_kind(link: str) -> str:
    """Path and query without host, signature and cursor; of a link to bytes only which bytes it leads to.

    The original's links lead to S3, ours to the archive, which leads on to S3.
    """
    parts = urlsplit(link)
    if version_id := dict(parse_qsl(parts.query)).get("versionId"):
        return f"<bytes of {parts.path.split('/', 2)[2]}, version {version_id}>"
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in SIGNED]
    query = [(name, "<cursor>" if name == "cursor" else value) for name, value in query]
    return f"{parts.path}?{urlencode(query)}"


def _manifest_line_by_kind(line: str) -> str:
    """A line of a zip manifest without signature, size and day.

    The sizes are those of the recording's own files; what this archive's are is compared with its bytes elsewhere.
    """
    match = re.fullmatch(r"(\S+) \d+ (\S+) (\S+)", line)
    if match is None:
        return line
    return f"{match[1]} <size> {_link_by_kind(match[2])} {_dateless(match[3])}"
