"""/observations/: who sees which, what is told of each, whose every byte it is, and what staff may do."""

import csv
import json
from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from archive.api import observation_examples
from archive.enums import ProductKind, ProductState, RelationKind
from archive.models import (
    Frame,
    Observation,
    Product,
    ProductAttempt,
    ProductCancellation,
    ProductFile,
    Relation,
    StoredObject,
)
from tests.factories import AO_OBSERVED_AT, AOFactory

pytestmark = pytest.mark.django_db
NEVER = None
LIST = "/observations/"


def address(observation, *parts: str) -> str:
    return "/".join((f"/observations/{observation.name}", *parts))


def names(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["name"] for row in response.json()["results"]]


def whole(ao: AOFactory, **changes) -> Observation:
    """An observation with all that a bright star gets."""
    observation = ao.observation(**changes)
    raws = [ao.raw_file(observation, file_number=number) for number in (0, 1)]
    bright = ao.product(
        observation, kind=ProductKind.BRIGHT, inputs=[{"name": "a", "role": "raw", "sha256": "b", "object": 1}]
    )
    stack = ao.file(bright, "stack", basename=f"{observation.name}_100p", content=f"stack of {observation}".encode())
    ao.file(bright, "frames", filename=f"{observation.name}_frames.csv", content=b"frame,y_px,x_px\n0,1.5,2\n")
    ProductAttempt.objects.create(product=bright, lease=1, worker="ao1", started_at=AO_OBSERVED_AT)
    ao.strehl(ao.product(observation, kind=ProductKind.BRIGHT_STREHL))
    preview = ao.product(observation, kind=ProductKind.BRIGHT_PREVIEW)
    for role in ("full", "cropped", "product"):
        ao.file(preview, role)
    ao.product(observation, kind=ProductKind.FAINT, state=ProductState.FAILED)
    assert stack.version
    for raw in raws:
        Relation.objects.create(source=raw.frame, derived=stack.version.frame, kind=RelationKind.RAW_OF)
    return observation


@pytest.fixture
def hidden(ao) -> Observation:
    return whole(ao, public_date=NEVER)


class TestWhoSeesIt:
    def addresses(self, observation) -> list[str]:
        files = [
            address(observation, "products", kind, role)
            for kind, role in Product.objects.filter(files__isnull=False).values_list("kind", "files__role")
        ]
        assert len(files) == 5
        return [address(observation, ""), *files]

    def test_nobody_and_strangers_are_told_that_there_is_none(self, hidden, api, bob):
        missing = Counter()
        for user in (None, bob):
            for where in self.addresses(hidden):
                for method in ("get", "head"):
                    response = getattr(api(user), method)(where)
                    missing[response.status_code] += 1
                    assert response.content == getattr(api(user), method)(where.replace(hidden.name, "4_x")).content
            assert hidden.name not in api(user).get(LIST).content.decode()
        assert missing == {404: 24}

    def test_members_holders_of_all_programmes_and_superusers_see_all_of_it(self, hidden, api, alice, erin, admin):
        for user in (alice, erin, admin):
            assert [api(user).get(where).status_code for where in self.addresses(hidden)] == [200] * 6
            assert names(api(user).get(LIST)) == [hidden.name]

    def test_it_is_everybody_s_from_its_public_date_on(self, ao, api, bob):
        now = timezone.now()
        later, come = (whole(ao, public_date=now + timedelta(days=days)) for days in (1, -1))
        assert names(api(bob).get(LIST)) == names(api(None).get(LIST)) == [come.name]
        assert [api(None).get(address(each, "")).status_code for each in (later, come)] == [404, 200]

    def test_a_member_who_was_deactivated_is_out_at_once(self, hidden, api, alice):
        client = api(alice)
        User.objects.filter(pk=alice.pk).update(is_active=False)
        assert [client.get(where).status_code for where in (LIST, *self.addresses(hidden))] == [401] * 7

    def test_a_frame_that_is_hidden_by_itself_is_hidden_here_too(self, ao, api, alice, bob):
        observation = whole(ao)
        Frame.objects.update(public_date=NEVER)
        stack = address(observation, "products", "bright", "stack")
        assert [api(user).get(stack).status_code for user in (None, bob, alice)] == [404, 404, 200]
        told = api(bob).get(address(observation, "")).json()
        assert (told["raw_files"], told["relations"]) == ([], [])
        assert [file["role"] for file in told["products"][0]["files"]] == ["frames"]

    def test_names_that_no_database_keeps_are_not_found(self, ao, api):
        observation = whole(ao)
        for where in ("/observations/a%00b/", address(observation, "products", "bright", "a%00b")):
            assert api(None).get(where).status_code == 404


