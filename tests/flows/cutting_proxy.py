"""A way to a web server that breaks connections off: the first ones after so many bytes of the answer."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

BLOCK_BYTES = 1 << 16


class CuttingProxy:
    """Passes connections on to `port`. Counts what it gave to clients."""

    def __init__(self, port: int, *, cuts: list[int]) -> None:
        self._port = port
        self._cuts = list(cuts)  # how much of an answer the next connections get
        self._lock = threading.Lock()
        self.bytes_given = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._server.getsockname()[1]}"

    @property
    def cuts_left(self) -> int:
        return len(self._cuts)

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _pass_on(self, client: socket.socket) -> None:
        with self._lock:
            left = self._cuts.pop(0) if self._cuts else None
        with client, socket.create_connection(("127.0.0.1", self._port)) as server:
            with suppress(OSError):
                self._give(client, server, left)
            for end in (client, server):  # closing alone would leave it open while the other thread waits on it
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _give(self, client: socket.socket, server: socket.socket, left: int | None) -> None:
        threading.Thread(target=_copy, args=(client, server), daemon=True).start()
        while block := server.recv(BLOCK_BYTES):
            block = block if left is None else block[:left]
            client.sendall(block)
            with self._lock:
                self.bytes_given += len(block)
            if left is not None:
                left -= len(block)
                if left <= 0:
                    return


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(BLOCK_BYTES):
            target.sendall(block)


@contextmanager
def cutting_proxy(port: int, *, cuts: list[int]) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(port, cuts=cuts)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(10)
