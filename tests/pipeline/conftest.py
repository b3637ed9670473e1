"""The machine of products with steps of its own tests, one process, and a clock that the test sets."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from archive.enums import ProductKind
from archive.models import Frame, Product
from ingest.intake import ingest_file, the_inspector
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore
from pipeline import dispatch, making, planning
from tests.ao_camera import write_raw
from tests.pipeline.orders import ORDERS
from tests.pipeline.reductions.simulated import SimulatedNight, write_night

STAR = "4_351_Yrsa_VIC_lp600_o_20160925_110427.040912"
EMPTY = "4_Empty_VIC_lp600_o_20160925_113000.000000"
PLANET = "24_Uranus_VIC_lp600_o_20160925_120000.000000"
DARK = "dark_1_20160925_021010.000000"
FLAT = "flat_lp600_20160925_013000.000000"
SEEING = "seeing_VIC_Si_20160925_050000.000000"


@dataclass
class Machine:
    """Raw files in, products out. `orders` tell the small steps what to do."""

    store: FileStore
    inspector: Inspector
    folder: Path
    orders: Path
    now: datetime
    seed: int = 0
    asked: list[int] = field(default_factory=list)

    def take(self, name: str, *, seed: int | None = None, plan: bool = True, **cards: object) -> Frame:
        """A raw file comes in, of pixels that no other has."""
        self.seed += 1
        number = self.seed if seed is None else seed
        whole = {"DETSIZE": None} | cards  # so small a frame were a sub-array of the real detector
        path = write_raw(self.folder / str(self.seed), f"{name}.fits.bz2", seed=number, **whole)
        frame = ingest_file(path, store=self.store, inspector=self.inspector, now=self.now).frame
        if plan:
            planning.plan_frame(frame.pk, at=self.now)
        return frame

    def take_calibrations(self) -> None:
        self.take(DARK)
        self.take(FLAT)

    def order(self, what: str) -> None:
        (self.orders / what).touch()

    def dispatch(self) -> list[int]:
        """Ask for what is due; answers for which products."""
        before = len(self.asked)
        dispatch.dispatch(ask=self.asked.append, at=self.now)
        return self.asked[before:]

    def make(self, product_id: int) -> None:
        making.make_product(product_id, worker="here 1", clock=lambda: self.now)

    def run(self) -> None:
        """Make all that is due, and what follows from that."""
        while asked := self.dispatch():
            for product_id in asked:
                self.make(product_id)

    def later(self, **more: float) -> None:
        self.now += timedelta(**more)

    def product(self, kind: ProductKind, subject: str = STAR) -> Product:
        return Product.objects.get(kind=kind, subject=subject, is_current=True)

    def states(self, subject: str = STAR) -> dict[str, str]:
        rows = Product.objects.filter(subject=subject, is_current=True)
        return dict(rows.values_list("kind", "state"))


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "orders"
    folder.mkdir()
    monkeypatch.setenv(ORDERS, str(folder))
    return folder


@pytest.fixture(scope="session", autouse=True)
def children_end() -> Iterator[None]:
    yield
    the_inspector().close()


@pytest.fixture(scope="session")
def simulated_night(tmp_path_factory) -> SimulatedNight:
    """Raw files of a small night and what is true of them; who asks for it must leave them as they are."""
    return write_night(tmp_path_factory.mktemp("night"))


@pytest.fixture
def small_graph(settings) -> None:
    settings.REDUCTION_GRAPH = "tests.pipeline.small_steps.GRAPH"
    settings.AO_SETTLE_TIME = timedelta(0)


@pytest.fixture
def machine(
    small_graph: None, store: FileStore, inspector: Inspector, tmp_path: Path, orders: Path, now: datetime
) -> Machine:
    return Machine(store, inspector, tmp_path, orders, now)


@pytest.fixture
def reduced(db: None, machine: Machine) -> Machine:
    """A star with its calibrations, all products made."""
    machine.take_calibrations()
    machine.take(STAR)
    machine.run()
    return machine
