"""Is a service ready? Each probe asks the service itself, and says no, not an error, while nobody answers."""

import http.client
import socket
import subprocess
from collections.abc import Mapping, Sequence

ANSWER_SECONDS = 5.0
FIRST_SERVER_ERROR = 500
AMQP_0_9_1 = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"  # how a broker that takes connections begins its answer


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


def answers(port: int, question: bytes, *, begins: bytes) -> bool:
    """Whether the server on `port` answers `question` with bytes that begin so."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as connection:
            connection.sendall(question)
            return connection.recv(len(begins)) == begins
    except OSError:
        return False


def speaks_amqp(port: int) -> bool:
    return answers(port, AMQP_0_9_1, begins=METHOD_FRAME)


def serves_http(port: int, path: str) -> bool:
    """Whether a GET of `path` is answered with anything but a server error."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < FIRST_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def succeeds(command: Sequence[str], *, environment: Mapping[str, str]) -> bool:
    """Whether `command` ends with exit code 0."""
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0
