"""The configuration of `xtelemdb`: TOML files, words `key.sub=value`, and the environment. Knows no Django.

Later files win over earlier ones, words over files. A key that is not known is an error, not a silence: who writes
`data_dir` for `data_dirs` would wait for an inventory that never comes.
"""

import os
import socket
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from telemetry.errors import UsageError
from telemetry.listing import IGNORED_FILES, IGNORED_FOLDERS, Ignore

PASSWORD_FILE = "/opt/MagAOX/secrets/xtelemdb_password"  # noqa: S105 - a place
DATA_DIRS = tuple(f"/opt/MagAOX/{name}" for name in ("logs", "rawimages", "telem", "cacao"))
_LIST = list[str]
_DATABASE: dict[str, type] = {
    "host": str,
    "port": int,
    "user": str,
    "database": str,
    "password_file": str,
    "statement_timeout_sec": int,
    "lock_timeout_sec": int,
    "idle_in_transaction_timeout_sec": int,
}
_KEYS: dict[str, Any] = {
    "hostname": str,
    "data_dirs": _LIST,
    "schemas": str,
    "parallel_jobs": int,
    "limit": int,
    "database": _DATABASE,
    "databases": {"*": _DATABASE},
    "ignore_patterns": {"files": _LIST, "directories": _LIST},
    "replicas": {"*": {"local": bool, "command": _LIST}},
    "roles": {"reader": str, "reader_password_file": str, "writer": str, "writer_password_file": str},
    "agent": {"*": None},  # the agent knows its own
}
_NOT_NEEDED = {"logdump_exe": "this program reads the files itself"}


@dataclass(frozen=True, slots=True)
class Database:
    """Where a database is, and how long it may take, in seconds. A host that begins with / is a socket's folder."""

    host: str = "localhost"
    port: int = 5432
    user: str = "xtelem"
    database: str = "xtelem"
    password_file: str = ""
    statement_timeout_sec: int = 60
    lock_timeout_sec: int = 60
    idle_in_transaction_timeout_sec: int = 60

    def password(self, name: str = "") -> str:
        """The password: of $XTELEMDB_PASSWORD_<NAME>, else $XTELEMDB_PASSWORD, else of the file; else empty.

        Raises UsageError for a file that is named and can not be read.
        """
        for variable in (f"XTELEMDB_PASSWORD_{name.upper()}", "XTELEMDB_PASSWORD"):
            if variable in os.environ:
                return os.environ[variable]
        if self.password_file:
            return read_secret(self.password_file)
        return read_secret(PASSWORD_FILE) if os.access(PASSWORD_FILE, os.R_OK) else ""


@dataclass(frozen=True, slots=True)
class Roles:
    """Logins that `setup --roles` makes. Each password is the first line of a file."""

    reader: str = "xsup"
    reader_password_file: str = ""
    writer: str = ""
    writer_password_file: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """All that is configured. `databases` has at least one; the first is the one that is asked."""

    hostname: str
    data_dirs: tuple[str, ...] = DATA_DIRS
    schemas: str = ""
    parallel_jobs: int = 1
    limit: int | None = None
    databases: Mapping[str, Database] = field(default_factory=lambda: {"default": Database()})
    ignore: Ignore = field(default_factory=Ignore)
    replicas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    roles: Roles = field(default_factory=Roles)
    agent: Mapping[str, Any] = field(default_factory=dict)
    names_a_database: bool = False
    notes: tuple[str, ...] = ()


