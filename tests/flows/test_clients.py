"""The pages of docs/clients: every command that they show, run by the client that they are about."""

import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token

from archive.domain import sites
from archive.enums import RelationKind
from archive.errors import FatalError
from archive.models import Profile
from deploy.local.ports import PortBlock
from deploy.local.venvs import CLIENTS, OCS_INGESTER, require_clients
from ingest.headers.record import RelatedName
from tests.factories import FrameFactory
from tests.flows.ocs_client import NO_METRICS, require_ocs_ingester
from tests.flows.pages import run_page
from tests.flows.portal import portal
from tests.flows.web_server import web_server
from tests.processes import ROOT
from tests.synthetic import write_frame

PAGES = ROOT / "docs" / "clients"
PACKED = ROOT / "tests" / "recorded" / "funpack" / "reduced.fits.fz"
RAW, REDUCED = "lsc1m005-fa15-20250309-0004-e00", "lsc1m005-fa15-20250309-0004-e91"
RunPage = Callable[..., None]


@pytest.fixture
def port() -> Iterator[int]:
    block = PortBlock()
    yield block.take()
    block.release()


def make_frames(store) -> None:
    """A raw and a reduced exposure of M 51, proprietary, and a public bad pixel mask."""
    make = FrameFactory(store)
    square = ((202.0, 47.0), (202.0, 48.0), (203.0, 48.0), (203.0, 47.0), (202.0, 47.0))
    observed: dict[str, Any] = {"public_date": None, "request_id": 2100001, "footprint": square}
    related = (RelatedName(RAW, RelationKind.RAW_OF),)  # its row is the first, that of the reduced frame the second
    make(basename=REDUCED, reduction_level=91, related=related, content=PACKED.read_bytes(), **observed)
    make(basename=RAW, content=bytes(1024), **observed)
    make(
        basename="lsc1m005-fa15-20250101-bpm-full_frame",
        configuration_type="BPM",
        observation_date=datetime(2025, 1, 1, tzinfo=UTC),
        observation_day=date(2025, 1, 1),
    )


def make_site() -> None:
    """One site, where the frames are from."""
    configuration = {
        "name": "Cerro Tololo",
        "latitude_deg": -30.1673833,
        "longitude_deg": -70.8047889,
        "elevation_m": 2198,
        "timezone": "America/Santiago",
    }
    sites.configure("lsc", configuration, by="admin", at=datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture
def archive(transactional_db, django_db_reset_sequences, alice, admin, use_store, port, tmp_path) -> Iterator[RunPage]:
    """Runs a page's commands against a running archive that knows alice, an administrator, three frames and a site."""
    root = tmp_path / "store"
    root.mkdir()
    folder = tmp_path / "work"
    folder.mkdir()
    make_frames(use_store(type="local", root_dir=str(root), base_url=f"http://127.0.0.1:{port}/"))
    make_site()
    # The tests' own hasher is unknown to a process that runs on the real settings.
    User.objects.filter(pk=alice.pk).update(
        password=PBKDF2PasswordHasher().encode("alice-pass", "salt", iterations=1000)
    )
    Profile.objects.filter(user=alice).update(portal_token="alice-portal-token")
    with portal() as portal_url, web_server(port, OAUTH_PROFILE_URL=f"{portal_url}/api/profile/") as address:

        def run(page: str, *, user: User, python: str = sys.executable, **environment: str) -> None:
            environment |= {"ARCHIVE": address, "TOKEN": Token.objects.get(user=user).key}
            shown = run_page(PAGES / page, python=python, folder=folder, environment=environment)
            for step, printed in shown:
                assert printed == step.prints, step.commands

        run.folder = folder  # type: ignore[attr-defined]
        run.root = root  # type: ignore[attr-defined]
        yield run


def require(install: Callable[[], None]) -> None:
    """Skip the test where the client can not be installed."""
    try:
        install()
    except FatalError as error:
        pytest.skip(str(error))


def test_the_page_for_curl(archive, alice, admin):
    for number in (10, 11):
        write_frame(archive.folder / f"lsc1m005-fa15-20250309-{number:04d}-e00.fits", seed=number)
    token = Token.objects.get(user=admin).key
    archive("curl.md", user=alice, USERNAME="alice", PASSWORD="alice-pass", SUPERUSER_TOKEN=token)


def test_the_page_for_python(archive, alice):
    archive("python.md", user=alice)


def test_the_page_for_the_tom_toolkit(archive, alice):
    archive("tomtoolkit.md", user=alice, PORTAL_TOKEN="alice-portal-token")


def test_the_page_for_banzai_runs_banzai_s_own_functions(archive, admin):
    require(require_clients)
    archive("banzai.md", user=admin, python=str(CLIENTS / "bin" / "python"))


def test_the_page_for_the_ocs_ingester_runs_it(archive, admin):
    require_ocs_ingester()
    write_frame(archive.folder / "lsc1m005-fa15-20250309-0009-e00.fits", seed=9)
    store = {"FILESTORE_TYPE": "local", "FILESYSTEM_STORAGE_ROOT_DIR": str(archive.root), **NO_METRICS}
    path = f"{OCS_INGESTER / 'bin'}{os.pathsep}{os.environ['PATH']}"
    archive("ocs_ingester.md", user=admin, PATH=path, **store)


def test_every_page_is_run_by_a_test():
    pages = {path.name for path in PAGES.glob("*.md")}
    source = "".join(
        (Path(__file__).parent / name).read_text("utf-8") for name in ("test_clients.py", "test_live_clients.py")
    )
    assert [name for name in sorted(pages) if f'"{name}"' not in source] == []
