"""The PSF library: who sees and changes it, what of it is kept, and which products a change touches."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.api import contrast_examples
from archive.domain import psf_library
from archive.enums import ProductKind, ProductState
from archive.errors import ConflictError, UsageError
from archive.models import Product, PsfLibraryVersion, PsfMember
from tests.archive.test_observations_api import shape
from tests.archive.test_quality_api import read_csv
from tests.factories import AO_OBSERVED_AT

pytestmark = pytest.mark.django_db
LIBRARY = "/psf-library/"
NIGHT = AO_OBSERVED_AT.date()


@pytest.fixture
def carol(bob):
    """Staff who holds no programme."""
    bob.is_staff = True
    bob.save()
    return bob


@pytest.fixture
def star(ao):
    observation = ao.observation(target_name="HD_1")
    ao.candidate(observation)
    return observation


def add(observation, at=AO_OBSERVED_AT):
    return psf_library.add(observation=observation, by="carol", reason="round", at=at)


def remove(observation, at):
    return psf_library.remove(observation=observation, by="carol", reason="double", at=at)


class TestMembership:
    def test_adding_twice_is_adding_once(self, star):
        member = add(star)
        assert add(star, AO_OBSERVED_AT + timedelta(days=1)) == member
        assert PsfMember.objects.count() == PsfLibraryVersion.objects.count() == 1

    def test_a_star_that_was_not_cut_out_can_not_be_added(self, ao):
        with pytest.raises(ConflictError, match="has not been cut out"):
            add(ao.observation())
        assert not PsfMember.objects.exists()

    def test_nobody_changes_it_namelessly(self, star):
        with pytest.raises(UsageError):
            psf_library.add(observation=star, by=" ", reason="", at=AO_OBSERVED_AT)

    def test_a_newer_image_takes_the_place_of_the_older_one(self, ao, star):
        add(star)
        Product.objects.filter(kind=ProductKind.BRIGHT_PSF).update(is_current=False, state=ProductState.STALE)
        ao.candidate(star)
        newer = add(star, AO_OBSERVED_AT + timedelta(days=1))
        older = PsfMember.objects.get(removed_at__isnull=False)
        assert (older.removed_by, older.removed_at) == ("carol", newer.added_at)
        assert older.sha256 != newer.sha256

    def test_the_same_content_has_the_same_name_however_it_came_about(self, ao, star):
        shelf = psf_library.Shelf.of(star)
        empty = psf_library.name_of(shelf)
        add(star)
        one = psf_library.name_of(shelf)
        other = ao.observation(target_name="HD_2")
        ao.candidate(other)
        add(other)
        assert len({empty, one, psf_library.name_of(shelf)}) == 3
        remove(other, AO_OBSERVED_AT + timedelta(days=1))
        assert psf_library.name_of(shelf) == one
        assert PsfLibraryVersion.objects.get(pk=one).members == [PsfMember.objects.get(removed_at=None).sha256]
        remove(star, AO_OBSERVED_AT + timedelta(days=2))
        assert psf_library.name_of(shelf) == empty

    def test_images_of_other_filters_are_another_shelf(self, ao, star):
        other = ao.observation(primary_optical_element="Sz")
        ao.candidate(other)
        before = psf_library.name_of(psf_library.Shelf.of(star))
        add(other)
        assert psf_library.name_of(psf_library.Shelf.of(star)) == before


class TestProducts:
    def test_what_was_skipped_for_want_of_references_is_planned_again(self, ao, star):
        kinds = {"kind": ProductKind.BRIGHT_PCA, "state": ProductState.SKIPPED, "fingerprint": ""}
        waiting = ao.product(ao.observation(), **kinds)
        of_another_filter = ao.product(ao.observation(primary_optical_element="Sz"), **kinds)
        add(star)
        waiting.refresh_from_db()
        of_another_filter.refresh_from_db()
        assert (waiting.state, of_another_filter.state) == ("pending", "skipped")

    def test_a_night_is_made_anew_but_for_what_is_being_made(self, ao, star):
        done = ao.product(star, kind=ProductKind.BRIGHT_PCA, lease=1)
        busy = ao.product(ao.observation(), kind=ProductKind.FAINT_PCA, state=ProductState.RUNNING)
        assert psf_library.make_anew(night=NIGHT, by="carol", reason="more stars", at=AO_OBSERVED_AT) == 1
        done.refresh_from_db()
        busy.refresh_from_db()
        assert (done.state, done.is_current, busy.state) == ("stale", False, "running")
        new = Product.objects.get(observation=star, kind=ProductKind.BRIGHT_PCA, is_current=True)
        assert (new.state, new.inputs, new.forced_by, new.forced_reason) == ("pending", [], "carol", "more stars")
        with pytest.raises(UsageError):
            psf_library.make_anew(night=NIGHT, by="carol", reason="", at=AO_OBSERVED_AT)


class TestWhoMayWhat:
    def test_staff_adds_and_removes_what_it_may_see(self, api, star, carol, ao):
        sent = {"observation": star.name, "reason": "round"}
        answer = api(carol).post(LIBRARY, sent, format="json")
        assert (answer.status_code, answer.json()["in_library"]) == (200, True)
        assert answer.json()["memberships"][0]["added_by"] == carol.username
        hidden = ao.observation(public_date=None, proposal_id="PROP001")
        ao.candidate(hidden)
        assert api(carol).post(LIBRARY, {"observation": hidden.name}, format="json").status_code == 404
        assert api(carol).delete(f"{LIBRARY}{hidden.name}/").status_code == 404
        assert api(carol).delete(f"{LIBRARY}{star.name}/", {"reason": "double"}, format="json").status_code == 204
        assert api(carol).delete(f"{LIBRARY}{star.name}/").status_code == 404
        assert PsfMember.objects.get().removed_reason == "double"

    def test_others_read_what_they_may_see_and_change_nothing(self, api, star, alice, ao):
        add(star)
        hidden = ao.observation(public_date=None, proposal_id="ELSEWHERE")
        ao.candidate(hidden)
        for user in (None, alice):
            listed = api(user).get(LIBRARY).json()
            assert [row["observation"] for row in listed["results"]] == [star.name]
            assert "memberships" not in api(user).get(f"{LIBRARY}{star.name}/").json()
            assert api(user).get(f"{LIBRARY}{hidden.name}/").status_code == 404
        assert api(alice).post(LIBRARY, {"observation": star.name}, format="json").status_code == 403
        assert api(alice).delete(f"{LIBRARY}{star.name}/").status_code == 403
        assert api(alice).post(f"/nights/{NIGHT}/subtract-anew/", {"reason": "x"}, format="json").status_code == 403
        assert PsfMember.objects.filter(removed_at=None).count() == 1

    def test_a_version_names_only_stars_that_the_reader_may_see(self, api, star, alice, admin, ao):
        hidden = ao.observation(public_date=None, proposal_id="ELSEWHERE")
        ao.candidate(hidden)
        add(star)
        add(hidden)
        version = psf_library.name_of(psf_library.Shelf.of(star))
        told = api(alice).get(f"{LIBRARY}versions/{version}/")
        assert shape(told.json()) == shape(contrast_examples.LIBRARY_VERSION)
        assert {row["observation"] for row in told.json()["members"]} == {star.name, None}
        assert hidden.name not in told.content.decode()
        seen = api(admin).get(f"{LIBRARY}versions/{version}/").json()["members"]
        assert {row["observation"] for row in seen} == {star.name, hidden.name}
        assert api(admin).get(f"{LIBRARY}versions/{'f' * 64}/").status_code == 404

    def test_a_night_is_made_anew_by_staff_with_a_reason(self, api, star, carol, ao):
        ao.product(star, kind=ProductKind.BRIGHT_PCA)
        address = f"/nights/{NIGHT}/subtract-anew/"
        answer = api(carol).post(address, {"reason": "more stars"}, format="json")
        assert (answer.status_code, answer.json()) == (202, {"night": NIGHT.isoformat(), "n_products": 1})
        assert api(carol).post(address, {}, format="json").status_code == 400

    def test_options_tell_what_is_to_be_sent(self, api, carol):
        answer = api(carol).options(LIBRARY)
        assert (answer.status_code, set(answer.json()["actions"]["POST"])) == (200, {"observation", "reason"})


class TestList:
    def test_each_term_keeps_what_it_says(self, api, ao, star):
        add(star)
        Product.objects.filter(observation=star).update(is_current=False, state=ProductState.STALE)
        ao.candidate(star)
        other = ao.observation(target_name="HD_2", observed_at=AO_OBSERVED_AT + timedelta(days=1), camera="IR")
        ao.candidate(other)
        for terms, expected in [
            ("in_library=true", [star]),
            ("in_library=false", [other]),
            ("outdated=true", [star]),
            ("outdated=false", []),
            ("night_min=2016-09-26", [other]),
            ("camera=IR", [other]),
            ("", [other, star]),
        ]:
            rows = api(None).get(f"{LIBRARY}?{terms}").json()["results"]
            assert [row["observation"] for row in rows] == [each.name for each in expected], terms
        assert api(None).get(f"{LIBRARY}?outdated=true").json()["results"][0]["is_outdated"] is True

    def test_what_is_neither_true_nor_false_is_refused(self, api, star):
        answer = api(None).get(f"{LIBRARY}?in_library=maybe")
        assert (answer.status_code, answer.json()) == (400, {"in_library": ["Must be true or false."]})

    def test_a_candidate_tells_what_speaks_against_it(self, api, ao, star):
        ao.strehl(ao.product(star, kind=ProductKind.BRIGHT_STREHL), warnings=["companion"])
        ao.companion(ao.product(star, kind=ProductKind.BRIGHT_PCA))
        (row,) = api(None).get(LIBRARY).json()["results"]
        assert shape(row) == shape(contrast_examples.CANDIDATE)
        assert (row["companion_count"], row["warnings"], row["strehl_ratio"]) == (1, ["companion"], 0.18)

    def test_statements_do_not_grow_with_rows(self, api, ao):
        def statements(number):
            for _ in range(number):
                ao.candidate(ao.observation())
            with CaptureQueriesContext(
                connection,
            ) as found:
                assert api(None).get(LIBRARY).status_code == 200
            return len(found)

        assert statements(1) == statements(5)


class TestTables:
    def test_limits_and_companions_obey_the_rule_as_json_and_csv(self, api, ao, alice, star):
        hidden = ao.observation(public_date=None, proposal_id="ELSEWHERE")
        for observation in (star, hidden):
            product = ao.product(observation, kind=ProductKind.BRIGHT_PCA)
            ao.contrast(product)
            ao.companion(product)
        for name, example in (
            ("contrast", contrast_examples.CONTRAST_ROW),
            ("companions", contrast_examples.COMPANION_ROW),
        ):
            (row,) = api(alice).get(f"/quality/{name}/").json()["results"]
            assert set(row) == set(example)
            assert row["observation"] == star.name
            (line,) = read_csv(api(None).get(f"/quality/{name}/?format=csv"))
            assert line["observation"] == star.name

    @pytest.mark.parametrize(
        ("address", "n"),
        [
            ("contrast/?limit_0p5_min=4", 1),
            ("contrast/?limit_0p5_min=5", 0),
            ("contrast/?kind=faint-pca", 0),
            ("companions/?separation_min=0.5&separation_max=1", 1),
            ("companions/?delta_mag_min=3", 0),
            ("companions/?t_min=5&target_name=HD_1", 1),
        ],
    )
    def test_terms(self, api, ao, star, address, n):
        product = ao.product(star, kind=ProductKind.BRIGHT_PCA)
        ao.contrast(product)
        ao.companion(product)
        assert api(None).get(f"/quality/{address}").json()["count"] == n


class TestCommand:
    def run(self, *args):
        out = StringIO()
        call_command("psf_library", *args, stdout=out)
        return out.getvalue()

    def test_a_night_is_added_without_its_double_stars(self, ao, star):
        double = ao.observation(target_name="double")
        ao.candidate(double)
        ao.strehl(ao.product(double, kind=ProductKind.BRIGHT_STREHL), warnings=["companion"])
        assert "1 stars are in" in self.run("add", "--night", NIGHT.isoformat())
        listed = self.run("list")
        assert f"{star.name}: in the library" in listed
        assert f"{double.name}: not in the library, Strehl 18.0 %, has a companion" in listed
        assert "1 stars were taken out" in self.run("remove", star.name)

    @pytest.mark.parametrize(
        ("args", "says"),
        [
            (["add"], "Name observations, or give --night"),
            (["add", "nobody"], "There is no observation nobody"),
            (["rerun", "--night", "2016-09-31", "--reason", "x"], "write it as 2016-09-25"),
        ],
    )
    def test_a_mistake_is_told_in_plain_words(self, args, says):
        with pytest.raises(CommandError, match=says):
            self.run(*args)
