import pytest

from tests.pipeline.reductions.bench import Bench
from tests.pipeline.reductions.simulated import SimulatedNight


@pytest.fixture(scope="session")
def night(simulated_night: SimulatedNight) -> SimulatedNight:
    return simulated_night


@pytest.fixture(scope="session")
def bench(night, tmp_path_factory) -> Bench:
    """Products of the night, each made once for all tests."""
    return Bench(night.raws, tmp_path_factory.mktemp("made"))
