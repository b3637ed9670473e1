"""Virtual environments from exact pins, made once and kept until the pins change. Standard library only."""

import hashlib
import subprocess
import sys
from pathlib import Path

from archive.errors import FatalError

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
ARCHIVE = ROOT / ".venv"
SWIFT = ROOT / "var" / "venvs" / "swift"
ISSUER = ROOT / "var" / "venvs" / "issuer"
OCS_INGESTER = ROOT / "var" / "venvs" / "ocs_ingester"
CLIENTS = ROOT / "var" / "venvs" / "clients"
NODE = ROOT / "var" / "venvs" / "node"


def require_archive(*, lint: bool = False) -> None:
    """Make `.venv` fit to run the archive and its tests, and with `lint` its checks too."""
    _require(ARCHIVE, ROOT / "requirements.txt")
    if lint:
        _require(ARCHIVE, ROOT / "requirements-lint.txt")


def require_test_tools() -> None:
    """Make the environments of the programs that only the tests drive."""
    _require(SWIFT, HERE / "swift-requirements.txt")
    _require(ISSUER, HERE / "issuer-requirements.txt")
    _require(OCS_INGESTER, HERE / "ocs-ingester-requirements.txt")
    require_clients()


def require_clients() -> None:
    """Make the environment of BANZAI's archive functions and of schemathesis."""
    _require(CLIENTS, HERE / "clients-requirements.txt", "--no-deps")


def require_node() -> None:
    """Make the environment of Node, which builds the scripts of the pages."""
    _require(NODE, HERE / "node-requirements.txt", "--no-deps")


def _require(venv: Path, requirements: Path, *options: str) -> None:
    stamp = venv / f".installed-{requirements.stem}"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    made_by = f"{sys.version_info.major}.{sys.version_info.minor} {venv}"
    if _read(venv / ".made-by") != made_by or not (venv / "bin" / "python").exists():
        _run([sys.executable, "-m", "venv", "--clear", str(venv)])
        (venv / ".made-by").write_text(made_by, encoding="utf-8")
    if _read(stamp) == wanted:
        return
    print(f"Installing {requirements.relative_to(ROOT)} into {venv.relative_to(ROOT)} …", flush=True)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"]
    _run([*pip, "install", *options, "-r", str(requirements)])
    stamp.write_text(wanted, encoding="utf-8")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise FatalError(f"This failed: {' '.join(command)}\n{tail}")
