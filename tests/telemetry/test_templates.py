import random

import pytest

from tests.telemetry.encoding import event_record
from tests.telemetry.messages import random_message
from tests.telemetry.shapes import EVENTS, SHAPES
from tests.telemetry.templates import Encoder


@pytest.mark.parametrize("event", EVENTS)
def test_templates_write_what_the_builder_writes(event):
    rng, encoder, shape = random.Random(event), Encoder(event), SHAPES.get(EVENTS[event][1], {})
    for ns in range(60):
        values = random_message(rng, shape)
        for again in (values, values):
            assert encoder.record(ns, again) == event_record(event, ns, again), again
