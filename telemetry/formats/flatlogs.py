"""Binary telemetry and logs (`.bintel`, `.binlog`): records end to end, with no mark between them.

A record is a header (priority, event code, seconds, nanoseconds, length; little-endian, packed) and one FlatBuffers
message.
Nothing but its own sense tells a whole record from a damaged one. So what looks wrong is believed only if records
follow it; else reading goes on at the next place where a chain of records begins, and what lies before it is damage.
"""

import re
from struct import Struct
from typing import NamedTuple

import orjson

from telemetry.formats.flatbuffer_plans import MalformedError
from telemetry.formats.flatbuffer_texts import Texts
from telemetry.formats.records import Batch, Damage, Record
from telemetry.formats.schemas import Bundle

PRIORITIES = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 8, 64, 126, 127})
SECOND_NS = 1_000_000_000
SHORTEST = 12  # bytes of a header whose message has less than 254
LINKS = 3  # records that must follow each other to be believed
LONGEST = 2**26  # bytes of a message that are believed

_header = Struct("<bHIIB").unpack_from
_u16 = Struct("<H").unpack_from
_u64 = Struct("<Q").unpack_from
_NOT_ZERO = re.compile(rb"[^\0]")
_NOTHING = bytes(SHORTEST)  # what a file system leaves of blocks that were never written; no header says nothing at all


class _Head(NamedTuple):
    """A header as it is read, and where its message lies in the data."""

    priority: int
    code: int
    seconds: int
    ns: int
    start: int
    end: int

    @property
    def is_sane(self) -> bool:
        return self.priority in PRIORITIES and self.ns < SECOND_NS and self.end - self.start <= LONGEST


# A record until its text is there: its place, time, priority and event type, the index of its JSON (-1: none), its
# message, and whether that is kept. No class of its own: there are very many.
_Row = tuple[int, int, int, str, int, bytes, bool]


def read_flatlogs(data: bytes, *, offset: int, bundle: Bundle) -> Batch:
    """Records in `data`, the bytes of a file from `offset` on. Never raises, whatever the bytes.

    A record that breaks off at the end of `data` is left (`incomplete`): it may go on in what follows. Messages of
    unknown codes, of codes without a schema, and such as are no table of theirs are kept as bytes; only the last are
    damage too.
    """
    return _Reading(bytes(data), offset, bundle).batch()


