"""Products as people deal with them: making one anew, pausing, progress, and who hears of what was made."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict

from archive.domain import products, sight
from archive.domain.progress import progress_of
from archive.enums import EventName, ProductKind, ProductState
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Observation, PipelineSwitch, Product
from archive.terms.listening import ear_for

pytestmark = pytest.mark.django_db
NIGHT = date(2016, 9, 25)
STAR = "4_351_Yrsa_VIC_lp600_o_20160925_110427.040912"


@pytest.fixture
def observation(now) -> Observation:
    return make_observation(STAR, public_date=None)


def make_observation(name: str, **changes) -> Observation:
    values = {
        "proposal_id": "PROP001",
        "target_name": "351_Yrsa",
        "camera": "VIC",
        "primary_optical_element": "lp600",
        "marker": "o",
        "observed_at": datetime(2016, 9, 25, 11, 4, 27, tzinfo=UTC),
        "night": NIGHT,
    }
    return Observation.objects.create(name=name, **{**values, **changes})


def make_product(kind: str, state: str, *, observation: Observation | None, now: datetime, **changes) -> Product:
    number = Product.objects.count() + 1
    values = {
        "observation": observation,
        "night": NIGHT,
        "kind": kind,
        "subject": observation.name if observation else f"{kind}_1",
        "state": state,
        "fingerprint": f"{number:064x}",
        "error": "It broke." if state == ProductState.FAILED else "",
        "lease": 3,
        "attempts": 3,
        "lease_until": now if state == ProductState.RUNNING else None,
        "is_current": state != ProductState.STALE,
        "not_before": now - timedelta(days=1),
        "created_at": now,
    }
    return Product.objects.create(**{**values, **changes})


class TestForce:
    @pytest.mark.parametrize("state", ["done", "failed", "skipped", "pending"])
    def test_whatever_became_of_a_product_it_is_made_again(self, observation, now, state):
        product = make_product("bright", state, observation=observation, now=now, reason="no star")
        products.force(product_id=product.pk, by=" eve ", reason="new dark", at=now)
        product.refresh_from_db()
        assert (product.state, product.attempts, product.error, product.reason) == ("pending", 0, "", "")
        assert (product.forced_by, product.forced_reason, product.not_before) == ("eve", "new dark", now)
        assert product.lease == 3  # only grows

    @pytest.mark.parametrize(
        ("state", "says"), [("queued", "already"), ("running", "already"), ("stale", "newer product")]
    )
    def test_what_is_being_made_or_was_replaced_is_not(self, observation, now, state, says):
        product = make_product("bright", state, observation=observation, now=now)
        with pytest.raises(ConflictError, match=says):
            products.force(product_id=product.pk, by="eve", reason="why not", at=now)
        product.refresh_from_db()
        assert (product.state, product.forced_by) == (state, "")

    @pytest.mark.parametrize(("by", "reason"), [("", "why"), ("eve", "  ")])
    def test_who_and_why_must_be_said(self, observation, now, by, reason):
        product = make_product("bright", "done", observation=observation, now=now)
        with pytest.raises(UsageError, match="who asks"):
            products.force(product_id=product.pk, by=by, reason=reason, at=now)

    def test_there_is_nothing_to_make_of_what_is_not_there(self, now):
        with pytest.raises(NotFoundError):
            products.force(product_id=1, by="eve", reason="why", at=now)

    def test_a_kind_that_is_not_made_by_itself_is_planned_by_force(self, observation, now):
        asked = {"observation": observation, "by": "eve", "reason": "a disc after all", "at": now}
        products.force_of_observation(kind=ProductKind.PLANETARY, **asked)
        products.force_of_observation(kind=ProductKind.PLANETARY, **asked)
        product = Product.objects.get()
        assert (product.kind, product.state, product.subject) == ("planetary", "pending", STAR)
        assert (product.forced_by, bool(product.reason)) == ("eve", True)  # to be planned


class TestSwitch:
    def test_the_last_word_holds_and_all_words_are_kept(self, now):
        assert not products.is_paused()
        products.switch(is_paused=True, by="eve", reason="a storm", at=now)
        assert products.is_paused()
        products.switch(is_paused=False, by="adam", reason="", at=now)
        assert not products.is_paused()
        words = PipelineSwitch.objects.order_by("pk").values_list("changed_by", "is_paused", "reason")
        assert list(words) == [("eve", True, "a storm"), ("adam", False, "")]


class TestProgress:
    def test_products_are_counted_by_kind_and_state_as_far_as_they_are_seen(
        self, observation, now, alice, bob, admin, django_assert_num_queries
    ):
        public = make_observation("4_Vega_VIC_lp600_o_20160925_120000.000000", public_date=now)
        make_product("dark", "done", observation=None, now=now)
        make_product("bright", "done", observation=public, now=now)
        make_product("bright", "running", observation=observation, now=now)
        make_product("faint", "pending", observation=observation, now=now)
        make_product("faint", "stale", observation=observation, now=now)
        make_product("dark", "done", observation=None, now=now, night=date(2016, 9, 24))
        for user in (AnonymousUser(), bob):
            with django_assert_num_queries(1):
                seen = progress_of(night=NIGHT, user=user, at=now)
            assert seen.by_kind == {"dark": {"done": 1}, "bright": {"done": 1}}
            assert (seen.total, seen.open) == (2, 0)
        for user in (alice, admin):
            with django_assert_num_queries(1):
                seen = progress_of(night=NIGHT, user=user, at=now)
            assert seen.by_kind == {
                "dark": {"done": 1},
                "bright": {"done": 1, "running": 1},
                "faint": {"pending": 1},
            }
            assert (seen.total, seen.open, seen.number_of("done")) == (4, 2, 2)


class TestEvents:
    def test_who_sees_an_observation_hears_of_its_products(self, observation, now, alice, bob, admin):
        product = make_product("bright", "failed", observation=observation, now=now)
        hidden = products.record_outcome(EventName.PRODUCT_FAILED, product, at=now)
        assert hidden.body == {
            "product": product.pk,
            "kind": "bright",
            "subject": STAR,
            "night": "2016-09-25",
            "observation": STAR,
            "state": "failed",
            "error": "It broke.",
        }
        dark = products.record_outcome(
            EventName.PRODUCT_DONE, make_product("dark", "done", observation=None, now=now), at=now
        )
        for reader, heard in (
            (AnonymousUser(), [dark]),
            (bob, [dark]),
            (alice, [hidden, dark]),
            (admin, [hidden, dark]),
        ):
            ear = ear_for(reader, QueryDict())
            assert [told.event for told in sight.told([hidden, dark], [ear], at=now)[ear]] == heard

    @pytest.mark.parametrize(
        ("terms", "hears"), [("site_id=kpno", True), ("site_id=lsc", False), ("instrument_id=roboao", True)]
    )
    def test_terms_of_lists_narrow_what_is_heard_of_products(self, observation, now, alice, terms, hears):
        product = make_product("bright", "done", observation=observation, now=now)
        event = products.record_outcome(EventName.PRODUCT_DONE, product, at=now)
        ear = ear_for(alice, QueryDict(terms))
        assert bool(sight.told([event], [ear], at=now)[ear]) is hears
