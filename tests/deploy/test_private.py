"""What the user's environment names is used; the rest is private."""

import os
import stat

import pytest

from archive.errors import UsageError
from deploy.local.packages import choose_postgis
from deploy.local.private import LEADING, keep_secrets, port_of, private_services, settings_of_run

KNOWN = {"SECRET_KEY": "key", "DB_PASS": "database-pass", "BROKER_PASS": "broker-pass"}


@pytest.fixture
def environ(monkeypatch):
    """An environment that names no service; the tests' own does."""
    for name in [name for name in os.environ if name.startswith(LEADING)]:
        monkeypatch.delenv(name)
    return monkeypatch


def names_of(provisions):
    return {service.name for provision in provisions for service in provision.services}


def test_all_services_are_private_where_the_environment_names_none(environ, tmp_path):
    assert names_of(private_services(tmp_path, KNOWN)) == {"epmd", "rabbitmq", "postgres", "memcached"}


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("DB_HOST", {"postgres"}),
        ("QUEUE_BROKER_URL", {"epmd", "rabbitmq"}),
        ("CACHE_LOC", {"memcached"}),
        ("FILESTORE_TYPE", set()),
    ],
)
def test_a_service_that_the_environment_names_is_not_started_and_its_setting_is_kept(environ, tmp_path, name, left_out):
    environ.setenv(name, "mine")
    provisions = private_services(tmp_path, KNOWN)
    assert names_of(provisions) == {"epmd", "rabbitmq", "postgres", "memcached"} - left_out
    assert settings_of_run(provisions, KNOWN, store=tmp_path)[name] == "mine"


def test_a_password_left_in_the_environment_does_not_lock_us_out_of_the_private_database(environ, tmp_path):
    environ.setenv("DB_PASS", "of another server")
    settings = settings_of_run(private_services(tmp_path, KNOWN), KNOWN, store=tmp_path)
    assert settings["DB_PASS"] == "database-pass"


def test_a_database_of_the_users_own_answers_reads_too_unless_another_is_named(environ, tmp_path):
    environ.setenv("DB_HOST", "db.example.org")
    assert settings_of_run([], KNOWN, store=tmp_path)["DB_HOST_READER"] == "db.example.org"


def test_secrets_are_random_kept_and_for_their_owner_only(tmp_path):
    path, other = tmp_path / "secrets", tmp_path / "others"
    first = keep_secrets(path)
    assert keep_secrets(path) == first
    assert not set(first.values()) & set(keep_secrets(other).values())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["web", "0", "-1", "65536"])
def test_what_is_no_port_is_refused_by_name(environ, text):
    environ.setenv("RUN_DB_PORT", text)
    with pytest.raises(UsageError, match=f"RUN_DB_PORT={text}"):
        port_of("RUN_DB_PORT")


def test_postgis_comes_for_the_newest_version_that_apt_offers_where_no_server_stands():
    assert choose_postgis(["postgresql-90-postgis-3", "postgresql-101-postgis-3"]) == "postgresql-101-postgis-3"


def test_the_distribution_chooses_postgis_where_apt_names_no_version():
    assert choose_postgis(["postgresql-postgis-scripts"]) == "postgresql-postgis"
