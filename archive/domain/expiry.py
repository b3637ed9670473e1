"""What expires: which things there are, what would go, and letting it go."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

import structlog

from archive.domain.expiring import Due, Expiring, Fate
from archive.domain.frame_expiry import FRAMES
from archive.domain.objects import remove_doomed
from archive.enums import ExpiringKind
from archive.errors import ArchiveError, TransientError, UsageError
from archive.models import OwnExpiry

logger = structlog.get_logger(__name__)

KINDS: tuple[Expiring, ...] = (FRAMES,)
BATCH_SIZE = 100  # rows that are locked at once
MOST_PATHS = 10_000
UNUSED_AFTER = timedelta(days=7)  # an upload that has not come so long after its own expiry does not come


def set_own_expiry(
    *, kind: ExpiringKind, name: str, expires_at: datetime, at: datetime, by: str = "", replace: bool = False
) -> OwnExpiry:
    """Say when the thing of this name goes, whatever the rules say; it need not be there yet.

    The first one to say so wins, however often the upload is repeated; `replace` is for staff. Answers what holds now.

    Raises UsageError when the time has passed.
    """
    if expires_at <= at:
        raise UsageError("an upload can not expire before it comes: choose a later time.")
    new = OwnExpiry(kind=kind, name=name, expires_at=expires_at, set_at=at, set_by=by)
    if replace:
        OwnExpiry.objects.bulk_create(
            [new],
            update_conflicts=True,
            unique_fields=["kind", "name"],
            update_fields=["expires_at", "set_at", "set_by"],
        )
    else:
        OwnExpiry.objects.bulk_create([new], ignore_conflicts=True)
    return OwnExpiry.objects.get(kind=kind, name=name)


def fate_of(kind: ExpiringKind, name: str) -> Fate:
    """Which rule holds for a thing, and when it goes by that. Raises NotFoundError."""
    return _of_kind(kind).fate_of(name)


def due(*, at: datetime, kinds: Sequence[Expiring] = KINDS) -> Iterator[Due]:
    """All that would go at `at`: `expire` at the same time lets exactly this go."""
    for kind in kinds:
        yield from kind.due(at=at)


def expire(
    *,
    at: datetime,
    most: int | None = None,
    kinds: Sequence[Expiring] = KINDS,
    went: Callable[[int, Sequence[Due]], None] = lambda _tried, _gone: None,
) -> int:
    """Let go what is due, up to about `most`; answers how much that was.

    `went` hears of each batch: how many were tried, and which of them went. What fails is logged, and left for the next
    run; so is a row that somebody else holds. Bytes that an earlier run left behind go first.
    """
    _remove_leftovers()
    n_gone = 0
    for kind in kinds:
        kind.forget_unused(before=at - UNUSED_AFTER)
        things = kind.due(at=at)
        while batch := list(islice(things, BATCH_SIZE)):
            gone = _expire_batch(kind, batch, at=at)
            n_gone += len(gone)
            went(len(batch), gone)
            if most is not None and n_gone >= most:
                return n_gone
    return n_gone


def _expire_batch(kind: Expiring, batch: Sequence[Due], *, at: datetime) -> list[Due]:
    """All at once; if that fails one by one, so that one thing does not keep the others."""
    try:
        gone = kind.expire(batch, at=at)
    except ArchiveError as error:
        if len(batch) > 1:
            return [thing for single in batch for thing in _expire_batch(kind, [single], at=at)]
        logger.error("expiry_failed", kind=kind.kind, name=batch[0].name, reason=str(error))  # noqa: TRY400 - a refusal, not a bug
        return []
    for thing in gone:
        logger.info("thing_expired", kind=thing.kind, id=thing.thing_id, name=thing.name, rule=thing.cause.rule)
    return gone


def _remove_leftovers() -> None:
    try:
        n_paths = remove_doomed(most=MOST_PATHS)
    except TransientError as error:
        logger.warning("bytes_not_removed", reason=str(error))
        return
    if n_paths:
        logger.info("leftovers_removed", paths=n_paths)


def _of_kind(kind: ExpiringKind) -> Expiring:
    for expiring in KINDS:
        if expiring.kind == kind:
            return expiring
    raise UsageError(f"things of the kind {kind} do not expire.")
