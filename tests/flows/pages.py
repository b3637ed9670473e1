"""Documents whose commands a test runs: each block of commands, and the block of text that it must print."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 120.0
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```\n\s*^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    language: str
    commands: str
    prints: str


def steps_of(page: Path) -> list[Step]:
    """Commands of a page, in their order. Every block of commands must say what it prints, or belong to the next."""
    text = page.read_text(encoding="utf-8")
    steps = [Step(*match) for match in BLOCK.findall(text)]
    blocks = len(re.findall(r"^```(?:sh|python)$", text, re.MULTILINE))
    if not steps or len(steps) != blocks:
        raise AssertionError(f"{page.name}: {blocks} blocks of commands, {len(steps)} that say what they print")
    return steps


def run_page(page: Path, *, python: str, folder: Path, environment: Mapping[str, str]) -> Iterator[tuple[Step, str]]:
    """Run a page as its reader would: shell commands in one shell after the other, each program by itself."""
    before = ""
    for step in steps_of(page):
        if step.language == "sh":
            yield step, _run(["bash", "-euo", "pipefail", "-c", f"{before}\n{step.commands}"], folder, environment)
            before += "".join(f"{line}\n" for line in step.commands.splitlines() if re.match(r"[A-Z]+=", line))
        else:
            yield step, _run([python, "-c", step.commands], folder, environment)


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
    return done.stdout
