"""What the production files promise, as far as it can be tried without containers."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from archive.errors import FatalError
from deploy.s3.make_bucket import make_bucket
from ingest.stores.factory import StoreSettings, make_store
from settings.env import KNOWN

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SECRETS = {"DB_PASS", "SECRET_KEY", "AWS_SECRET_ACCESS_KEY", "QUEUE_BROKER_URL"}


@pytest.fixture
def new_bucket(s3_server, tmp_path: Path) -> StoreSettings:
    """Settings of a store whose bucket nobody has made yet."""
    return replace(
        settings.STORE,
        type="s3",
        bucket=f"made-{tmp_path.name[-20:].replace('_', '-')}",
        endpoint_url=s3_server.endpoint_url,
        region=s3_server.region,
        addressing_style="path",
        access_key=s3_server.access_key,
        secret_key=s3_server.secret_key,
    )


def test_the_bucket_is_made_once_and_keeps_versions(new_bucket):
    with pytest.raises(FatalError):
        make_store(new_bucket).check()
    make_bucket(new_bucket)
    assert make_store(new_bucket).check() is None
    make_bucket(new_bucket)


def test_a_wrong_key_makes_no_bucket(new_bucket):
    with pytest.raises(FatalError, match="AWS_"):
        make_bucket(replace(new_bucket, secret_key="wrong"))


def test_no_bucket_is_made_for_a_store_that_needs_none():
    with pytest.raises(FatalError, match="FILESTORE_TYPE"):
        make_bucket(StoreSettings(type="local"))


def test_compose_sets_only_settings_that_exist():
    assert COMPOSE["x-environment"].keys() - KNOWN.keys() == set()


def test_compose_has_no_password_of_its_own():
    environment = COMPOSE["x-environment"]
    assert [name for name in SECRETS if ":?" not in environment[name]] == []


def test_env_example_names_what_compose_asks_for():
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    example = (ROOT / "deploy" / "env.example").read_text(encoding="utf-8")
    asked = {part.split("}")[0].split(":")[0] for part in text.split("${")[1:]}
    offered = {line.split("=")[0] for line in example.splitlines() if "=" in line and not line.startswith("#")}
    assert offered == asked


def test_the_image_has_every_package_and_programs_that_can_back_its_server_up():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages - {line[1:] for line in ignored if line.startswith("!")} == set()
    [server] = re.findall(r"image: postgis/postgis:(\d+)-", (ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert f"postgresql-client-{server} " in (ROOT / "Dockerfile").read_text(encoding="utf-8")
