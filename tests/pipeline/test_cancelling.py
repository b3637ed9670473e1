"""What a person cancels is not made: no late worker writes it, and nothing asks for it again until a person does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from archive.domain import cancelling, products
from archive.enums import ProductKind, ProductState
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Event, Product, ProductAttempt, ProductCancellation, ProductFile
from pipeline import leases, making, planning
from tests.pipeline.conftest import DARK, FLAT, STAR

HOUR = timedelta(hours=1)
BRIGHT, STREHL = ProductKind.BRIGHT, ProductKind.BRIGHT_STREHL


def cancel(product, now, by="sam"):
    return cancelling.cancel(product_id=product.pk, by=by, reason="bad flat", at=now)


@pytest.fixture
def pending(db, machine):
    """A star that waits for its turn."""
    machine.take_calibrations()
    machine.run()
    machine.take(STAR)
    return machine.product(BRIGHT)


def test_what_waits_is_not_asked_for_and_what_follows_says_why(pending, machine, now):
    cancel(pending, now)
    machine.run()
    row = machine.product(BRIGHT)
    assert (row.state, row.reason, row.lease, row.files.count()) == ("skipped", "It was cancelled: bad flat", 0, 0)
    follower = machine.product(STREHL)
    assert follower.state == "skipped"
    assert "bad flat" in follower.reason
    said = ProductCancellation.objects.get()
    assert (said.was, said.cancelled_by, said.reason, said.cancelled_at) == ("pending", "sam", "bad flat", now)


def test_a_message_that_is_under_way_finds_nothing_to_do(pending, machine, now):
    asked = machine.dispatch()
    assert pending.pk in asked
    cancel(pending, now)
    for product_id in asked:
        machine.make(product_id)
    assert machine.product(BRIGHT).state == "skipped"
    assert not ProductAttempt.objects.filter(product=pending).exists()


def test_a_worker_that_computes_it_writes_nothing(pending, machine, now):
    machine.dispatch()
    lease = leases.claim(pending.pk, worker="w 1", lifetime=HOUR, at=now)
    cancel(pending, now)
    assert not leases.renew(lease, until=now + HOUR)
    with pytest.raises(leases.LeaseLost):
        leases.held(lease)
    attempt = ProductAttempt.objects.get(product=pending)
    assert (attempt.finished_at, attempt.error) == (now, "sam cancelled it: bad flat")
    row = machine.product(BRIGHT)
    assert (row.state, row.lease_until, row.worker) == ("skipped", None, "")
    # Also when it was forced meanwhile, and another worker has it.
    products.force(product_id=pending.pk, by="eve", reason="good after all", at=now)
    machine.dispatch()
    assert leases.claim(pending.pk, worker="w 2", lifetime=HOUR, at=now).number == 2
    with pytest.raises(leases.LeaseLost):
        leases.held(lease)


def test_a_whole_making_that_is_cancelled_in_the_middle_leaves_nothing(pending, machine, now, monkeypatch):
    whole = making.products.hand_over

    def cancelled_before(lease, *given, **more):
        cancel(pending, now)
        return whole(lease, *given, **more)

    monkeypatch.setattr(making.products, "hand_over", cancelled_before)
    machine.dispatch()
    machine.make(pending.pk)
    assert machine.product(BRIGHT).state == "skipped"
    assert not ProductFile.objects.filter(product=pending).exists()
    assert not Event.objects.filter(name="product.done", body__product=pending.pk).exists()


def test_new_inputs_do_not_bring_it_back_and_a_person_does(pending, machine, now):
    cancel(pending, now)
    machine.take(f"{STAR}_0")
    machine.take(FLAT.replace("20160925", "20160926"))
    machine.later(days=2)
    machine.run()
    assert machine.product(BRIGHT).state == "skipped"
    products.force(product_id=pending.pk, by="eve", reason="good after all", at=machine.now)
    machine.run()
    assert machine.product(BRIGHT).state == "done"
    said = ProductCancellation.objects.get()
    assert (said.lifted_by, said.lifted_at) == ("eve", machine.now)
    assert machine.product(STREHL).state == "done"


def test_of_what_was_made_before_only_the_making_anew_is_cancelled(reduced, now):
    made = reduced.product(BRIGHT)
    files = set(made.files.values_list("sha256", flat=True))
    products.force(product_id=made.pk, by="eve", reason="again", at=reduced.now)
    cancel(made, reduced.now)
    row = reduced.product(BRIGHT)
    assert (row.state, row.finished_at, row.values) == ("done", made.finished_at, made.values)
    assert set(row.files.values_list("sha256", flat=True)) == files
    assert ProductCancellation.objects.get().lifted_by == "sam"
    products.force(product_id=made.pk, by="eve", reason="again", at=reduced.now)
    cancel(made, reduced.now)  # as often as one likes
    reduced.run()
    assert reduced.states()[STREHL] == "done"


def test_a_plot_of_a_night_shows_what_it_showed(reduced, now):
    plot = Product.objects.get(kind=ProductKind.NIGHT_STREHL, is_current=True)
    products.force(product_id=plot.pk, by="eve", reason="again", at=reduced.now)
    cancel(plot, reduced.now)
    plot.refresh_from_db()
    assert (plot.state, plot.files.exists()) == ("skipped", True)


def test_it_is_told_to_those_who_may_see_the_product(pending, now):
    cancel(pending, now)
    told = Event.objects.get(name="product.cancelled")
    assert (told.body["product"], told.body["state"]) == (pending.pk, "skipped")
    assert "sam" not in str(told.body)
    assert told.subject["proposal_id"] == pending.observation.proposal_id


@pytest.mark.parametrize(("by", "reason"), [("", "why"), ("sam", "  ")])
def test_who_and_why_must_be_said(pending, now, by, reason):
    with pytest.raises(UsageError):
        cancelling.cancel(product_id=pending.pk, by=by, reason=reason, at=now)
    assert not ProductCancellation.objects.exists()


@pytest.mark.parametrize("state", [ProductState.DONE, ProductState.FAILED, ProductState.SKIPPED])
def test_what_is_settled_is_not_cancelled(pending, now, state):
    Product.objects.filter(pk=pending.pk).update(state=state, error="why")
    with pytest.raises(ConflictError, match=f"is {state}"):
        cancel(pending, now)
    with pytest.raises(NotFoundError):
        cancelling.cancel(product_id=10**12, by="sam", reason="why", at=now)


@pytest.mark.django_db
def test_a_product_is_cancelled_once_at_a_time(machine, now):
    machine.take(DARK)
    dark = machine.product(ProductKind.DARK, "dark_1")
    cancel(dark, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProductCancellation.objects.create(product=dark, was="pending", cancelled_by="x", reason="y", cancelled_at=now)


@pytest.mark.django_db(transaction=True)
def test_who_cancels_while_it_is_handed_over_comes_too_late(machine, now):
    machine.take(DARK)
    machine.dispatch()
    dark = machine.product(ProductKind.DARK, "dark_1")
    lease = leases.claim(dark.pk, worker="w 1", lifetime=HOUR, at=now)

    def late():
        try:
            return cancel(dark, now)
        except ConflictError as error:
            return str(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            held = leases.held(lease)
            waiting = pool.submit(late)
            leases.settle(held, ProductState.DONE, at=now)
        assert "is done" in waiting.result()


@pytest.mark.django_db
def test_planning_asks_once_more_however_many_products_there_are(reduced):
    with CaptureQueriesContext(connection) as asked:
        planning.plan_product(reduced.product(BRIGHT), at=reduced.now)
    assert sum("archive_productcancellation" in query["sql"] for query in asked) == 1
