"""Observations say the seeing of their night, whichever came last: they, or a measurement."""

from datetime import timedelta

import pytest

from archive.domain.seeing_notes import note_seeing
from archive.enums import ProductKind, ProductState
from archive.models import Observation, SeeingMeasurement
from tests.factories import AO_OBSERVED_AT

NIGHT = AO_OBSERVED_AT.date()
COLUMNS = ("seeing_median_arcsec", "seeing_mean_arcsec", "seeing_nearest_arcsec", "seeing_nearest_at")


def said(observation: Observation) -> tuple[object, ...]:
    return tuple(Observation.objects.values_list(*COLUMNS).get(pk=observation.pk))


@pytest.mark.django_db
class TestNoteSeeing:
    def test_median_and_mean_of_the_night_and_the_nearest_in_time(self, ao):
        times = [AO_OBSERVED_AT + timedelta(minutes=minutes) for minutes in (-60, -10, 10, 30)]
        for time, width in zip(times, (1.0, 1.25, 2.0, 1.75), strict=True):
            ao.seeing(observed_at=time, fwhm_arcsec=width)
        ao.seeing(ao.product(kind=ProductKind.SEEING, state=ProductState.STALE), fwhm_arcsec=9.0)
        at_once, late = ao.observation(observed_at=AO_OBSERVED_AT), ao.observation(observed_at=times[3])
        elsewhere = ao.observation(observed_at=AO_OBSERVED_AT + timedelta(days=1))
        assert note_seeing(NIGHT) == 2
        # 1.25 and 2 are as near to the first: the earlier one counts. All are binary fractions, so sums are exact.
        assert said(at_once) == (1.5, 1.5, 1.25, times[1])
        assert said(late) == (1.5, 1.5, 1.75, times[3])
        assert said(elsewhere) == (None, None, None, None)

    def test_said_once_it_changes_nothing(self, ao):
        ao.seeing()
        before = ao.observation().modified_at
        assert note_seeing(NIGHT) == 1
        told = Observation.objects.get()
        assert told.modified_at > before  # so that its document is written again
        assert note_seeing(NIGHT) == 0
        assert Observation.objects.get().modified_at == told.modified_at

    def test_only_the_one_of_a_name(self, ao):
        ao.seeing(fwhm_arcsec=1.5)
        first, second = ao.observation(), ao.observation()
        assert note_seeing(NIGHT, name=second.name) == 1
        assert (said(first)[0], said(second)[0]) == (None, 1.5)

    def test_without_a_measurement_left_nothing_is_said(self, ao):
        ao.seeing()
        observation = ao.observation()
        note_seeing(NIGHT)
        SeeingMeasurement.objects.all().delete()
        assert note_seeing(NIGHT) == 1
        assert said(observation) == (None, None, None, None)
