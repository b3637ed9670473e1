"""The agent as a process: it runs until it is told to end."""

import logging
import signal
import threading
from types import FrameType

from telemetry.agent.archive import Archive
from telemetry.agent.loop import Agent
from telemetry.agent.metrics import serve
from telemetry.agent.settings import agent_settings
from telemetry.config import Config


def run_agent(config: Config) -> int:
    """Work until SIGTERM or SIGINT; the process's exit code.

    Raises UsageError for wrong settings, and if the archive does not know the token.
    """
    settings = agent_settings(config)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    agent = Agent(settings, Archive(settings.archive, settings.token(), ca_file=settings.ca_file))
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)
    server = serve(agent.metrics, settings.metrics_port) if settings.metrics_port else None
    try:
        agent.run(stop)
    finally:
        if server:
            server.shutdown()
    return 0
