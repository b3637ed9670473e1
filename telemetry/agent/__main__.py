"""`python -m telemetry.agent -c FILE.toml`: the agent where neither Django nor PostgreSQL's client is installed."""

import argparse
import sys
from pathlib import Path

from telemetry.agent.command import run_agent
from telemetry.config import read_config
from telemetry.errors import TelemetryError


def main() -> int:
    """Run the agent; 2 if it is set up wrongly, with a sentence that says how."""
    parser = argparse.ArgumentParser(
        prog="xtelemdb-agent", description="Send this computer's telemetry to the archive."
    )
    parser.add_argument("-c", "--config", action="append", default=[], metavar="FILE.toml", help="may be repeated")
    parser.add_argument("words", nargs="*", metavar="key=value", help="any key of the file, as agent.metrics_port=9109")
    asked = parser.parse_args()
    try:
        return run_agent(read_config([Path(each) for each in asked.config], asked.words))
    except TelemetryError as error:
        sys.stderr.write(f"xtelemdb-agent: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