def read_secret(path: str | Path) -> str:
    """The first line of a file that holds a secret. Raises UsageError where it can not be read or is empty."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The password file {path} can not be read: {getattr(error, 'strerror', error)}.") from error
    if not lines or not lines[0]:
        raise UsageError(f"The password file {path} is empty: write the password into its first line.")
    return lines[0]


def read_config(files: Sequence[str | Path] = (), words: Sequence[str] = ()) -> Config:
    """The configuration that these files and words make. Raises UsageError for what no key or value is."""
    said: dict[str, Any] = {}
    for path in files:
        _merge(said, _toml_of(Path(path)))
    for word in words:
        _merge(said, _told(word))
    notes = [f"{key} is not needed: {why}." for key, why in _NOT_NEEDED.items() if said.pop(key, None) is not None]
    _check(said, _KEYS, "")
    return _made(said, tuple(notes))


def _toml_of(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"The configuration {path} can not be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The configuration {path} is no TOML: {error}.") from error


def _told(word: str) -> dict[str, Any]:
    """A word `key.sub=value` as a table. What is no TOML value is a text."""
    key, equals, text = word.partition("=")
    if not equals or not key:
        raise UsageError(f"{word!r} is neither an option nor a setting such as database.port=5433.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


def _merge(said: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(said.get(key), dict):
            _merge(said[key], value)
        else:
            said[key] = value


def _check(said: Mapping[str, Any], known: Mapping[str, Any], before: str) -> None:
    """Raises UsageError for the first key that is not known, with the nearest that is, or value of the wrong type."""
    for key, value in said.items():
        place = before + key
        if key not in known and "*" not in known:
            near = get_close_matches(place, [name for name, _ in _names(_KEYS)], n=1, cutoff=0.5)
            hint = f" Is {near[0]} meant?" if near else ""
            raise UsageError(f"The configuration key {place} is not known.{hint}")
        expected = known[key] if key in known else known["*"]
        if isinstance(expected, dict):
            if not isinstance(value, dict):
                raise UsageError(f"{place} is a table: write [{place}] and its keys below.")
            _check(value, expected, place + ".")
        elif expected is not None and not _fits(value, expected):
            raise UsageError(f"{place} = {value!r} is not {_spoken(expected)}.")


def _names(known: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in known.items():
        if isinstance(value, dict):
            yield from _names(value, f"{before}{key}.")
        else:
            yield before + key, value


def _fits(value: Any, expected: Any) -> bool:
    if expected is _LIST:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if expected is int:
        return type(value) is int and value >= 0
    return isinstance(value, expected)


def _spoken(expected: Any) -> str:
    return {str: "a text", int: "a whole number of 0 or more", bool: "true or false"}.get(expected, "a list of texts")


def _made(said: Mapping[str, Any], notes: tuple[str, ...]) -> Config:
    if "database" in said and "databases" in said:
        raise UsageError("Write either [database] or [databases.<name>], not both.")
    databases = said.get("databases") or {"default": said.get("database", {})}
    patterns = said.get("ignore_patterns", {})
    return Config(
        hostname=said.get("hostname") or socket.gethostname(),
        data_dirs=tuple(said.get("data_dirs", DATA_DIRS)),
        schemas=said.get("schemas", ""),
        parallel_jobs=max(1, said.get("parallel_jobs", 1)),
        limit=said.get("limit"),
        databases={name: Database(**keys) for name, keys in databases.items()},
        ignore=Ignore(tuple(patterns.get("files", IGNORED_FILES)), tuple(patterns.get("directories", IGNORED_FOLDERS))),
        replicas=said.get("replicas", {}),
        roles=Roles(**said.get("roles", {})),
        agent=said.get("agent", {}),
        names_a_database="database" in said or "databases" in said,
        notes=notes,
    )


def dump(config: Config) -> str:
    """The configuration as TOML, without any password: files are named, what they hold is not."""
    lines = [
        f"hostname = {_toml(config.hostname)}",
        f"data_dirs = {_toml(config.data_dirs)}",
        f"schemas = {_toml(config.schemas)}",
        f"parallel_jobs = {config.parallel_jobs}",
    ]
    if config.limit is not None:
        lines.append(f"limit = {config.limit}")
    tables: dict[str, Mapping[str, Any]] = {
        f"databases.{_toml_key(name)}": {key: getattr(database, key) for key in _DATABASE}
        for name, database in config.databases.items()
    }
    tables["ignore_patterns"] = {"files": config.ignore.files, "directories": config.ignore.folders}
    tables |= {f"replicas.{_toml_key(prefix)}": keys for prefix, keys in config.replicas.items()}
    tables["roles"] = {key: getattr(config.roles, key) for key in _KEYS["roles"]}
    tables["agent"] = {
        key: "(hidden)" if "token" in key and "file" not in key else value for key, value in config.agent.items()
    }
    for name, keys in tables.items():
        lines += ["", f"[{name}]", *(f"{_toml_key(key)} = {_toml(value)}" for key, value in keys.items())]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml_key(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def _toml_key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() and key.isascii() else _toml(key)
