"""A synthetic night of an instrument's telemetry, and what must be found in it.

`python -m tests.telemetry.night --seed 1 --hosts 3 --devices 162 --hours 10 --into DIR`; for tests the fixture `telemetry_night`.
"""

from tests.telemetry.night.make import Night, make_night
from tests.telemetry.night.truth import Expected, canonical, checksum

__all__ = ["Expected", "Night", "canonical", "checksum", "make_night"]
