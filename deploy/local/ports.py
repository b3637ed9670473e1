"""Ports of 127.0.0.1: whether one is free, and blocks of them that two runs never share."""

import socket
from collections.abc import Iterable
from contextlib import suppress

from archive.errors import FatalError, UsageError

# Below the range from which the kernel takes ports for outgoing connections (32768 and up).
FIRST_BLOCK, LAST_BLOCK = 20000, 32000
BLOCK_PORTS = 20


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def require_free(ports: Iterable[int], *, otherwise: str) -> None:
    """Raise UsageError if something listens on one of `ports`; `otherwise` says what else there is to do."""
    for port in ports:
        if not is_free(port):
            raise UsageError(
                f"Port {port} of 127.0.0.1 is in use by another program (`ss -ltnp` shows which). "
                f"Stop that program, or {otherwise}."
            )


class PortBlock:
    """A run of ports that no other PortBlock of this machine gives out until `release`, or until the process ends."""

    def __init__(self) -> None:
        self._claim, first = _claim_block()
        self._unused = iter(range(first, first + BLOCK_PORTS))

    def take(self) -> int:
        """Give a port that is free now and was not given before."""
        for port in self._unused:
            if is_free(port):
                return port
        raise FatalError(f"All {BLOCK_PORTS} ports of this run are given out: raise BLOCK_PORTS in {__name__}.")

    def release(self) -> None:
        self._claim.close()


def _claim_block() -> tuple[socket.socket, int]:
    for first in range(FIRST_BLOCK, LAST_BLOCK, BLOCK_PORTS):
        # An abstract socket is a lock with the ports' own scope, the network namespace, that a killed process drops.
        claim = socket.socket(socket.AF_UNIX)
        with suppress(OSError):
            claim.bind(f"\0observatory-archive-ports-{first}")
            return claim, first
        claim.close()
    raise FatalError(f"Every block of ports from {FIRST_BLOCK} to {LAST_BLOCK} is taken. Stop other test runs.")
