"""One client of the S3 server for each process."""

import os
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

S3Client = Any  # botocore makes the methods of a client when the program runs

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 60
ATTEMPTS = 4
CONNECTIONS = 50  # more than the threads of a web or worker process


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where the server is and how it is spoken to. Empty: as boto3 finds it for AWS."""

    endpoint_url: str = ""
    region: str = ""
    addressing_style: str = "virtual"
    signature_version: str = "s3v4"
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)


class ClientPerProcess:
    """Makes the client when it is first asked for, and again after a fork.

    A client is safe with many threads, but a forked process would share its open connections with its parent.
    """

    def __init__(self, server: S3Server) -> None:
        self._server = server
        self._made: tuple[int, S3Client] | None = None

    def get(self) -> S3Client:
        # No lock: one held during a fork would never open in the child. Two threads that both find no client make
        # two, and the later one stays.
        made = self._made
        if made is None or made[0] != os.getpid():
            made = (os.getpid(), make_client(self._server))
            self._made = made
        return made[1]


def make_client(server: S3Server) -> S3Client:
    style: Any = {"addressing_style": server.addressing_style}
    config = Config(
        signature_version=server.signature_version,
        s3=style,
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
        # Not every server knows trailing checksums; Content-MD5, which all know, guards what is sent here.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    # A session of its own: the default one is not safe to make clients from in several threads.
    return boto3.session.Session().client(
        "s3",
        endpoint_url=server.endpoint_url or None,
        region_name=server.region or None,
        aws_access_key_id=server.access_key or None,
        aws_secret_access_key=server.secret_key or None,
        config=config,
    )
