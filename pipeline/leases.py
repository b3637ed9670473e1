"""Leases: who may make a product now, and prove it when handing over.

A lease has a number that only grows. Whoever holds the newest one may write; a worker that was taken for dead and
wakes finds another number, or none, and writes nothing.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import structlog
from django.db import DatabaseError, InterfaceError, connection, transaction

from archive.enums import ProductState
from archive.models import Product, ProductAttempt, ProductQuerySet

logger = structlog.get_logger(__name__)

BEATS_OF_LEASE = 3  # how often it is renewed within its own length
LOST = "Its worker was lost."


class LeaseLost(Exception):
    """Somebody else may have the product now, or it is not wanted any more: write nothing."""


@dataclass(frozen=True, slots=True)
class Lease:
    product_id: int
    number: int


def claim(product_id: int, *, worker: str, lifetime: timedelta, at: datetime) -> Lease | None:
    """Take a product that a worker was asked for; None when there is nothing to do, or another one has it."""
    with transaction.atomic():
        product = _locked(product_id).filter(state=ProductState.QUEUED, is_current=True).first()
        if product is None:
            return None
        product.state, product.worker = ProductState.RUNNING, worker
        product.lease += 1
        product.lease_until = at + lifetime
        product.attempts += 1  # counted before it is made: inputs that kill their worker must not do so for ever
        product.started_at, product.finished_at, product.queued_at = at, None, None
        product.save()
        ProductAttempt.objects.create(
            product=product,
            lease=product.lease,
            worker=worker,
            forced_by=product.forced_by,
            forced_reason=product.forced_reason,
            started_at=at,
        )
    return Lease(product.pk, product.lease)


def put_back(product_id: int, *, at: datetime) -> None:
    """Let a product that a worker was asked for wait in its row again."""
    queued = Product.objects.filter(pk=product_id, state=ProductState.QUEUED)
    queued.update(state=ProductState.PENDING, queued_at=None, not_before=at)


def renew(lease: Lease, *, until: datetime) -> bool:
    """Prolong a lease; False when it holds no more."""
    held = Product.objects.filter(pk=lease.product_id, state=ProductState.RUNNING, lease=lease.number)
    return held.update(lease_until=until) == 1


def held(lease: Lease) -> Product:
    """The product of a lease, locked to the end of the transaction. Raises LeaseLost."""
    product = _locked(lease.product_id).filter(state=ProductState.RUNNING, lease=lease.number).first()
    if product is None:
        raise LeaseLost(f"lease {lease.number} of product {lease.product_id} holds no more")
    return product


def settle(product: Product, state: ProductState, *, at: datetime, error: str = "", reason: str = "") -> None:
    """End an attempt: nobody holds the product any more. The caller has locked its row."""
    product.state, product.error, product.reason = state, error, reason
    product.lease_until, product.worker = None, ""
    product.finished_at = None if state == ProductState.PENDING else at
    product.save()
    attempt = ProductAttempt.objects.filter(product=product, lease=product.lease)
    attempt.update(error=error, finished_at=None if error == LOST else at)


def _locked(product_id: int) -> ProductQuerySet:
    return Product.objects.select_for_update(no_key=True).filter(pk=product_id)


class Heartbeat:
    """Renews a lease from a thread of its own while its product is made. A context manager."""

    def __init__(self, lease: Lease, *, lifetime: timedelta, clock: Callable[[], datetime]) -> None:
        self._lease, self._lifetime, self._clock = lease, lifetime, clock
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease-{lease.product_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def is_beating(self) -> bool:
        """False once the lease was found to be gone."""
        return self._thread.is_alive()

    def _beat(self) -> None:
        try:
            while not self._ended.wait(self._lifetime.total_seconds() / BEATS_OF_LEASE):
                if not self._renewed():
                    logger.warning("lease_lost", product_id=self._lease.product_id, lease=self._lease.number)
                    return
        finally:
            connection.close()

    def _renewed(self) -> bool:
        try:
            return renew(self._lease, until=self._clock() + self._lifetime)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("lease_not_renewed", product_id=self._lease.product_id, reason=str(error).strip())
            connection.close()  # the next beat makes a new one
            return True
