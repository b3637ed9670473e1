"""What an agent is told: where the archive is, which folders are its own, and how much it may keep."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from telemetry.config import Config, read_secret
from telemetry.errors import UsageError
from telemetry.listing import Ignore


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Section [agent] of the TOML file, but for the folders and what is ignored in them, which all commands share."""

    archive: str  # its address: https://archive.example.org
    token_file: Path  # the token that `xtelemdb token HOST` made, mode 0400
    data_dirs: tuple[str, ...]
    spool_dir: Path = Path("/var/spool/xtelemdb")  # on the computer's own disk
    ca_file: str = ""  # of the archive's certificate, where no public authority signed it
    spool_bytes: int = 2 * 2**30  # most that is spooled
    poll_s: float = 0.25  # between two looks at files that grow
    rescan_s: float = 600.0  # between two looks at all files
    retry_s: float = 5.0  # longest pause before the archive is tried again
    metrics_port: int = 0  # on 127.0.0.1, for Prometheus; 0: none
    ignore: Ignore = field(default_factory=Ignore)

    def token(self) -> str:
        """The token. Raises UsageError if its file can not be read."""
        return read_secret(self.token_file)


_SHARED = {"data_dirs", "ignore"}
_KINDS = {"archive": str, "token_file": str, "spool_dir": str, "ca_file": str, "spool_bytes": int, "metrics_port": int}


def agent_settings(config: Config) -> AgentSettings:
    """The agent's settings out of a configuration.

    Raises UsageError for a key of [agent] that is not known or missing, or has a value of another type.
    """
    known = [each.name for each in fields(AgentSettings) if each.name not in _SHARED]
    for key, value in config.agent.items():
        if key not in known:
            raise UsageError(
                f"The configuration key agent.{key} is not known. Those of [agent] are {', '.join(known)}."
            )
        kind = _KINDS.get(key, (int, float))
        if not isinstance(value, kind) or isinstance(value, bool) or (not isinstance(value, str) and value < 0):
            raise UsageError(f"agent.{key} = {value!r} is not {'a text' if kind is str else 'a number of 0 or more'}.")
    for key in ("archive", "token_file"):
        if not config.agent.get(key):
            raise UsageError(f"Set agent.{key}: the agent needs the archive's address and its host's token.")
    if not str(config.agent["archive"]).startswith(("https://", "http://")):
        raise UsageError("agent.archive is an address such as https://archive.example.org.")
    given: dict[str, Any] = {
        key: Path(value) if key in {"token_file", "spool_dir"} else value for key, value in config.agent.items()
    }
    return AgentSettings(**given, data_dirs=config.data_dirs, ignore=config.ignore)
