"""What is asked of a synthetic night is what its generator says: spans, gaps, values at exposures, times to the nanosecond."""

import pytest

from telemetry import bundles
from telemetry.chunks import Chunk, Stat
from telemetry.formats.opening import Stream
from telemetry.inventory import take_entries
from telemetry.listing import Entry
from telemetry.load import take_chunks
from telemetry.queries.channels import Channels
from telemetry.queries.exposure import CONTINUOUS, STATE, Exposure, at_exposure
from telemetry.queries.gaps import gaps, heartbeats
from telemetry.queries.keys import key_of
from telemetry.queries.records import Selection, page, stream
from telemetry.queries.spans import Span, spans
from telemetry.queries.times import Window
from tests.telemetry.shapes import BUNDLE

READ = ("bintel", "binlog", "ndjson")


class Taken:
    """A night in the database, all but what is left out."""

    def __init__(self, night):
        self.root, self.expected = night.root, night.expected
        self.window = Window(self.expected.start_ns, self.expected.end_ns)
        bundles.add(BUNDLE)
        for host in {file["host"] for file in self.expected.files}:
            take_entries(host, [self._entry(file) for file in self.expected.files if file["host"] == host])

    def take(self, *, but=frozenset()):
        for file in self.expected.files:
            if file["kind"] in READ and file["host"] + file["path"] not in but:
                self.take_one(file)

    def take_one(self, file):
        entry = self._entry(file)
        data = b"".join(Stream(self._place(file)))
        take_chunks([Chunk(file["host"], file["path"], 0, data, end=Stat(entry.size_bytes, entry.modified_ns))])

    def _place(self, file):
        return self.root / f"{file['host']}{file['path']}"

    def _entry(self, file):
        stat = self._place(file).stat()
        return Entry(file["path"], None, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@pytest.fixture
def taken(db, telemetry_night):
    return Taken(telemetry_night)


def found_gaps(taken):
    channels = heartbeats(Channels().of(), taken.window)
    return {
        (gap.channel.device, gap.channel.event, gap.start_ns, gap.end_ns, gap.reason)
        for gap in gaps(channels, taken.window)
        if gap.start_ns is not None and gap.end_ns is not None
    }


def told(gaps):
    return {(gap["device"], gap["event"], gap["start_ns"], gap["end_ns"], gap["reason"]) for gap in gaps}


def test_the_night_is_answered_as_its_generator_knows_it(taken):
    expected = taken.expected
    withheld = {gap["if_not_ingested"] for gap in expected.gaps if gap["if_not_ingested"]}
    assert len(withheld) == 1
    taken.take(but=withheld)
    assert found_gaps(taken) == told(expected.gaps)
    assert {gap["reason"] for gap in expected.gaps} == {"no_file", "file_not_ingested", "device_state", "silent"}

    (left_out,) = (file for file in expected.files if file["host"] + file["path"] in withheld)
    taken.take_one(left_out)
    assert found_gaps(taken) == told(gap for gap in expected.gaps if not gap["if_not_ingested"])

    assert sum(1 for _ in stream(Selection(Channels().of(), Window()))) == expected.total
    assert spans(taken.window) == [
        Span(span["start_ns"], span["end_ns"], span["email"], span["obsname"]) for span in expected.spans
    ]
    device, event, *times = expected.same_microsecond
    (channel,) = Channels().of([device], [event])
    both = page(Selection([channel], Window(min(times), max(times) + 1)), after=None, most=10)
    assert [record.place.at_ns for record in both] == sorted(times)

    assert {sample["linear"] is None for sample in expected.samples} == {True, False}
    for sample in expected.samples:
        (channel,) = Channels().of([sample["device"]], [sample["event"]])
        asked = [(channel, key_of(sample["key"]))], Exposure(sample["start_ns"], sample["end_ns"])
        assert at_exposure(*asked, rule=STATE)[0].value == sample["state"]
        if isinstance(sample["state"], float):
            (found,) = at_exposure(*asked)
            assert found.rule == CONTINUOUS
            assert found.value == (sample["linear"] and pytest.approx(sample["linear"], rel=1e-9, abs=1e-9))
