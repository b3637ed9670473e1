"""xtelemdb installed alone: its wheel in an environment of its own, on a PostgreSQL without PostGIS and with one TOML file."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
LINE = '{"ts": "2026-11-28T00:00:00.000001500", "prio": "TELM", "ec": "lab_note", "msg": {"value": 0.25}}\n'


def pip(*words: object) -> None:
    quiet = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir"]
    done = subprocess.run([*quiet, *map(str, words)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "telemetry", folder / "telemetry", ignore=shutil.ignore_patterns("__pycache__"))
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, folder / "telemetry")
    return Path(next(folder.glob("xtelemdb-*.whl")))


@pytest.fixture(scope="module")
def program(wheel, tmp_path_factory) -> Path:
    """`xtelemdb` of an environment that has the wheel, and of this one only the packages."""
    folder = tmp_path_factory.mktemp("alone")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    pip("--python", python, "install", "--no-deps", "--no-index", wheel)
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Path(folder, "bin", "xtelemdb")


def test_the_wheel_has_each_module_and_each_sql_text(wheel):
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if name.startswith("telemetry/")}
    sources = [*(ROOT / "telemetry").rglob("*.py"), *(ROOT / "telemetry").rglob("*.sql")]
    assert names == {str(path.relative_to(ROOT)) for path in sources}


def test_the_wheel_asks_for_what_telemetry_imports_and_for_pins_that_the_archive_has():
    project = tomllib.loads((ROOT / "telemetry/pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {line.partition(">")[0].lower() for line in project["dependencies"]}
    pinned = {
        line.partition("==")[0].lower() for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    }
    assert asked <= pinned
    assert asked == {"django", "psycopg2-binary", "numpy", "orjson", "isal", "zstandard", "requests", "tqdm"}


def test_a_personal_copy_needs_one_toml_file(program, plain, tmp_path):
    telem = tmp_path / "telem"
    telem.mkdir()
    (telem / "lab_2026-11-28T000000.ndjson").write_text(LINE, encoding="utf-8")
    known = connection.settings_dict
    secret = tmp_path / "password"
    secret.write_text(known["PASSWORD"] + "\n", encoding="utf-8")
    secret.chmod(0o400)
    config = tmp_path / "mine.toml"
    config.write_text(
        f'hostname = "laptop"\ndata_dirs = ["{telem}"]\n[database]\nhost = "{known["HOST"]}"\nport = {known["PORT"]}\n'
        f'user = "{known["USER"]}"\ndatabase = "{plain}"\npassword_file = "{secret}"\n',
        encoding="utf-8",
    )

    def run(*words: str) -> tuple[int, str, str]:
        free = {
            name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "PYTHON", "XTELEMDB"))
        }
        done = subprocess.run(
            [program, *words, "-c", config], cwd=tmp_path, env=free, check=False, capture_output=True, text=True
        )
        return done.returncode, done.stdout, done.stderr

    assert run("inventory") == (2, "", "xtelemdb: The tables of telemetry are not there "
        '(relation "telemetry.file" does not exist): run `setup` first.\n')  # fmt: skip
    code, said, told = run("setup")
    assert (code, "migration 0001_initial run" in said, told) == (0, True, "")
    assert run("setup") == (0, "Set up already: nothing changed.\n", "")
    code, said, _ = run("inventory")
    assert (code, said.startswith("laptop: 1 files")) == (0, True)
    code, said, _ = run("ingest")
    assert (code, said.startswith("1 files read: 1 records, 0 damages")) == (0, True)
    code, said, _ = run("fetch", "lab", "value", "2026-11-28", "2026-11-29")
    assert said.splitlines()[1] == "2026-11-28T00:00:00.000001500Z,lab,lab_note,0.25"
    code, said, _ = run("--dump-config")
    assert (code, tomllib.loads(said)["hostname"], known["PASSWORD"] in said) == (0, "laptop", False)
    code, _, told = run("check", "database.port=1")
    assert (code, told) == (1, "")
