"""Which products there are to be, and from what each is made: rows that follow from what the archive holds.

Planning may be repeated at any time, and by several at once: those of one subject take turns, and each finds the rows
that the one before has left.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction

from archive.domain.cancelling import cancelled_among
from archive.domain.seeing_notes import note_seeing
from archive.enums import ProductKind, ProductState
from archive.models import Product, RawFile, Version
from pipeline.graph import Step
from pipeline.needs import NotNow, NotWanted, Ready, Situation, raw_inputs, readiness, the_graph
from pipeline.subjects import (
    Subject,
    kinds_of,
    night_itself,
    raw_versions_of,
    subject_of_product,
    subject_of_raw,
    users_of_master,
)

logger = structlog.get_logger(__name__)

TURN_LOCK = 7_365_203  # advisory lock of PostgreSQL, beside those of archive.domain.events
MASTERS = (ProductKind.DARK, ProductKind.FLAT)


def plan_frame(frame_id: int, *, at: datetime) -> None:
    """Plan what is made of a raw file, if the frame is one."""
    raw = RawFile.objects.select_related("frame", "observation").filter(pk=frame_id).first()
    subject = None if raw is None else subject_of_raw(raw)
    if subject is not None:
        plan(subject, at=at)


def plan_product(product: Product, *, at: datetime) -> None:
    """Plan a product anew, and with it all others of its subject."""
    plan(subject_of_product(product), at=at)


def plan_followers(product: Product, *, at: datetime) -> None:
    """Plan what may wait for a product that is settled."""
    plan_product(product, at=at)
    if product.kind in MASTERS:
        for subject in users_of_master(product):
            plan(subject, at=at)
    if any(product.kind in step.waits_for for step in the_graph().values()):
        plan_night(product.night, at=at)


def plan_night(night: date, *, at: datetime) -> None:
    """Plan what is made of a night itself."""
    plan(night_itself(night), at=at)


def plan(subject: Subject, *, at: datetime) -> None:
    """Write the rows of a subject's products as they follow from what the archive holds now."""
    graph = the_graph()
    with transaction.atomic():
        _take_turn(subject)
        rows = {ProductKind(row.kind): row for row in _current_rows(subject)}
        if subject.observation is not None and not rows:
            note_seeing(subject.night, name=subject.name)  # which may have been measured before it came
        wanted = {*kinds_of(subject), *rows}
        now = Situation(subject, raw_versions_of(subject), at, rows)
        cancelled = cancelled_among(rows.values())
        for step in graph.values():
            row = rows.get(step.kind)
            if row is not None and row.pk in cancelled:
                continue  # until somebody has it made after all, whatever its inputs become
            if step.kind in wanted or step.follows(wanted):
                wanted.add(step.kind)
                rows[step.kind] = _planned(step, row, now)
        if ProductKind.SEEING in rows:
            note_seeing(subject.night)  # a measurement may stand no more


def _take_turn(subject: Subject) -> None:
    """Wait until no other transaction plans this subject: rows that are not there yet can not be locked."""
    name = f"{subject.night.isoformat()} {subject.name}".encode()
    number = int.from_bytes(hashlib.blake2b(name, digest_size=4).digest(), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [TURN_LOCK, number])


def _current_rows(subject: Subject) -> list[Product]:
    """Locked, so that nobody begins or ends one of them meanwhile."""
    rows = Product.objects.select_for_update(no_key=True).order_by("pk")
    return list(rows.filter(night=subject.night, subject=subject.name, is_current=True))


def _planned(step: Step, row: Product | None, now: Situation) -> Product:
    if row is not None and row.fingerprint and step.takes_raws and _raws_differ(row, now.raws):
        row = _replaced(row, now)  # at once: what it shows is not what there is
    try:
        ready = readiness(step, now)
    except NotNow as obstacle:
        now.waiting.add(step.kind)
        return _waiting(step, row, now, reason=str(obstacle), look_again_at=obstacle.look_again_at)
    except NotWanted as obstacle:
        return _skipped(step, row, now, reason=str(obstacle))
    return _ready(step, row, now, ready)


def _raws_differ(row: Product, raws: Sequence[Version]) -> bool:
    return _raw_facts(row.inputs) != _raw_facts(raw_inputs(raws))


