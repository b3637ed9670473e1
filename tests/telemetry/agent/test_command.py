"""The agent as its user starts it."""

import subprocess
import sys
from pathlib import Path

import pytest

from telemetry.agent.settings import agent_settings
from telemetry.config import read_config
from telemetry.errors import UsageError

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["agent.token_file=/x"], "Set agent.archive"),
        (["agent.archive=https://a.example"], "Set agent.token_file"),
        (["agent.archive=ftp://a", "agent.token_file=/x"], "an address such as https"),
        (["agent.archive=https://a", "agent.token_file=/x", "agent.spool=/y"], "agent.spool is not known"),
        (["agent.archive=https://a", "agent.token_file=/x", "agent.poll_s=often"], "not a number"),
        (["agent.archive=https://a", "agent.token_file=/x", "agent.spool_bytes=-1"], "not a number of 0 or more"),
    ],
)
def test_wrong_settings_are_told(words, says):
    with pytest.raises(UsageError, match=says):
        agent_settings(read_config([], words))


def test_settings_come_from_the_file_that_all_commands_share(tmp_path):
    path = tmp_path / "agent.toml"
    path.write_text('data_dirs = ["/opt/t"]\n[agent]\narchive = "https://a"\ntoken_file = "/x"\nmetrics_port = 9109\n')
    found = agent_settings(read_config([path], ["agent.poll_s=1"]))
    assert (found.data_dirs, found.metrics_port, found.poll_s) == (("/opt/t",), 9109, 1)


def test_the_agent_runs_where_neither_django_nor_a_database_is_installed(tmp_path):
    program = (
        "import sys\n"
        "for name in ('django', 'psycopg2', 'rest_framework'):\n"
        "    sys.modules[name] = None\n"  # importing it fails
        "from telemetry.agent.__main__ import main\n"
        "sys.argv = ['xtelemdb-agent', 'agent.archive=https://a', 'agent.token_file=/nowhere/token']\n"
        "sys.exit(main())\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("xtelemdb-agent: The password file /nowhere/token can not be read")