class TestEmbargoesThatChange:
    """Who may see the raw files decides over all that was made of them, also when that changes afterwards."""

    NAME = "4_351_Yrsa_VIC_Si_o_20160925_110427.040912"

    @pytest.fixture
    def observation(self, ao) -> Observation:
        """One that came in through the door of frames, and was reduced."""
        public = {"proposal_id": "PROP001", "public_date": AO_OBSERVED_AT, "extension": ".fits.bz2"}
        ao.frames(basename=self.NAME, **public)
        ao.frames(basename=f"{self.NAME}_0", **public)
        observation = Observation.objects.get(name=self.NAME)
        ao.file(ao.product(observation), "stack", basename=f"{self.NAME}_100p")
        ao.frames(basename="4_351_Yrsa_VIC_Si_o_20160925_120000.000000_100p", public_date=AO_OBSERVED_AT)
        return observation

    def codes(self, client, observation):
        stack = Frame.objects.get(basename=f"{self.NAME}_100p").pk
        addresses = (
            address(observation, ""),
            address(observation, "products", "bright", "stack"),
            f"/frames/{stack}/",
            f"/frames/{stack}/download/",
        )
        return {client.get(where).status_code for where in addresses}

    def test_a_later_public_date_hides_stacks_too_and_an_earlier_one_shows_them(
        self, observation, api, bob, alice, admin
    ):
        raw = Frame.objects.get(basename=f"{self.NAME}_0").pk
        for date, code in (("2099-01-01T00:00:00Z", 404), (None, 404), ("2016-10-01T00:00:00Z", 200)):
            assert api(admin).patch(f"/frames/{raw}/", {"public_date": date}, format="json").status_code == 200
            assert self.codes(api(bob), observation) == {code}
            assert self.codes(api(alice), observation) == {200}

    def test_another_programme_takes_its_stacks_along(self, observation, api, alice, admin):
        for name in (self.NAME, f"{self.NAME}_0"):
            raw = Frame.objects.get(basename=name).pk
            moved = {"public_date": None, "proposal_id": "P2"}
            assert api(admin).patch(f"/frames/{raw}/", moved, format="json").status_code == 200
        assert self.codes(api(alice), observation) == {404}

    def test_stacks_of_others_stay_as_they_are(self, observation, api, admin):
        raw = Frame.objects.get(basename=self.NAME).pk
        api(admin).patch(f"/frames/{raw}/", {"public_date": None}, format="json")
        assert Frame.objects.get(basename__endswith="120000.000000_100p").public_date == AO_OBSERVED_AT


class TestFiles:
    def content(self, response) -> bytes:
        assert response.status_code in {200, 206}, response.content
        return b"".join(response)

    def test_every_file_is_there_by_its_address_and_by_its_link(self, hidden, api, alice):
        told = api(alice).get(address(hidden, "")).json()
        files = [file for product in told["products"] for file in product["files"]]
        assert sorted(file["role"] for file in files) == ["cropped", "frames", "full", "product", "stack"]
        for file in files:
            bytes_ = self.content(api(alice).get(file["address"]))
            assert len(bytes_) == file["size_bytes"]
            assert self.content(api(None).get(file["url"])) == bytes_, "a link is for whoever has it"

    def test_a_frame_s_bytes_and_others_come_with_their_names_and_types(self, hidden, api, alice):
        stack = api(alice).get(address(hidden, "products", "bright", "stack"))
        assert self.content(stack) == f"stack of {hidden}".encode()
        assert stack["Content-Type"] == "image/fits"
        assert stack["Content-Disposition"] == f"attachment; filename={hidden.name}_100p.fits"
        table = api(alice).get(address(hidden, "products", "bright", "frames"))
        assert table["Content-Type"].startswith("text/csv")
        assert list(csv.reader(self.content(table).decode().splitlines()))[1] == ["0", "1.5", "2"]

    def test_ranges_resume_and_what_is_held_is_not_sent_again(self, hidden, api, alice):
        where = address(hidden, "products", "bright", "frames")
        part = api(alice).get(where, headers={"range": "bytes=6-9"})
        assert (part.status_code, self.content(part)) == (206, b"y_px")
        head = api(alice).head(where)
        assert (head.status_code, head["Content-Length"]) == (200, "24")
        assert api(alice).get(where, headers={"if-none-match": head["ETag"]}).status_code == 304
        assert api(alice).get(where, headers={"accept": "application/fits"}).status_code == 200

    def test_a_role_or_kind_that_there_is_none_of_is_404(self, hidden, api, alice):
        for kind, role in (("bright", "stack50"), ("faint", "stack"), ("no-kind", "stack"), ("dark", "master")):
            assert api(alice).get(address(hidden, "products", kind, role)).status_code == 404

    def test_damaged_bytes_are_refused_and_not_linked(self, hidden, api, alice):
        StoredObject.objects.update(fault="its MD5 is another", verified_at=None)
        assert api(alice).get(address(hidden, "products", "bright", "stack")).status_code == 409
        told = api(alice).get(address(hidden, "")).json()
        assert [product["files"] for product in told["products"]] == [[]] * 4
        assert told["previews"] == []

    def test_a_product_that_lost_its_place_gives_nothing(self, hidden, api, alice):
        Product.objects.filter(kind="bright").update(is_current=False)
        assert api(alice).get(address(hidden, "products", "bright", "stack")).status_code == 404


