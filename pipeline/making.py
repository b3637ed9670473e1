"""One product, from the lease to what becomes of it: the work of one task."""

from collections.abc import Callable
from datetime import datetime

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils.module_loading import import_string

from archive.domain.store import the_store
from archive.enums import ProductKind, ProductState
from archive.errors import ArchiveError, UsageError
from archive.models import Product
from ingest.intake import the_inspector
from pipeline import dispatch, failures, leases, planning, products
from pipeline.jobs import InputsChanged, job_of
from pipeline.leases import Heartbeat, Lease, LeaseLost
from pipeline.needs import SETTLED, the_graph
from pipeline.reductions.job import NothingToMake
from pipeline.work_folder import work_folder

logger = structlog.get_logger(__name__)

Clock = Callable[[], datetime]


def make_product(product_id: int, *, worker: str, clock: Clock) -> None:
    """Make a product that a worker was asked for, and plan what follows from it.

    A message that comes twice, or after its product was given to another worker, changes nothing.
    """
    if not dispatch.may_begin(clock()):
        leases.put_back(product_id, at=clock())
    lease = leases.claim(product_id, worker=worker, lifetime=settings.REDUCTION_LEASE, at=clock())
    if lease is not None:
        _attempt(lease, clock)
    _plan_what_follows(product_id, at=clock())


def _attempt(lease: Lease, clock: Clock) -> None:
    """Try once, and write down what came of it."""
    try:
        error = _try(lease, clock)
        if error is not None:
            failures.fail(lease, error=str(error), may_pass=not isinstance(error, UsageError), at=clock())
    except LeaseLost as lost:
        logger.warning("product_left_to_others", product_id=lease.product_id, reason=str(lost))


def _try(lease: Lease, clock: Clock) -> Exception | None:
    """Make the product and hand it over. Answers what kept it from that; raises LeaseLost."""
    try:
        _make(lease, clock)
    except (LeaseLost, OperationalError, InterfaceError):
        raise  # without the database nothing can be written down: the lease ends by itself
    except (ArchiveError, InputsChanged) as error:
        return error
    except SoftTimeLimitExceeded:
        return Exception("It took too long, and was stopped.")
    except MemoryError:
        return Exception("It needs more memory than there is.")
    except Exception as error:
        logger.exception("reduction_broke_off", product_id=lease.product_id)
        return Exception(f"The reduction broke off: {type(error).__name__}: {error}")
    return None


def _make(lease: Lease, clock: Clock) -> None:
    product = Product.objects.select_related("observation").get(pk=lease.product_id)
    step = the_graph()[ProductKind(product.kind)]
    if (step.algorithm, step.version) != (product.algorithm, product.version):
        raise InputsChanged(f"This worker has {step.algorithm} {step.version}, not {product.version}.")
    store, inspector = the_store(), the_inspector()
    with work_folder() as folder:
        try:
            with Heartbeat(lease, lifetime=settings.REDUCTION_LEASE, clock=clock):
                job = job_of(product, folder=folder)
                made = import_string(step.make)(job)
        except NothingToMake as nothing:
            products.skip(lease, job, reason=str(nothing), store=store, inspector=inspector, at=clock())
        else:
            products.hand_over(lease, job, made, store=store, inspector=inspector, at=clock())


def _plan_what_follows(product_id: int, *, at: datetime) -> None:
    """Also of a product that was settled before: a worker may have been killed between the two."""
    product = Product.objects.select_related("observation").filter(pk=product_id).first()
    if product is None or product.state in (ProductState.QUEUED, ProductState.RUNNING):
        return
    if product.state in SETTLED:
        planning.plan_followers(product, at=at)
    else:
        planning.plan_product(product, at=at)
