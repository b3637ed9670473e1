"""Did a file grow, or was it written anew? Told by its bytes: clocks of two computers are no measure. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

EDGE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Edges:
    """The first bytes of a recording and the last that were read, as lengths and SHA-256."""

    consumed: int
    head_length: int = 0
    head_sha256: bytes = b""
    tail_length: int = 0
    tail_sha256: bytes = b""


def still_fits(edges: Edges, read_at: Callable[[int, int], bytes]) -> bool:
    """Whether a file whose bytes `read_at(offset, length)` gives begins with what was read of it before.

    Reads 8 KiB at most. A file shorter than what was read does not fit.
    """
    head = read_at(0, edges.head_length)
    tail = read_at(edges.consumed - edges.tail_length, edges.tail_length)
    return _is(head, edges.head_length, edges.head_sha256) and _is(tail, edges.tail_length, edges.tail_sha256)


def edges_after(before: Edges, consumed: bytes) -> Edges:
    """The edges once `consumed`, the bytes that follow those of `before`, are read too.

    The head grows only with a recording's first bytes: it stays as it is once there is one.
    """
    if not consumed:
        return before
    head, tail = consumed[:EDGE_BYTES], consumed[-EDGE_BYTES:]
    first = before.consumed == 0
    return Edges(
        consumed=before.consumed + len(consumed),
        head_length=len(head) if first else before.head_length,
        head_sha256=sha256(head).digest() if first else before.head_sha256,
        tail_length=len(tail),
        tail_sha256=sha256(tail).digest(),
    )


def _is(data: bytes, length: int, digest: bytes) -> bool:
    return len(data) == length and (length == 0 or sha256(data).digest() == digest)