class TestWhatIsTold:
    def test_a_list_tells_states_strehl_ratios_and_previews(self, hidden, ao, api, alice):
        for minutes, width in ((-30, 1.0), (10, 1.4), (300, 2.4)):
            ao.seeing(observed_at=hidden.observed_at + timedelta(minutes=minutes), fwhm_arcsec=width)
        (row,) = api(alice).get(LIST).json()["results"]
        assert (row["name"], row["night"], row["alternative_names"]) == (hidden.name, "2016-09-25", [])
        assert (row["ra_deg"], row["dec_deg"]) == pytest.approx((300.0, 20.0))
        assert [(each["kind"], each["state"]) for each in row["products"]] == [
            ("bright", "done"),
            ("faint", "failed"),
            ("bright-strehl", "done"),
            ("bright-preview", "done"),
        ]
        assert row["products"][1]["error"] == "no star was found in the image."
        assert [(each["kind"], each["strehl_ratio"], each["flag"]) for each in row["strehl"]] == [
            ("bright-strehl", 0.18, "OK")
        ]
        assert [each["role"] for each in row["previews"]] == ["cropped", "full"]
        assert b"".join(api(None).get(row["previews"][1]["url"])).startswith(b"full")
        assert (row["seeing"]["n"], row["seeing"]["median_arcsec"], row["seeing"]["nearest_arcsec"]) == (3, 1.4, 1.4)
        assert row["seeing"]["mean_arcsec"] == pytest.approx(1.6)
        assert row["address"] == f"http://testserver/observations/{hidden.name}/"

    def test_one_observation_tells_its_raw_files_and_relations(self, hidden, api, alice):
        told = api(alice).get(address(hidden, "")).json()
        assert [(raw["file_number"], raw["basename"]) for raw in told["raw_files"]] == [
            (0, hidden.name),
            (1, f"{hidden.name}_0"),
        ]
        assert told["raw_files"][0]["filename"] == f"{hidden.name}.fits.bz2"
        assert b"".join(api(None).get(told["raw_files"][0]["url"]))
        stack = Frame.objects.get(basename=f"{hidden.name}_100p")
        assert [(each["source_name"], each["kind"], each["derived"]) for each in told["relations"]] == [
            (raw["basename"], "raw-of", stack.pk) for raw in told["raw_files"]
        ]
        bright = told["products"][0]
        assert bright["inputs"] == [{"name": "a", "role": "raw", "sha256": "b"}]
        assert [file["frame"] for file in bright["files"]] == [None, stack.pk]

    def test_a_stale_product_is_not_told_of(self, ao, api):
        observation = ao.observation()
        old = ao.product(observation, state=ProductState.STALE)
        ao.strehl(ao.product(observation, kind=ProductKind.BRIGHT_STREHL, state=ProductState.STALE))
        ao.product(observation, state=ProductState.PENDING, reason="waits for a dark")
        told = api(None).get(address(observation, "")).json()
        assert [(each["state"], each["reason"]) for each in told["products"]] == [("pending", "waits for a dark")]
        assert (told["strehl"], old.is_current) == ([], False)

    def test_attempts_are_told_to_staff_alone(self, hidden, api, alice, admin):
        ProductAttempt.objects.update(forced_by="admin", forced_reason="again")
        where = address(hidden, "")
        attempts = [each["history"] for each in api(admin).get(where).json()["products"]]
        assert [(each["forced_by"], each["forced_reason"]) for each in attempts[0]] == [("admin", "again")]
        assert attempts[1:] == [[], [], []]
        assert all("history" not in each for each in api(alice).get(where).json()["products"])

    def test_an_observation_that_nothing_is_known_of_has_nulls(self, ao, api):
        bare = ao.observation(ra_deg=None, exposure_time=None, magnitude=None, signal_class="")
        (row,) = api(None).get(LIST).json()["results"]
        assert [row[name] for name in ("ra_deg", "dec_deg", "exposure_time", "magnitude")] == [None] * 4
        assert (row["products"], row["strehl"], row["previews"], row["seeing"]["median_arcsec"]) == ([], [], [], None)
        assert bare.position is None

    def test_answers_have_the_keys_of_the_examples(self, hidden, api, admin):
        row, example = api(admin).get(LIST).json()["results"][0], observation_examples.OBSERVATION
        assert shape(row) == shape(example)
        told, example = api(admin).get(address(hidden, "")).json(), observation_examples.REDUCTION
        assert shape(told) == shape(example)


