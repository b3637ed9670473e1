"""Whoever holds the newest lease of a product may write it, and nobody else."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from archive.enums import ProductKind, ProductState
from archive.models import Product, ProductAttempt
from pipeline import leases
from pipeline.leases import Heartbeat, LeaseLost
from tests.pipeline.conftest import DARK
from tests.processes import until

HOUR = timedelta(hours=1)


@pytest.fixture
def asked(machine):
    """A product that a worker was asked for."""
    machine.take(DARK)
    machine.dispatch()
    return machine.product(ProductKind.DARK, "dark_1")


@pytest.mark.django_db
class TestOneAfterTheOther:
    def test_a_claim_is_counted_and_told(self, asked, now):
        lease = leases.claim(asked.pk, worker="w 1", lifetime=HOUR, at=now)
        asked.refresh_from_db()
        assert (lease.number, asked.lease, asked.attempts) == (1, 1, 1)
        assert (asked.state, asked.worker, asked.lease_until, asked.started_at) == ("running", "w 1", now + HOUR, now)
        attempt = ProductAttempt.objects.get()
        assert (attempt.lease, attempt.worker, attempt.started_at, attempt.finished_at) == (1, "w 1", now, None)

    def test_a_second_message_claims_nothing(self, asked, now):
        assert leases.claim(asked.pk, worker="w 1", lifetime=HOUR, at=now)
        assert leases.claim(asked.pk, worker="w 2", lifetime=HOUR, at=now) is None
        assert leases.claim(10**12, worker="w 2", lifetime=HOUR, at=now) is None

    @pytest.mark.parametrize("state", sorted(set(ProductState) - {"queued", "running", "stale"}))
    def test_only_what_was_asked_for_is_claimed(self, asked, now, state):
        Product.objects.filter(pk=asked.pk).update(state=state, error="why")
        assert leases.claim(asked.pk, worker="w", lifetime=HOUR, at=now) is None

    def test_an_old_lease_neither_holds_nor_can_be_renewed(self, asked, now):
        old = leases.claim(asked.pk, worker="w 1", lifetime=HOUR, at=now)
        leases.settle(leases.held(old), ProductState.PENDING, error=leases.LOST, at=now)
        Product.objects.filter(pk=asked.pk).update(state="queued")
        new = leases.claim(asked.pk, worker="w 2", lifetime=HOUR, at=now)
        assert (old.number, new.number) == (1, 2)
        assert not leases.renew(old, until=now + 2 * HOUR)
        assert leases.renew(new, until=now + 2 * HOUR)
        with pytest.raises(LeaseLost):
            leases.held(old)
        assert leases.held(new).lease_until == now + 2 * HOUR

    def test_what_became_of_each_attempt_is_kept(self, machine, asked):
        machine.order("passes-dark.once")
        machine.make(asked.pk)
        machine.later(hours=1)
        machine.run()
        attempts = ProductAttempt.objects.order_by("lease").values_list("lease", "error")
        assert list(attempts) == [(1, "The store is away."), (2, "")]


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_one_of_many_who_claim_at_once_gets_the_lease(self, asked, now):
        come = threading.Barrier(8)

        def claim(number: int) -> bool:
            come.wait()
            lease = leases.claim(asked.pk, worker=f"w {number}", lifetime=HOUR, at=now)
            connection.close()
            return lease is not None

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(claim, range(8))) == 1
        assert Product.objects.get(pk=asked.pk).attempts == 1

    def test_a_lease_is_renewed_for_as_long_as_it_is_held(self, asked):
        short = timedelta(seconds=0.3)
        began = timezone.now()
        lease = leases.claim(asked.pk, worker="w", lifetime=short, at=began)
        with Heartbeat(lease, lifetime=short, clock=timezone.now):
            until(lambda: Product.objects.get(pk=asked.pk).lease_until > began + 4 * short, what="the lease prolonged")
        ends = Product.objects.get(pk=asked.pk).lease_until
        until(lambda: timezone.now() > ends, what="its end")
        assert Product.objects.get(pk=asked.pk).lease_until == ends

    def test_a_heart_stops_when_its_lease_is_gone(self, asked):
        short = timedelta(seconds=0.3)
        lease = leases.claim(asked.pk, worker="w", lifetime=short, at=timezone.now())
        with Heartbeat(lease, lifetime=short, clock=timezone.now) as heart:
            with transaction.atomic():
                leases.settle(leases.held(lease), ProductState.PENDING, at=timezone.now())
            until(lambda: not heart.is_beating, what="the thread ended")
        assert Product.objects.get(pk=asked.pk).lease_until is None

    def test_a_heart_beats_on_after_the_database_was_away(self, asked):
        short = timedelta(seconds=0.3)
        lease = leases.claim(asked.pk, worker="w", lifetime=short, at=timezone.now())
        with Heartbeat(lease, lifetime=short, clock=timezone.now) as heart:
            before = Product.objects.get(pk=asked.pk).lease_until
            until(lambda: Product.objects.get(pk=asked.pk).lease_until > before, what="a beat")
            with connection.cursor() as cursor:  # as when PostgreSQL restarts
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
            cut = Product.objects.get(pk=asked.pk).lease_until
            until(lambda: Product.objects.get(pk=asked.pk).lease_until > cut, what="another beat")
            assert heart.is_beating
