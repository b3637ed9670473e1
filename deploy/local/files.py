"""Small files of NAME=value lines that only their owner may read."""

import os
from collections.abc import Mapping
from pathlib import Path


def write_private(path: Path, values: Mapping[str, str]) -> None:
    """Write all of `values` or nothing, mode 0600."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.writelines(f"{name}={value}\n" for name, value in values.items())
    unfinished.replace(path)


def read_values(path: Path) -> dict[str, str]:
    """Read what `write_private` wrote; nothing where there is no such file."""
    if not path.exists():
        return {}
    return dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
