"""Records that PostgreSQL would refuse: they become damage or bytes for later, so that one of them stops no other."""

from collections.abc import Callable
from dataclasses import replace

from django.db import DataError, connections, transaction

from telemetry.formats.records import Batch, Damage, Record

LONGEST_NAME = 255  # characters of a device or an event type: an index holds both


def without_long_names(batch: Batch) -> Batch:
    """The batch with damage in place of records whose device or event type is no name but a flood."""
    long = {
        name for record in batch.records for name in (record.device or "", record.event) if len(name) > LONGEST_NAME
    }
    if not long:
        return batch
    reason = f"its device or event type has more than {LONGEST_NAME} characters"
    return _sifted(batch, lambda record: reason if long & {record.device or "", record.event} else "", keep=False)


def without_refused(batch: Batch, *, using: str) -> Batch:
    """The batch with messages that jsonb refuses kept as bytes, and told as damage. Asks the database for each."""
    return _sifted(batch, lambda record: _refusal(record, using=using), keep=True)


def _sifted(batch: Batch, fault: Callable[[Record], str], *, keep: bool) -> Batch:
    records, damages = [], list(batch.damages)
    for record in batch.records:
        reason = fault(record)
        if reason:
            damages.append(Damage(record.offset, 0, reason))
        if not reason or keep:
            records.append(_as_bytes(record) if reason else record)
    return replace(batch, records=records, damages=sorted(damages))


def _as_bytes(record: Record) -> Record:
    return record._replace(msg=None, nonfinite=None, raw=record.raw or record.msg)


def _refusal(record: Record, *, using: str) -> str:
    if record.msg is None:
        return ""
    try:
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute("SELECT convert_from(%s, 'UTF8')::jsonb", [record.msg])
    except DataError as error:
        return f"PostgreSQL refuses its message: {str(error).splitlines()[0]}"
    return ""
