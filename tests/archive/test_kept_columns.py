"""Columns of observations that the database keeps by itself: what stands, whoever writes."""

import pytest

from archive.enums import ProductKind, ProductState
from archive.models import Observation, Product, StrehlMeasurement

pytestmark = pytest.mark.django_db
BRIGHT, FAINT = ProductKind.BRIGHT_STREHL, ProductKind.FAINT_STREHL


def kept() -> tuple[float | None, str, float | None, str]:
    columns = ("bright_strehl_ratio", "bright_strehl_flag", "faint_strehl_ratio", "faint_strehl_flag")
    bright, bright_flag, faint, faint_flag = Observation.objects.values_list(*columns).get()
    return bright, bright_flag, faint, faint_flag


def test_a_ratio_comes_changes_and_goes_with_its_measurement(ao):
    observation = ao.observation()
    assert kept() == (None, "", None, "")
    bright = ao.strehl(ao.product(observation, kind=BRIGHT), strehl_ratio=0.2)
    ao.strehl(ao.product(observation, kind=FAINT), strehl_ratio=0.1, flag="BAD?")
    assert kept() == (0.2, "OK", 0.1, "BAD?")
    StrehlMeasurement.objects.filter(pk=bright.pk).update(strehl_ratio=0.25, flag="BAD?")
    assert kept() == (0.25, "BAD?", 0.1, "BAD?")
    bright.delete()
    assert kept() == (None, "", 0.1, "BAD?")
    Product.objects.all().delete()
    assert kept() == (None, "", None, "")


def test_it_goes_with_its_product_s_place_and_another_takes_it(ao):
    observation = ao.observation()
    first = ao.product(observation, kind=BRIGHT)
    ao.strehl(first, strehl_ratio=0.2)
    ao.strehl(ao.product(observation, kind=BRIGHT, state=ProductState.STALE), strehl_ratio=0.9)
    assert kept()[0] == 0.2
    Product.objects.filter(pk=first.pk).update(is_current=False)
    assert kept() == (None, "", None, "")
    again = ao.product(observation, kind=BRIGHT)
    assert kept()[0] is None
    ao.strehl(again, strehl_ratio=0.3)
    assert kept()[:2] == (0.3, "OK")


def test_what_people_change_of_an_observation_leaves_them(ao):
    observation = ao.observation(ra_deg=200.0, dec_deg=-5.5)
    ao.strehl(ao.product(observation, kind=BRIGHT), strehl_ratio=0.2)
    Observation.objects.filter(pk=observation.pk).update(comment="cloudy")
    before = Observation.objects.get()
    assert (before.ra_deg, before.dec_deg, before.bright_strehl_ratio) == (200.0, -5.5, 0.2)
    before.position = None
    before.save(update_fields=["position"])
    assert Observation.objects.values_list("ra_deg", "dec_deg").get() == (None, None)
