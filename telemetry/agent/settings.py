"""What an agent is told: where the archive is, which folders are its own, and how much it may keep."""

from dataclasses import dataclass, field
from pathlib import Path

from telemetry.listing import Ignore


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Set in the section [agent] of the TOML file, but for the folders, which all commands share."""

    archive: str  # its address: https://archive.example.org
    token_file: Path  # mode 0400
    data_dirs: tuple[str, ...]
    spool_dir: Path  # on the computer's own disk
    ca_file: str = ""  # of the archive's certificate, where it is none of a public authority
    spool_bytes: int = 2 * 2**30  # most that is spooled
    poll_s: float = 0.25  # between two looks at files that grow
    rescan_s: float = 600.0  # between two looks at all files
    retry_s: float = 5.0  # longest pause before the archive is tried again
    metrics_port: int = 0  # on 127.0.0.1, for Prometheus; 0: none
    ignore: Ignore = field(default_factory=Ignore)