class _Reading:
    def __init__(self, data: bytes, offset: int, bundle: Bundle) -> None:
        self._data, self._offset, self._bundle = data, offset, bundle
        self._texts = Texts()
        self._rows: list[_Row] = []
        self._damages: list[Damage] = []
        self._unknown = 0
        self._last: tuple[int, int] = (0, 0)  # where the last record that was taken begins and ends

    def batch(self) -> Batch:
        at, why = self._read_all()
        return Batch(self._records(), self._damages, self._offset + at, self._unknown, why)

    def _read_all(self) -> tuple[int, str]:
        """Read to the end; where the last whole record ends, and why what follows waits."""
        data, size, at = self._data, len(self._data), 0
        while size - at >= SHORTEST:
            # Most records are short and sound. Only the others are worth a closer look.
            priority, code, seconds, ns, length = _header(data, at)
            end = at + SHORTEST + length
            is_sound = length < 254 and end <= size and priority in PRIORITIES and ns < SECOND_NS
            if is_sound and self._is_taken(at, priority, code, seconds * SECOND_NS + ns, data[at + SHORTEST : end]):
                self._last = at, end
                at = end
                continue
            next_at, why = self._closer_look(at)
            if next_at is None:
                return at, why
            at = next_at
        return at, f"the last record breaks off in its header: {size - at} bytes are there" if at < size else ""

    def _closer_look(self, at: int) -> tuple[int | None, str]:
        """Where reading goes on after what begins at a place; None to wait for more, and why."""
        data, size = self._data, len(self._data)
        head = self._head(at)
        if head is None or head.end > size:
            why = f"the last record breaks off: {size - at} of its bytes are there"
            return self._skipped_if_damaged(at, head), why
        time_ns = head.seconds * SECOND_NS + head.ns
        if head.is_sane and self._is_taken(at, head.priority, head.code, time_ns, data[head.start : head.end]):
            self._last = at, head.end
            return head.end, ""
        return self._past_suspicious(at, head), f"no record begins in the last {size - at} bytes"

    def _head(self, at: int) -> _Head | None:
        """The header at a place; None if its length lies beyond the data."""
        priority, code, seconds, ns, length = _header(self._data, at)
        start = at + SHORTEST
        if length >= 254:
            width, read = (2, _u16) if length == 254 else (8, _u64)
            if start + width > len(self._data):
                return None
            length = read(self._data, start)[0]
            start += width
        return _Head(priority, code, seconds, ns, start, start + length)

    def _is_taken(self, at: int, priority: int, code: int, time_ns: int, message: bytes) -> bool:
        """Take a record in which nothing is wrong; whether it is such a one."""
        kind = self._bundle.types.get(code)
        if kind is None:
            return False
        texts, index = self._texts, len(self._texts.ranges)
        keep = False
        if kind.reader is None:
            if message or self._is_nothing(at):
                return False
            texts.add_plain("{}")
        else:
            try:
                kind.reader.read(message, texts)
            except MalformedError:
                return False
            keep = texts.lossy or texts.unknown > 0
            self._unknown += texts.unknown
        self._rows.append((at, time_ns, priority, kind.name, index, message, keep))
        return True

    def _past_suspicious(self, at: int, head: _Head) -> int | None:
        """Take, or give up, a record in which something is wrong; where reading goes on, None to wait for more."""
        if self._is_nothing(at) or not self._leads_on(head.end):
            return self._resynchronised(at, "no record begins here")
        kind = self._bundle.types.get(head.code)
        if not head.is_sane:
            fault = f"{head.ns} nanoseconds" if head.priority in PRIORITIES else f"the priority {head.priority}"
            self._damages.append(Damage(self._offset + at, head.end - at, f"a record has {fault}, which can not be"))
            return head.end
        message = self._data[head.start : head.end]
        name = kind.name if kind else f"code_{head.code}"
        if kind and (kind.reader or kind.is_empty):
            reason = f"the message of {name} can not be read by its schema"
            self._damages.append(Damage(self._offset + at, head.end - at, reason))
        self._rows.append((at, head.seconds * SECOND_NS + head.ns, head.priority, name, -1, message, True))
        return head.end

    def _skipped_if_damaged(self, at: int, head: _Head | None) -> int | None:
        """Past a record whose length leads out of the data though records follow within; None if it just breaks off."""
        if not self._may_begin(at) or (head and not head.is_sane):
            return self._resynchronised(at, "no record begins here")
        begins = self._next_chain(self._search_from(at), links=LINKS)
        return None if begins is None else self._given_up(at, begins, "the length of a record is wrong")

    def _resynchronised(self, at: int, why: str) -> int:
        """Past bytes with which no record begins: to the next records, or to where one may begin once there is more."""
        first = self._search_from(at)
        if self._is_nothing(at):
            why = "all bytes are zero"
            found = _NOT_ZERO.search(self._data, at)
            if not found:
                return self._given_up(at, len(self._data), why)
            first = max(at + 1, found.start() - 2)  # priority and half of the code may be zero
        begins = self._next_chain(first, links=2)
        return self._given_up(at, self._next_possible(max(first, at + 1)) if begins is None else begins, why)

    def _search_from(self, at: int) -> int:
        """Where to look for records if none begins at a place: in the one before too, whose length may be wrong."""
        begin, end = self._last
        return begin + SHORTEST if end == at and self._rows else at + 1

    def _given_up(self, at: int, until: int, why: str) -> int:
        if until < at:  # the record before swallowed the beginning of this one
            self._rows.pop()
            at, why = self._last[0], "the length of a record is wrong"
        self._damages.append(Damage(self._offset + at, until - at, f"{why}, {until - at} bytes were skipped"))
        return until

    def _is_nothing(self, at: int) -> bool:
        return self._data.startswith(_NOTHING, at)

    def _may_begin(self, at: int) -> bool:
        """Whether a record may begin at a place, by as much of its header as is there."""
        if len(self._data) - at < SHORTEST:
            return at == len(self._data) or self._data[at] in PRIORITIES
        priority, _code, _seconds, ns, _length = _header(self._data, at)
        return priority in PRIORITIES and ns < SECOND_NS and not self._is_nothing(at)

    def _leads_on(self, at: int) -> bool:
        """Whether sane headers follow each other from a place on, or the data end there."""
        for _ in range(LINKS):
            if not self._may_begin(at):
                return False
            head = self._head(at) if len(self._data) - at >= SHORTEST else None
            if head is None or head.end > len(self._data):
                return head is None or head.is_sane
            at = head.end
        return True

    def _next_chain(self, at: int, *, links: int) -> int | None:
        """The next place where `links` records that can be read follow each other, or fewer that end with the data."""
        for found in self._bundle.beginnings().finditer(self._data, at):
            if self._is_chain(found.start(), links):
                return found.start()
        return None

    def _next_possible(self, at: int) -> int:
        """The next place where a record may begin once there is more; at the end of the data a header may."""
        for found in self._bundle.beginnings().finditer(self._data, at):
            if self._is_chain(found.start(), 2, if_cut=True):
                return found.start()
        return max(at, len(self._data) - SHORTEST + 1)

    def _is_chain(self, at: int, links: int, *, if_cut: bool = False) -> bool:
        """Whether so many records that can be read follow each other, or fewer that end with the data.

        `if_cut` is said where the data end in one of them.
        """
        for link in range(links):
            if len(self._data) - at < SHORTEST:
                return if_cut or (link > 0 and at == len(self._data))
            head = self._head(at)
            if not self._may_begin(at) or (head and not head.is_sane):
                return False
            if head is None or head.end > len(self._data):
                return if_cut
            if not self._can_be_read(head):
                return False
            at = head.end
        return True

    def _can_be_read(self, head: _Head) -> bool:
        kind = self._bundle.types.get(head.code)
        if kind is None or kind.reader is None:
            return kind is not None and head.start == head.end
        try:
            kind.reader.read(self._data[head.start : head.end], Texts())
        except MalformedError:
            return False
        return True

    def _records(self) -> list[Record]:
        """The rows with their JSON."""
        written, odd, poor, offset = self._texts.finished(), self._texts.odd, self._texts.poor, self._offset
        return [
            Record(
                offset + at,
                ns,
                priority,
                event,
                written[text] if text >= 0 else None,
                self._nonfinite(event, message) if text in odd else None,
                message if keep or text in poor else None,
            )
            for at, ns, priority, event, text, message, keep in self._rows
        ]

    def _nonfinite(self, event: str, message: bytes) -> bytes | None:
        kind = next(kind for kind in self._bundle.types.values() if kind.name == event)
        return orjson.dumps(kind.reader.not_finite(message)) if kind.reader else None