def shape(value, path=""):
    """Names of all keys, whatever is in them; of a list those of its first item. Values of the pipeline are its own."""
    if isinstance(value, dict) and path.rpartition(".")[2] not in {"parameters", "values"}:
        return {name: shape(each, f"{path}.{name}") for name, each in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [shape(value[0], path)]
    return None


class TestPages:
    def test_pages_follow_each_other_in_every_order_and_style(self, ao, api):
        for number in range(7):
            magnitude = None if number % 3 == 0 else 10.0 + number % 2
            ao.observation(magnitude=magnitude, target_name=f"T{number % 2}")
        everything = {row.name for row in Observation.objects.all()}
        for ordering in ("", "name", "-magnitude", "magnitude,-target_name", "-observed_at", "signal_class"):
            for style in ("", "&pagination_style=cursor"):
                where, walked = f"{LIST}?ordering={ordering}{style}&limit=3", []
                while where:
                    page = api(None).get(where).json()
                    walked += [row["name"] for row in page["results"]]
                    where = page["next"]
                assert (len(walked), set(walked)) == (7, everything), (ordering, style)
                assert walked == names(api(None).get(f"{LIST}?ordering={ordering}&limit=100"))

    def test_newest_come_first_and_are_counted(self, ao, api):
        made = [ao.observation().name for _ in range(3)]
        answer = api(None).get(f"{LIST}?limit=2").json()
        assert ([row["name"] for row in answer["results"]], answer["count"]) == (made[::-1][:2], 3)
        assert names(api(None).get(answer["next"])) == made[:1]

    def test_a_full_page_costs_no_more_statements_than_a_small_one(self, ao, api, alice):
        def cost(where: str) -> int:
            with CaptureQueriesContext(connection) as asked:
                assert api(alice).get(where).status_code == 200
            return len(asked)

        first = whole(ao, public_date=NEVER)
        ao.seeing()
        terms = "done=bright&strehl_min=0.1&target_name=yrsa&cone=300,20,1&proposal_id=PROP001"
        addresses = (LIST, f"{LIST}?{terms}", address(first, ""))
        before = [cost(where) for where in addresses]
        for _ in range(3):
            whole(ao, public_date=NEVER)
        # Whose the token is, their profile, the page, seeing, products, Strehl ratios, previews; of one observation
        # also its products whole, their files, its raw files, their versions, relations.
        assert before == [cost(where) for where in addresses] == [7, 7, 12]


class TestStaff:
    def redo(self, user, api, observation, **sent):
        return api(user).post(address(observation, "redo", ""), {"kind": "faint", "reason": "better flat", **sent})

    @pytest.fixture
    def staff(self, alice):
        """A member of the programme who is staff."""
        User.objects.filter(pk=alice.pk).update(is_staff=True)
        return alice

    def test_staff_has_a_product_made_again(self, hidden, api, staff):
        answer = self.redo(staff, api, hidden)
        assert answer.status_code == 202, answer.content
        told = answer.json()
        assert (told["kind"], told["state"], told["error"], told["attempts"]) == ("faint", "pending", "", 0)
        product = Product.objects.get(kind="faint")
        assert (product.forced_by, product.forced_reason) == ("alice", "better flat")
        assert shape(told) == shape(observation_examples.PRODUCT | {"files": [], "history": [], "inputs": []})

    def test_also_a_product_that_is_not_made_by_itself(self, hidden, api, admin):
        assert self.redo(admin, api, hidden, kind="planetary").status_code == 202
        made = Product.objects.get(kind="planetary")
        assert (made.observation, made.state, made.forced_by) == (hidden, "pending", "admin")

    def test_what_is_being_made_is_left_alone(self, hidden, api, staff):
        Product.objects.filter(kind="faint").update(state=ProductState.RUNNING, lease_until=timezone.now())
        assert self.redo(staff, api, hidden).status_code == 409

    @pytest.mark.parametrize("kind", ["dark", "flat", "seeing", "no-kind", "", 7])
    def test_kinds_that_observations_do_not_have_are_refused(self, hidden, api, staff, kind):
        assert self.redo(staff, api, hidden, kind=kind).status_code == 400

    @pytest.mark.parametrize("reason", ["", "   ", "a\0b", "x" * 1001, None])
    def test_a_reason_is_wanted(self, hidden, api, staff, reason):
        assert self.redo(staff, api, hidden, reason=reason).status_code == 400

    def test_readers_are_refused_and_learn_nothing_by_it(self, hidden, api, alice, erin, bob):
        for user in (alice, erin, bob):
            refused = self.redo(user, api, hidden)
            assert refused.status_code == 403
            there_is_none = api(user).post("/observations/none/redo/", {"kind": "faint", "reason": "?"})
            assert refused.content == there_is_none.content
            assert api(user).patch(address(hidden, ""), {"comment": "!"}).status_code == 403
        assert self.redo(None, api, hidden).status_code == 401
        assert not Product.objects.exclude(forced_by="").exists()

    def test_staff_that_may_not_see_it_is_told_that_there_is_none(self, hidden, api, bob):
        User.objects.filter(pk=bob.pk).update(is_staff=True)
        assert self.redo(bob, api, hidden).status_code == 404
        assert api(bob).patch(address(hidden, ""), {"comment": "!"}).status_code == 404
        assert Observation.objects.get().comment == ""

    def test_staff_cancels_what_waits_and_nobody_else_may(self, hidden, api, staff, bob, erin):
        def cancel(user, **sent):
            return api(user).post(address(hidden, "cancel", ""), {"kind": "faint", "reason": "bad flat", **sent})

        for user in (bob, erin):
            assert cancel(user).status_code == 403
        assert cancel(None).status_code == 401
        User.objects.filter(pk=bob.pk).update(is_staff=True)
        assert cancel(bob).status_code == 404
        assert cancel(staff).status_code == 409  # it is done
        Product.objects.filter(kind="faint").update(state=ProductState.PENDING)
        ProductFile.objects.filter(product__kind="faint").delete()
        assert cancel(staff, reason=" ").status_code == 400
        assert cancel(staff, kind="planetary").status_code == 404
        assert not ProductCancellation.objects.exists()
        told = cancel(staff)
        assert told.status_code == 200, told.content
        assert (told.json()["state"], told.json()["reason"]) == ("skipped", "It was cancelled: bad flat")
        assert ProductCancellation.objects.get().cancelled_by == "alice"
        assert cancel(staff).status_code == 409

    def test_staff_says_other_names_and_a_comment(self, hidden, api, staff):
        before = Observation.objects.get().modified_at
        sent = {"alternative_names": ["Yrsa", "A 351", "Yrsa"], "comment": "passes a star"}
        told = api(staff).patch(address(hidden, ""), sent).json()
        assert (told["alternative_names"], told["comment"]) == (["Yrsa", "A 351"], "passes a star")
        kept = Observation.objects.get()
        assert (kept.alternative_names, kept.comment) == (["Yrsa", "A 351"], "passes a star")
        assert kept.modified_at > before
        assert api(staff).patch(address(hidden, ""), {"comment": ""}).json()["alternative_names"] == ["Yrsa", "A 351"]
        assert names(api(staff).get(f"{LIST}?target_name=a%20351")) == [hidden.name]

    @pytest.mark.parametrize(
        "sent",
        [
            {"proposal_id": "*"},
            {"public_date": "2000-01-01", "comment": "x"},
            {"alternative_names": "Yrsa"},
            {"alternative_names": [""]},
            {"alternative_names": ["x" * 201]},
            {"alternative_names": ["a\0"]},
            {"alternative_names": None},
            {"comment": "x" * 10_001},
            {"comment": None},
            ["comment"],
            "comment",
        ],
    )
    def test_nothing_else_can_be_changed(self, hidden, api, staff, sent):
        refused = api(staff).patch(address(hidden, ""), json.dumps(sent), content_type="application/json")
        assert refused.status_code == 400, refused.content
        kept = Observation.objects.get()
        assert (kept.proposal_id, kept.public_date, kept.comment, kept.alternative_names) == ("PROP001", NEVER, "", [])