def _raw_facts(inputs: Sequence[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(each["name"], each["sha256"]) for each in inputs if each["role"] == "raw"}


def _waiting(step: Step, row: Product | None, now: Situation, *, reason: str, look_again_at: datetime) -> Product:
    """A row that waits. One that has been made, or is being made, stays until its new inputs are there."""
    row = row or _blank(step.kind, now)
    if row.fingerprint and row.state not in (ProductState.PENDING, ProductState.QUEUED):
        return row
    row.state, row.queued_at, row.finished_at = ProductState.PENDING, None, None
    row.reason, row.not_before = reason, look_again_at
    row.save()
    return row


def _skipped(step: Step, row: Product | None, now: Situation, *, reason: str) -> Product:
    if row is not None and (row.state, row.fingerprint, row.reason) == (ProductState.SKIPPED, "", reason):
        return row
    new = _blank(step.kind, now) if row is None else _replaced(row, now)
    new.state, new.reason, new.finished_at = ProductState.SKIPPED, reason, now.at
    new.save()
    return new


def _ready(step: Step, row: Product | None, now: Situation, ready: Ready) -> Product:
    if row is not None and row.fingerprint == ready.fingerprint:
        return _ready_still(row, now, ready)
    not_before = _time_of(step, row, now)
    before = Product.objects.select_for_update(no_key=True).filter(fingerprint=ready.fingerprint).first()
    new = _successor(step, row, now, is_known=before is not None)
    if before is not None:
        new = _taken_up_again(before, instead_of=new)
    new.state, new.reason, new.not_before, new.queued_at = ProductState.PENDING, "", not_before, None
    new.finished_at = None
    new.inputs, new.parameters, new.fingerprint = ready.inputs, ready.parameters, ready.fingerprint
    new.algorithm, new.version = step.algorithm, step.version
    new.save()
    logger.info("product_ready", product_id=new.pk, kind=new.kind, subject=new.subject)
    return new


def _time_of(step: Step, row: Product | None, now: Situation) -> datetime:
    """When to make it: at once, or a while after the first of the changes of a night, which seldom come alone."""
    if not step.measured:
        return now.at
    if row is not None and row.state == ProductState.PENDING and row.fingerprint and not row.reason:
        return row.not_before
    return now.at + settings.AO_SETTLE_TIME


def _successor(step: Step, row: Product | None, now: Situation, *, is_known: bool) -> Product:
    """The row of what is to be made now.

    What is of a night stays one row, and shows what it was made of before until it is made anew: its inputs change by
    every measurement, and all its states of a night are nothing to keep.
    """
    if row is None:
        return _blank(step.kind, now)
    if not step.measured or not row.lease or is_known:
        return _replaced(row, now)
    row.attempts, row.error = 0, ""
    row.lease_until, row.worker = None, ""
    return row


def _ready_still(row: Product, now: Situation, ready: Ready) -> Product:
    if row.state == ProductState.PENDING and row.reason:
        row.reason, row.not_before = "", now.at
        row.save()
    if row.inputs != ready.inputs:  # the same names and bytes, kept in other places
        row.inputs = ready.inputs
        row.save()
    return row


def _blank(kind: ProductKind, now: Situation) -> Product:
    """A row, not yet saved, of which nothing was made."""
    subject = now.subject
    return Product(
        observation=subject.observation,
        night=subject.night,
        kind=kind,
        subject=subject.name,
        not_before=now.at,
        created_at=now.at,
    )


def _replaced(row: Product, now: Situation) -> Product:
    """A blank in place of a row whose inputs have changed. A row that was never begun becomes the blank itself."""
    if row.lease:
        row.is_current, row.state = False, ProductState.STALE
        row.lease_until, row.queued_at, row.worker = None, None, ""
        row.save()
        logger.info("product_stale", product_id=row.pk, kind=row.kind, subject=row.subject)
        return _blank(ProductKind(row.kind), now)
    row.state, row.fingerprint, row.inputs, row.error, row.reason = ProductState.PENDING, "", [], "", ""
    row.queued_at = row.finished_at = None
    row.attempts = 0
    return row


def _taken_up_again(before: Product, *, instead_of: Product) -> Product:
    """Let the row of the same fingerprint, which became stale once, be the current one: it is made anew."""
    if instead_of.pk is not None:
        instead_of.delete()
    before.is_current, before.attempts, before.error = True, 0, ""
    before.forced_by, before.forced_reason = instead_of.forced_by, instead_of.forced_reason
    return before
