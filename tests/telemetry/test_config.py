"""One TOML file, words and the environment become what is configured; what is misspelt is said."""

import tomllib

import pytest

from telemetry.config import DATA_DIRS, Database, dump, read_config
from telemetry.errors import UsageError
from telemetry.listing import Ignore

WHOLE = """
hostname = "exao1"
data_dirs = ["/a", "/b"]
parallel_jobs = 3
schemas = "/opt/bundle.zip"
[databases.local]
host = "/var/run/postgresql"
[databases.cloud]
host = "db.example"
port = 6000
statement_timeout_sec = 5
[ignore_patterns]
files = ['.+\\.part']
[replicas."/mnt/backup"]
local = true
[replicas."ssh://popeye/ceph"]
command = ["rsync", "-a", "{list}"]
[roles]
reader = "grafana"
[agent]
archive = "https://archive.example"
token = "hidden-word"
token_file = "/opt/token"
"""


def written(folder, text):
    path = folder / f"{len(list(folder.iterdir()))}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_word_it_is_the_originals(monkeypatch):
    config = read_config()
    assert config.data_dirs == DATA_DIRS
    assert config.databases == {"default": Database("localhost", 5432, "xtelem", "xtelem")}
    assert config.ignore == Ignore()


def test_a_later_file_wins_and_a_word_wins_over_files(tmp_path):
    files = [written(tmp_path, WHOLE), written(tmp_path, 'hostname = "exao2"\n[databases.cloud]\nport = 6001\n')]
    config = read_config(files, ["parallel_jobs=7", "databases.cloud.user=me", "data_dirs=['/c']"])
    assert (config.hostname, config.parallel_jobs, config.data_dirs) == ("exao2", 7, ("/c",))
    assert list(config.databases) == ["local", "cloud"]
    assert config.databases["cloud"] == Database("db.example", 6001, "me", statement_timeout_sec=5)
    assert config.ignore == Ignore(files=(r".+\.part",))
    assert config.replicas["ssh://popeye/ceph"]["command"] == ["rsync", "-a", "{list}"]


def test_what_is_dumped_reads_back_the_same_and_holds_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("XTELEMDB_PASSWORD", "hidden-too")
    config = read_config([written(tmp_path, WHOLE)], ['hostname="a\\"b\\\\c\\u0001"'])
    text = dump(config)
    assert "hidden" not in text.replace("(hidden)", "")
    again = tomllib.loads(text)
    assert (again["hostname"], again["data_dirs"], again["roles"]["reader"]) == ('a"b\\c\x01', ["/a", "/b"], "grafana")
    back = read_config([written(tmp_path, text)])
    assert (back.databases, back.replicas, back.ignore, back.roles) == (
        config.databases,
        config.replicas,
        config.ignore,
        config.roles,
    )


def test_the_environments_password_wins_over_the_file(tmp_path, monkeypatch):
    secret = tmp_path / "secret"
    secret.write_text("of the file\nsecond line\n", encoding="utf-8")
    database = Database(password_file=str(secret))
    assert database.password("cloud") == "of the file"
    monkeypatch.setenv("XTELEMDB_PASSWORD", "of all")
    assert database.password("cloud") == "of all"
    monkeypatch.setenv("XTELEMDB_PASSWORD_CLOUD", "of one")
    assert (database.password("cloud"), database.password("local")) == ("of one", "of all")


def test_a_password_file_that_is_empty_or_away_is_said(tmp_path):
    (tmp_path / "empty").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="is empty"):
        Database(password_file=str(tmp_path / "empty")).password()
    with pytest.raises(UsageError, match="No such file"):
        Database(password_file=str(tmp_path / "none")).password()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("data_dir = []", "data_dir is not known. Is data_dirs meant"),
        ("[database]\nhosts = 'a'", "database.hosts is not known. Is database.host meant"),
        ("[ignore_pattern]\nfiles = []", "ignore_pattern is not known"),
        ("data_dirs = '/a'", "is not a list of texts"),
        ("[database]\nport = true", "is not a whole number"),
        ("database = 'xtelem'", r"database is a table: write \[database\]"),
        ("[database]\n[databases.a]", "not both"),
        ("hostname =", "is no TOML"),
    ],
)
def test_what_is_no_configuration_is_said_with_what_is_near(tmp_path, text, told):
    with pytest.raises(UsageError, match=told):
        read_config([written(tmp_path, text)])


def test_what_the_original_needed_and_this_does_not_is_a_note_and_no_error(tmp_path):
    config = read_config([written(tmp_path, 'logdump_exe = "docker run x logdump"')])
    assert config.notes == ("logdump_exe is not needed: this program reads the files itself.",)
