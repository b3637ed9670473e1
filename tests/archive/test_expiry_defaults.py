"""The rules that a new archive has."""

from datetime import timedelta

import pytest

from archive.domain import expiry
from archive.models import ExpiryRule
from tests.factories import OBSERVED_AT

A_DAY = timedelta(days=1)


@pytest.mark.django_db
def test_they_are_those_of_the_observatories():
    kept = ("kind", "site_id", "data_type", "configuration_type", "after", "counted_from", "only_storage_class")
    hours_48 = timedelta(hours=48)
    assert sorted(ExpiryRule.objects.values_list(*kept)) == [
        ("cache", "", "", "", hours_48, "upload", False),
        ("family", "", "", "", 30 * A_DAY, "upload", True),
        ("family", "", "EF", "", A_DAY, "upload", False),
        ("family", "", "EP", "", 7 * A_DAY, "upload", False),
        ("family", "tst", "", "", timedelta(minutes=5), "upload", False),
        ("frame", "", "", "", 30 * A_DAY, "upload", True),
        ("frame", "", "", "GUIDE", 365 * A_DAY, "observation", False),
        ("frame", "tst", "", "", timedelta(minutes=5), "upload", False),
        ("info-image", "", "", "", hours_48, "upload", False),
    ]
    for rule in ExpiryRule.objects.all():
        rule.full_clean()


@pytest.mark.django_db
def test_frames_of_the_test_site_and_guide_frames_go_and_others_stay(frame_factory):
    test = frame_factory(site_id="tst")
    guide = frame_factory(configuration_type="GUIDE")
    frame_factory()
    due = [{thing.name for thing in expiry.due(at=OBSERVED_AT + age)} for age in (
        timedelta(seconds=299), timedelta(seconds=300), timedelta(days=364), timedelta(days=365), timedelta(days=9999),
    )]  # fmt: skip
    both = {test.basename, guide.basename}
    assert due == [set(), {test.basename}, {test.basename}, both, both]
