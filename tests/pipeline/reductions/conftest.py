import pytest

from tests.pipeline.reductions.bench import Bench
from tests.pipeline.reductions.simulated import SimulatedNight, write_night


@pytest.fixture(scope="session")
def night(tmp_path_factory) -> SimulatedNight:
    return write_night(tmp_path_factory.mktemp("night"))


@pytest.fixture(scope="session")
def bench(night, tmp_path_factory) -> Bench:
    """Products of the night, each made once for all tests."""
    return Bench(night.raws, tmp_path_factory.mktemp("made"))
