"""Raw files in, products out, by real workers: whatever dies on the way, each product is there once."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from archive.domain import broker
from archive.models import Event, Frame, Product, ProductAttempt, ProductFile, Version
from ingest.intake import ingest_file, the_inspector
from ingest.reconcile import Reconciler
from pipeline import planning, tasks
from tests.ao_camera import write_raw
from tests.pipeline.orders import ORDERS
from tests.processes import BIN, kill_group, reductions_worker, relay, running, until, worker

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

STAR = "4_351_Yrsa_VIC_lp600_o_20160925_110427.040912"
CALIBRATIONS = ("dark_1_20160925_021010.000000", "flat_lp600_20160925_013000.000000")
KINDS = ["bright", "bright-preview", "bright-strehl", "dark", "faint", "faint-preview", "faint-strehl", "flat"]
SOON = {"REDUCTION_LEASE_SECONDS": "2", "REDUCTION_RETRY_SECONDS": "0", "AO_SETTLE_SECONDS": "0"}
MOST_LIVES = 3  # of a worker that is killed whole twice
MORTAL = {**SOON, "DJANGO_SETTINGS_MODULE": "tests.faults.mortal_settings"}


@pytest.fixture(autouse=True)
def small_night(settings, tmp_path: Path, monkeypatch, use_store):
    """Settings of this process, as far as it plans and dispatches itself; and queues without old messages."""
    orders, root = tmp_path / "orders", tmp_path / "store"
    orders.mkdir()
    root.mkdir()
    monkeypatch.setenv(ORDERS, str(orders))
    use_store(type="local", root_dir=str(root))
    settings.REDUCTION_GRAPH = "tests.pipeline.small_steps.WITHOUT_NIGHTS"
    settings.AO_SETTLE_TIME = settings.REDUCTION_RETRY = timedelta(0)
    for queue in (settings.REDUCTIONS_QUEUE, settings.CELERY_TASK_DEFAULT_QUEUE):
        with broker.connect() as link:
            channel: Any = link.default_channel
            channel.queue_declare(queue, durable=True, auto_delete=False)
            channel.queue_purge(queue)
    yield
    the_inspector().close()


@pytest.fixture
def order(small_night, tmp_path: Path) -> Callable[..., None]:
    return lambda what: (tmp_path / "orders" / what).touch()


@pytest.fixture
def noted(small_night, tmp_path: Path) -> Callable[[str], list[Path]]:
    return lambda pattern: list((tmp_path / "orders").glob(pattern))


@pytest.fixture
def take(small_night, inspector, tmp_path: Path):
    def take(*names: str) -> list[Frame]:
        from archive.domain.store import the_store  # noqa: PLC0415

        frames = []
        for number, name in enumerate(names, start=1):
            path = write_raw(tmp_path / "raw", f"{name}.fits.bz2", seed=number, DETSIZE=None)
            frames.append(ingest_file(path, store=the_store(), inspector=inspector, now=timezone.now()).frame)
        return frames

    return take


@pytest.fixture
def planned(take):
    """The raw files of one star, and the rows of all that is made of them."""
    for frame in take(*CALIBRATIONS, STAR):
        planning.plan_frame(frame.pk, at=timezone.now())


def is_all_done(n_products: int = len(KINDS)) -> bool:
    """Dispatches, as beat does, and looks."""
    tasks.dispatch_products()
    return Product.objects.filter(is_current=True, state="done").count() == n_products


def differences() -> list[str]:
    from archive.domain.store import the_store  # noqa: PLC0415

    return [
        found.line() for found in Reconciler(the_store(), settled_before=datetime(2100, 1, 1, tzinfo=UTC)).differences()
    ]


def assert_everything_once() -> None:
    products = Product.objects.all()
    assert sorted(products.values_list("kind", flat=True)) == KINDS
    assert set(products.values_list("state", flat=True)) == {"done"}
    files = Counter(ProductFile.objects.values_list("product__kind", flat=True))
    assert files == Counter(
        {
            "dark": 2,
            "flat": 2,
            "bright": 3,
            "faint": 5,
            "bright-strehl": 2,
            "faint-strehl": 2,
            "bright-preview": 3,
            "faint-preview": 3,
        }
    )
    made = Version.objects.filter(product_files__isnull=False)
    assert (made.count(), made.values("frame").distinct().count()) == (6, 6)
    assert sorted(event.body["kind"] for event in Event.objects.filter(name="product.done")) == KINDS
    assert differences() == []


def work_until_done(process: "subprocess.Popen[bytes]") -> bool:
    """Whether all was done before the worker died."""
    until(lambda: is_all_done() or process.poll() is not None, what="all products, or the worker's end")
    return process.poll() is None


@pytest.mark.parametrize("who", ["child", "all"])
@pytest.mark.parametrize("where", ["before", "computing", "handing-over", "after"])
def test_a_worker_killed_twice_leaves_every_product_once(planned, order, noted, where, who):
    """kill -9 of the child that works, or of the worker with all children, at each step of the first two products."""
    name = f"die-{where}" if who == "child" else f"die-all-{where}"
    for death in (1, 2):
        order(f"{name}.once{death}")
    for _life in range(MOST_LIVES):
        with reductions_worker(**MORTAL) as process:
            if work_until_done(process):
                break
    assert noted(f"{name}.once*") == []
    assert_everything_once()
    lost = ProductAttempt.objects.filter(error="Its worker was lost.").count()
    assert lost == (2 if where in {"computing", "handing-over"} else 0)


def test_a_worker_killed_at_every_product_leaves_each_once(planned, order, noted):
    order("die-handing-over-each")
    with reductions_worker(**MORTAL):
        until(is_all_done, what="all products")
    assert len(noted("done-die-handing-over-*")) == len(KINDS)
    assert_everything_once()
    lost = ProductAttempt.objects.filter(error="Its worker was lost.")
    assert sorted(lost.values_list("product__kind", flat=True)) == KINDS


def test_a_worker_that_wakes_late_writes_nothing(planned, order, noted):
    order("hold.once")
    with reductions_worker(**MORTAL) as late:
        until(lambda: is_all_done() or bool(noted("held")), what="the work begun")
        held = ProductAttempt.objects.get(finished_at=None)
        os.killpg(late.pid, signal.SIGSTOP)
        with reductions_worker(**MORTAL) as other:
            until(is_all_done, what="all products by another worker")
            kill_group(other)
        before = list(Product.objects.order_by("pk").values())
        order("go")
        os.killpg(late.pid, signal.SIGCONT)
        until(lambda: bool(noted(f"ended-{held.product_id}-*{held.worker.split()[-1]}")), what="the late worker's end")
    assert list(Product.objects.order_by("pk").values()) == before
    assert_everything_once()


def test_a_night_spreads_over_two_workers(take, order):
    stars = [STAR.replace("110427", f"1105{number:02d}") for number in range(4)]
    for frame in take(*CALIBRATIONS, *stars):
        planning.plan_frame(frame.pk, at=timezone.now())
    with reductions_worker(**MORTAL):
        until(lambda: is_all_done(2) or Product.objects.filter(state="done").count() > 2, what="the calibrations")
        order("meet")
        with reductions_worker(**MORTAL):
            until(lambda: is_all_done(2 + 6 * len(stars)), what="all products")
    assert set(Product.objects.values_list("lease", flat=True)) == {1}
    assert len(set(ProductAttempt.objects.values_list("worker", flat=True))) == 2
    assert differences() == []


def test_products_come_by_themselves_once_their_raw_files_are_in(take, tmp_path):
    """Relay, worker, beat and a worker for reductions: nobody plans or dispatches here."""
    beat = (str(BIN / "celery"), "-A", "settings", "beat", "--schedule", str(tmp_path / "beat"), "--pidfile=")
    take(STAR, *CALIBRATIONS)
    with relay(**MORTAL), worker(**MORTAL), reductions_worker(**MORTAL), running(*beat, **MORTAL):
        until(
            lambda: Product.objects.filter(is_current=True, state="done").count() == len(KINDS),
            what="all products",
        )
    assert_everything_once()


def consumers(queue: str) -> int:
    with broker.connect() as link:
        channel: Any = link.default_channel
        return int(channel.queue_declare(queue, passive=True).consumer_count)


def test_each_kind_of_worker_hears_its_own_queues_alone(small_night):
    reductions, others = django_settings.REDUCTIONS_QUEUE, django_settings.CELERY_TASK_DEFAULT_QUEUE
    with broker.connect() as link:
        broker.pipeline_queue()(link.default_channel).declare()
    with worker(**MORTAL) as process:
        until(lambda: consumers(django_settings.PIPELINE_QUEUE) == 1, what="a worker that listens")
        assert (consumers(others), consumers(reductions)) == (1, 0)
        kill_group(process)
    with reductions_worker(**MORTAL):
        until(lambda: consumers(reductions) == 1, what="a worker for reductions that listens")
        until(lambda: consumers(others) == 0, what="the killed worker gone")
        assert consumers(django_settings.PIPELINE_QUEUE) == 0


def test_a_worker_without_the_quiet_of_the_night_begins_nothing_and_ends_what_it_began(planned, order, noted):
    order("hold.once")
    with reductions_worker(**MORTAL):
        until(lambda: is_all_done() or bool(noted("held")), what="the work begun")
        pause = [sys.executable, "manage.py", "reductions", "pause", "--reason", "a storm"]
        with running(*pause) as paused:
            assert paused.wait(60) == 0
        order("go")
        until(lambda: is_all_done(1), what="the end of what was begun")
        until(lambda: not Product.objects.filter(state__in=["queued", "running"]).exists(), what="quiet")
        assert Counter(Product.objects.values_list("state", flat=True)) == {"done": 1, "pending": 7}
        resume = [sys.executable, "manage.py", "reductions", "resume"]
        with running(*resume) as resumed:
            assert resumed.wait(60) == 0
        until(is_all_done, what="all products")
    assert_everything_once()
