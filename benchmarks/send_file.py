"""`send_file.py FILE TIMES PORT`: read a file and send it to 127.0.0.1:PORT so often: the machine's own speed."""

import socket
import sys
from pathlib import Path

BLOCK_BYTES = 1 << 20


def main(path: Path, times: int, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as receiver:
        for _ in range(times):
            with path.open("rb", buffering=0) as stream:
                while block := stream.read(BLOCK_BYTES):
                    receiver.sendall(block)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
