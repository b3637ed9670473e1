"""/nights/: what each reader sees of a night, what failed and why, its seeing, and how far it is."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.api import observation_examples
from archive.api.observation_examples import PLOT
from archive.enums import PLOTS_OF_NIGHT, ProductKind, ProductState, SignalClass
from archive.models import Frame, Observation
from tests.archive.test_observations_api import shape
from tests.factories import AO_OBSERVED_AT

pytestmark = pytest.mark.django_db
NEVER = None
NIGHT = "2016-09-25"


@pytest.fixture
def night(ao):
    """A night of two programmes, PROP001 not public, with seeing, a dark and failures; and the night before."""
    first = ao.observation(public_date=NEVER, target_name="first")
    ao.product(first)
    ao.product(first, kind=ProductKind.FAINT, state=ProductState.FAILED)
    ao.observation(public_date=NEVER, target_name="second", signal_class=SignalClass.FAINT)
    shown = ao.observation(proposal_id="P2", target_name="shown")
    ao.product(shown)
    ao.product(shown, kind=ProductKind.FAINT, state=ProductState.PENDING)
    ao.product(shown, kind=ProductKind.BRIGHT, state=ProductState.STALE)
    for number, width in enumerate((1.0, 1.4, 2.4)):
        made = ao.seeing(observed_at=AO_OBSERVED_AT + timedelta(hours=number), fwhm_arcsec=width)
        ao.file(made.product, "fit")
    dark = ao.product(kind=ProductKind.DARK, subject="dark_1", inputs=[{"name": "a", "role": "raw", "sha256": "b"}])
    ao.file(dark, "master")
    ao.product(kind=ProductKind.FLAT, subject="flat_Si", state=ProductState.FAILED)
    ao.observation(observed_at=AO_OBSERVED_AT - timedelta(days=1), proposal_id="P2", target_name="before")
    return AO_OBSERVED_AT.date()


def listed(api, user, terms="") -> list[tuple[str, int, dict[str, Counter[str]]]]:
    answer = api(user).get(f"/nights/{terms}")
    assert answer.status_code == 200, answer.content
    return [
        (row["night"], row["n_observations"], {each["proposal_id"]: each["products"] for each in row["programmes"]})
        for row in answer.json()["results"]
    ]


class TestLists:
    def test_each_reader_counts_what_they_may_see(self, night, api, alice, bob, erin, admin):
        of_p1, of_p2 = {"done": 1, "failed": 1}, {"done": 1, "pending": 1}
        before = ("2016-09-24", 1, {"P2": {}})
        for user in (None, bob):
            assert listed(api, user) == [(NIGHT, 1, {"P2": of_p2}), before]
        for user in (alice, erin, admin):
            assert listed(api, user) == [(NIGHT, 3, {"P2": of_p2, "PROP001": of_p1}), before]

    def test_a_night_of_which_nothing_is_seen_is_not_listed(self, ao, api, alice, bob):
        ao.observation(public_date=NEVER)
        ao.seeing()
        assert (listed(api, bob), len(listed(api, alice))) == ([], 1)
        assert api(bob).get("/nights/").json()["count"] == 0

    def test_classes_and_seeing_are_told(self, night, api, alice):
        row = api(alice).get("/nights/").json()["results"][0]
        (of_p1,) = (each for each in row["programmes"] if each["proposal_id"] == "PROP001")
        assert of_p1["signal_classes"] == {"high_flux": 1, "faint": 1}
        assert (row["seeing"]["n"], row["seeing"]["median_arcsec"]) == (3, 1.4)
        assert shape(row) | {"programmes": None} == shape(observation_examples.NIGHT_SUMMARY) | {"programmes": None}

    @pytest.mark.parametrize(
        ("terms", "nights"),
        [
            ("?night_min=2016-09-25", [NIGHT]),
            ("?night_max=2016-09-24", ["2016-09-24"]),
            ("?proposal_id=P2", [NIGHT, "2016-09-24"]),
            ("?proposal_id=PROP001", [NIGHT]),
            ("?proposal_id=none", []),
            ("?limit=1", [NIGHT]),
            ("?limit=1&offset=1", ["2016-09-24"]),
        ],
    )
    def test_terms_and_pages(self, night, api, alice, terms, nights):
        assert [row[0] for row in listed(api, alice, terms)] == nights

    def test_a_programme_that_is_asked_for_is_counted_alone(self, night, api, alice):
        ((_, n, programmes), _) = listed(api, alice, "?proposal_id=P2")
        assert (n, list(programmes)) == (1, ["P2"])


class TestOneNight:
    def test_observations_come_by_programme_in_the_order_in_which_they_were_made(self, night, api, alice, bob, admin):
        def told(user):
            found = api(user).get(f"/nights/{NIGHT}/").json()["programmes"]
            return {each["proposal_id"]: [row["target_name"] for row in each["observations"]] for each in found}

        assert told(bob) == told(None) == {"P2": ["shown"]}
        assert told(alice) == told(admin) == {"P2": ["shown"], "PROP001": ["first", "second"]}

    def test_failures_are_told_with_their_reasons_to_who_may_see_them(self, night, api, alice, bob):
        def told(user):
            failed = api(user).get(f"/nights/{NIGHT}/").json()["failed"]
            assert {each["error"] for each in failed} == {"no star was found in the image."}
            return [(each["proposal_id"], each["kind"]) for each in failed]

        assert told(bob) == [(None, "flat")]
        assert told(alice) == [("PROP001", "faint"), (None, "flat")]

    @pytest.mark.parametrize("who", ["nobody", "admin"])
    def test_seeing_has_its_numbers_and_links_to_its_figures(self, night, api, admin, who):
        seeing = api(admin if who == "admin" else None).get(f"/nights/{NIGHT}/").json()["seeing"]
        assert (seeing["n"], seeing["median_arcsec"], seeing["mean_arcsec"]) == (3, 1.4, pytest.approx(1.6))
        assert [each["fwhm_arcsec"] for each in seeing["measurements"]] == [1.0, 1.4, 2.4]
        for each in seeing["measurements"]:
            (figure,) = each["files"]
            assert b"".join(api(None).get(figure["url"])).startswith(b"fit")

    def test_masters_are_told_as_far_as_their_frames_are_seen(self, night, api, admin):
        told = api(None).get(f"/nights/{NIGHT}/").json()["calibrations"]
        assert [(each["subject"], each["state"], len(each["files"])) for each in told] == [
            ("dark_1", "done", 1),
            ("flat_Si", "failed", 0),
        ]
        assert b"".join(api(None).get(told[0]["files"][0]["url"])).startswith(b"master")
        Frame.objects.update(public_date=NEVER)
        hidden, shown = (api(user).get(f"/nights/{NIGHT}/").json()["calibrations"][0] for user in (None, admin))
        assert (hidden["files"], len(shown["files"])) == ([], 1)

    def test_plots_are_for_those_who_may_see_every_observation_that_they_show(self, night, ao, api, alice, bob, erin):
        """Alice and erin may see all of PROP001, and P2 is public; the seeing is for everybody."""
        for kind in PLOTS_OF_NIGHT:
            inputs = [{"name": "a", "role": "measured", "sha256": "b"}]
            ao.file(ao.product(kind=kind, subject="night_20160925", inputs=inputs, values=PLOT["values"]), "plot")

        def told(user):
            answer = api(user).get(f"/nights/{NIGHT}/").json()
            assert "night-seeing" not in {each["kind"] for each in answer["calibrations"]}
            assert {len(each["files"]) for each in answer["plots"]} == {1}
            assert shape(answer["plots"]) == shape([PLOT])
            return [each["kind"] for each in answer["plots"]]

        everything = [kind.value for kind in PLOTS_OF_NIGHT]
        assert [told(user) for user in (None, bob)] == [["night-seeing"]] * 2
        assert [told(user) for user in (alice, erin)] == [everything] * 2
        Observation.objects.update(public_date=AO_OBSERVED_AT)
        assert told(None) == everything

    def test_answers_have_the_keys_of_the_example(self, night, api, admin):
        told, example = api(admin).get(f"/nights/{NIGHT}/").json(), observation_examples.NIGHT
        for part in ("seeing", "calibrations", "failed"):
            assert shape(told[part]) == shape(example[part])
        assert told.keys() == example.keys()

    @pytest.mark.parametrize("text", ["2016-09-23", "2016-13-01", "yesterday", "2016-09-25T00:00", "a%00"])
    def test_a_night_that_nothing_is_known_of_is_404(self, night, api, admin, text):
        assert api(admin).get(f"/nights/{text}/").status_code == 404

    def test_a_night_of_hidden_observations_alone_is_404(self, ao, api, bob, alice):
        ao.observation(public_date=NEVER)
        missing = api(bob).get("/nights/1999-01-01/")
        assert (api(bob).get(f"/nights/{NIGHT}/").content, missing.status_code) == (missing.content, 404)
        assert api(alice).get(f"/nights/{NIGHT}/").status_code == 200

    def test_it_costs_the_same_statements_however_many_observations(self, night, ao, api, alice):
        def cost(where):
            with CaptureQueriesContext(connection) as asked:
                assert api(alice).get(where).status_code == 200
            return len(asked)

        addresses = ("/nights/", f"/nights/{NIGHT}/", f"/nights/{NIGHT}/progress/")
        before = [cost(where) for where in addresses]
        for _ in range(3):
            observation = ao.observation(proposal_id="P3")
            ao.file(ao.product(observation, kind=ProductKind.BRIGHT_PREVIEW), "full")
            ao.strehl(ao.product(observation, kind=ProductKind.BRIGHT_STREHL))
        # Whose the token is, their profile, and then: the nights, seeing, observations, products; the observations and
        # four for what lists show of them, products of the night, their files, their measurements; one alone.
        assert before == [cost(where) for where in addresses] == [6, 10, 3]


class TestProgress:
    def told(self, api, user, night=NIGHT):
        answer = api(user).get(f"/nights/{night}/progress/")
        assert answer.status_code == 200
        return answer.json()

    def test_each_reader_counts_products_that_they_may_see(self, night, api, alice, bob, erin, admin):
        for user, total, failed in ((None, 7, 1), (bob, 7, 1), (alice, 9, 2), (erin, 9, 2), (admin, 9, 2)):
            told = self.told(api, user)
            assert (told["total"], told["open"], told["states"]["failed"]) == (total, 1, failed)
        assert told["kinds"]["bright"] == {"done": 2}
        assert told["kinds"]["faint"] == {"failed": 1, "pending": 1}
        assert told["states"] == {"done": 6, "failed": 2, "pending": 1}

    def test_a_night_that_has_not_begun_has_none(self, api):
        assert self.told(api, None, "2016-09-26") == {
            "night": "2016-09-26", "total": 0, "open": 0, "states": {}, "kinds": {},
        }  # fmt: skip
        assert api(None).get("/nights/none/progress/").status_code == 404
