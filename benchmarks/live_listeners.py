"""Many listeners of the live stream in one process: `python -m benchmarks.live_listeners PORT TOKENS SSE WS SECONDS`.

It says `ready` when all listen, and after SECONDS prints for each listener the numbers that it heard and when, by the
monotonic clock, which all processes of a machine share. It reads no more of the protocols than it must, so that what is
measured is the stream's work and not its own.
"""

import asyncio
import base64
import json
import os
import re
import sys
import time
from functools import partial

NUMBER = re.compile(rb'"base(?:name|_filename)":"live-(\d+)"')
LONGEST_MATCH = 64
TERMS = ("", "?site_id=lsc", "?instrument_id=fa15&exclude_calibrations=true", "?configuration_type=EXPOSE")


class Hearing(asyncio.Protocol):
    """One listener: sends its request, and notes each number that comes."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._rest = b""
        self.answered = asyncio.get_running_loop().create_future()
        self.heard: list[tuple[int, float]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now_s = time.monotonic()
        if not self.answered.done():
            self.answered.set_result(data)
        text = self._rest + data
        end = 0
        for match in NUMBER.finditer(text):
            self.heard.append((int(match[1]), now_s))
            end = match.end()
        self._rest = text[end:][-LONGEST_MATCH:]


def _request(path: str, headers: dict[str, str]) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def _requests(tokens: list[str], n_sse: int, n_sockets: int) -> list[bytes]:
    found = []
    for number in range(n_sse):
        headers = {"Authorization": f"Token {tokens[number % len(tokens)]}"} if number % 2 else {}
        found.append(_request(f"/events/{TERMS[number % len(TERMS)]}", headers))
    for _ in range(n_sockets):
        headers = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        }
        found.append(_request("/live/?site=lsc", headers))
    return found


async def listen(port: int, requests: list[bytes], seconds: float) -> list[list[tuple[int, float]]]:
    loop = asyncio.get_running_loop()
    listeners = []
    for request in requests:
        _, hearing = await loop.create_connection(partial(Hearing, request), "127.0.0.1", port)
        answer = await hearing.answered
        if b" 200 " not in answer[:20] and b" 101 " not in answer[:20]:
            sys.exit(f"refused: {answer[:300]!r}")
        listeners.append(hearing)
    print("ready", flush=True)
    await asyncio.sleep(seconds)
    return [hearing.heard for hearing in listeners]


def main() -> None:
    port, tokens, n_sse, n_sockets, seconds = sys.argv[1:]
    requests = _requests(tokens.split(","), int(n_sse), int(n_sockets))
    print(json.dumps(asyncio.run(listen(int(port), requests, float(seconds)))))


if __name__ == "__main__":
    main()
