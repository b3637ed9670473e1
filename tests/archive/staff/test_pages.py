"""The pages of staff without a browser: who may see and do what, what each action does, and what it costs."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone
from rest_framework.authtoken.models import Token

from archive.domain import storage_use
from archive.enums import ProductKind, ProductState, ReceivedState
from archive.models import (
    Event,
    ExpiryRule,
    Observation,
    OwnExpiry,
    PipelineSwitch,
    Product,
    ProductCancellation,
    PsfMember,
    QuarantinedFile,
    ReceivedObject,
    ReleaseChange,
    StoredObject,
)
from tests.archive.staff.asking import come, sure, text

pytestmark = pytest.mark.django_db
HIDDEN = datetime(2099, 1, 1, tzinfo=UTC)
PAGES = [
    "/staff/", "/staff/health/", "/staff/ingest/", "/staff/quarantine/", "/staff/pipeline/", "/staff/storage/",
    "/staff/psf-library/", "/staff/people/", "/staff/people/programme/P1/", "/staff/expiry/", "/staff/releases/",
]  # fmt: skip
SUPERUSERS_POST = ["/staff/people/programme/P1/", "/staff/expiry/", "/staff/releases/"]
READ_ONLY = ["/staff/", "/staff/health/", "/staff/people/"]
POSTED = [page for page in PAGES if page not in READ_ONLY]


@pytest.mark.parametrize("path", [*PAGES, "/staff/pipeline/1/"])
def test_nobody_is_asked_to_log_in_and_users_are_refused_in_words(path, alice, programme):
    for method in ("get", "post"):
        nobody = getattr(come(None), method)(path)
        assert (nobody.status_code, nobody["Location"].split("?")[0]) == (302, "/api-auth/login/")
        refused = getattr(come(alice), method)(path)
        assert refused.status_code == 403
        assert "for the archive&#x27;s staff" in text(refused)
        assert programme.title not in text(refused)


@pytest.mark.parametrize("path", PAGES)
def test_staff_and_superusers_see_each_page(path, sam, admin, programme):
    for user in (sam, admin):
        response = come(user).get(path)
        assert response.status_code == 200
        assert response["Cache-Control"] == "private, no-store"
        assert "script-src 'self'" in response["Content-Security-Policy"]


def test_who_was_staff_and_is_deactivated_is_out(sam):
    client = come(sam)
    User.objects.filter(pk=sam.pk).update(is_active=False)
    assert client.get("/staff/").status_code == 302


@pytest.mark.parametrize("path", SUPERUSERS_POST)
def test_what_superusers_alone_may_do_stays_theirs(path, sam, alice, frame_factory, programme):
    frame = frame_factory(public_date=HIDDEN, proposal_id="P1")
    fields = {
        "sure": "yes", "id": alice.pk, "revoke": "", "username": "alice", "add": "", "name": frame.basename,
        "expires_at": "2090-01-01", "what": frame.basename, "public_date": "2020-01-01", "reason": "x",
    }  # fmt: skip
    key = Token.objects.get_or_create(user=alice)[0].key
    response = come(sam).post(path, fields)
    assert response.status_code == 403
    assert "uperusers alone" in text(response)
    frame.refresh_from_db()
    assert frame.public_date == HIDDEN
    assert not programme.members.exists()
    assert not OwnExpiry.objects.exists()
    assert Token.objects.get(user=alice).key == key


@pytest.mark.parametrize("path", POSTED)
def test_each_post_needs_the_token_of_the_form(path, admin, programme):
    assert come(admin, enforce_csrf_checks=True).post(path, {"sure": "yes"}).status_code == 403


@pytest.mark.parametrize("path", READ_ONLY)
def test_pages_without_an_action_take_no_post(path, admin):
    assert come(admin).post(path).status_code == 405


@pytest.mark.parametrize("path", POSTED)
@pytest.mark.parametrize("id", ["", "x", "9" * 40, "987654321"])
def test_a_form_about_nothing_changes_nothing(path, id, admin, programme):  # noqa: A002
    response = come(admin).post(path, {"sure": "yes", "id": id, "reason": "x"}, follow=True)
    assert response.status_code == 200
    assert path == "/staff/storage/" or "Nothing was changed" in text(response)


def waits(**changes):
    return ReceivedObject.objects.create(
        **{"store": "s3", "path": "data/a.fits", "version_id": "1", "heard_at": timezone.now(), **changes}
    )


def test_an_object_that_was_given_up_is_tried_again(sam):
    row = waits(state=ReceivedState.FAILED, attempts=7, reason="the store was away", settled_at=timezone.now())
    client = come(sam)
    assert "the store was away" in text(client.get("/staff/ingest/?state=failed"))
    for said in ("tried again", "waits for its turn already"):
        assert said in text(client.post("/staff/ingest/?state=failed", {"id": row.pk}, follow=True))
        row.refresh_from_db()
        assert (row.state, row.attempts, row.settled_at) == (ReceivedState.WAITING, 0, None)


def test_an_object_that_was_taken_is_left_alone(sam):
    row = waits(state=ReceivedState.TAKEN, settled_at=timezone.now())
    assert "nothing to try again" in text(come(sam).post("/staff/ingest/", {"id": row.pk}, follow=True))


def quarantined(**changes):
    now = timezone.now()
    return QuarantinedFile.objects.create(
        **{
            "filename": "4_x_VIC_Si_o_20161107_030405.678901.fits", "sha256": "a" * 64, "size_bytes": 3,
            "reason": "no such filter", "first_seen_at": now, "last_seen_at": now, **changes,
        }
    )  # fmt: skip


def test_a_file_in_quarantine_is_waved_off_after_a_question(sam):
    file = quarantined()
    client = come(sam)
    assert "no such filter" in text(client.get("/staff/quarantine/"))
    assert "waved off" in text(sure(client, "/staff/quarantine/", id=file.pk, dismiss=""))
    file.refresh_from_db()
    assert file.resolved_at is not None
    assert file.filename not in text(client.get("/staff/quarantine/"))
    assert file.filename in text(client.get("/staff/quarantine/?all=1"))


def test_a_retry_of_quarantine_settles_hears_again_or_says_what_to_do(sam, frame_factory):
    client = come(sam)
    retry = {"retry": ""}
    lost = quarantined()
    assert "Mend the file" in text(client.post("/staff/quarantine/", {"id": lost.pk, **retry}, follow=True))
    row = waits(path=f"data/{lost.filename}", state=ReceivedState.REFUSED, settled_at=timezone.now())
    assert "tried again within" in text(client.post("/staff/quarantine/", {"id": lost.pk, **retry}, follow=True))
    row.refresh_from_db()
    assert row.state == ReceivedState.WAITING
    frame = frame_factory()
    held = frame.versions.get().object
    StoredObject.objects.filter(pk=held.pk).update(sha256="b" * 64)
    came = quarantined(filename=f"{frame.basename}.fits", sha256="b" * 64)
    assert "it is settled" in text(client.post("/staff/quarantine/", {"id": came.pk, **retry}, follow=True))
    came.refresh_from_db()
    assert came.resolved_at is not None


def failed(ao, **changes):
    observation = ao.observation(**changes)
    product = ao.product(observation, kind=ProductKind.BRIGHT_STREHL)
    Product.objects.filter(pk=product.pk).update(state=ProductState.FAILED, error="no star was found", attempts=3)
    return Product.objects.get(pk=product.pk)


def test_a_product_that_waits_is_cancelled_after_a_question(sam, ao):
    product = failed(ao)
    Product.objects.filter(pk=product.pk).update(state=ProductState.PENDING, error="")
    client, page = come(sam), f"/staff/pipeline/{product.pk}/"
    assert "Cancel: do not make it" in text(client.get(page))
    assert "Why not" in text(client.get("/staff/pipeline/?state=pending"))
    form = {"id": product.pk, "cancel": "yes"}
    assert "say why" in text(client.post(page, form, follow=True))
    assert "Are you sure?" in text(client.post(page, form | {"reason": "bad flat"}))
    product.refresh_from_db()
    assert product.state == ProductState.PENDING
    done = text(sure(client, page, **form, reason="bad flat"))
    assert "is cancelled." in done
    assert "somebody forces it" in done
    product.refresh_from_db()
    assert (product.state, product.reason) == (ProductState.SKIPPED, "It was cancelled: bad flat")
    assert "nothing to cancel" in text(sure(client, page, **form, reason="again"))
    assert "made again when a worker is free" in text(client.post(page, {"id": product.pk, "reason": "x"}, follow=True))


def test_a_product_that_staff_may_not_see_is_not_cancelled(sam, ao):
    product = failed(ao)
    Product.objects.filter(pk=product.pk).update(state=ProductState.PENDING, error="")
    Observation.objects.update(public_date=HIDDEN, proposal_id="OTHER")
    sure_form = {"id": product.pk, "cancel": "yes", "reason": "x", "sure": "yes"}
    assert "Nothing was changed" in text(come(sam).post("/staff/pipeline/", sure_form, follow=True))
    assert not ProductCancellation.objects.exists()


def test_a_failed_product_is_forced_with_a_reason(sam, ao):
    product = failed(ao)
    client = come(sam)
    assert "no star was found" in text(client.get("/staff/pipeline/"))
    assert product.subject in text(client.get(f"/staff/pipeline/?state=failed&kind={product.kind}"))
    assert "no star was found" in text(client.get(f"/staff/pipeline/{product.pk}/"))
    assert "say why" in text(client.post("/staff/pipeline/", {"id": product.pk}, follow=True))
    again = client.post(f"/staff/pipeline/{product.pk}/", {"id": product.pk, "reason": "new flats"}, follow=True)
    assert "made again when a worker is free" in text(again)
    product.refresh_from_db()
    assert (product.state, product.forced_by, product.forced_reason) == (ProductState.PENDING, "sam", "new flats")


def test_products_that_staff_may_not_see_are_neither_shown_nor_forced(sam, ao):
    product = failed(ao, public_date=HIDDEN, name="4_secret_VIC_Si_o_20161107_030405.678901")
    client = come(sam)
    assert "secret" not in text(client.get("/staff/pipeline/"))
    assert client.get(f"/staff/pipeline/{product.pk}/").status_code == 404
    assert "may not see it" in text(client.post("/staff/pipeline/", {"id": product.pk, "reason": "x"}, follow=True))
    product.refresh_from_db()
    assert product.state == ProductState.FAILED


def test_the_pipeline_is_paused_after_a_question_and_goes_on_once(sam):
    client = come(sam)
    assert "is paused" in text(sure(client, "/staff/pipeline/", switch="pause", reason="power cut"))
    assert PipelineSwitch.objects.get().reason == "power cut"
    assert "power cut" in text(client.get("/staff/pipeline/"))
    for _ in range(2):
        assert "goes on" in text(client.post("/staff/pipeline/", {"switch": "resume"}, follow=True))
    assert [switch.is_paused for switch in PipelineSwitch.objects.all()] == [False, True]


def test_storage_is_counted_by_site_and_class_and_shown_from_the_count(sam, frame_factory):
    cache.delete(storage_use.KEY)
    frames = [frame_factory(site_id=site, instrument_id="fa15") for site in ("lsc", "lsc", "cpt")]
    objects = [frame.versions.get().object for frame in frames]
    StoredObject.objects.filter(pk=objects[0].pk).update(
        storage_class="STANDARD_IA", fault="its bytes are others", verified_at=None
    )
    client = come(sam)
    assert "Not counted yet" in text(client.get("/staff/storage/"))
    shown = text(client.post("/staff/storage/", follow=True))
    assert "its bytes are others" in shown
    use = storage_use.known()
    assert (use.n, use.n_faulty, use.size_bytes) == (3, 1, sum(each.size_bytes or 0 for each in objects))
    assert {(s.site_id, s.storage_class, s.n) for s in use.shares} == {
        ("lsc", "", 1), ("lsc", "STANDARD_IA", 1), ("cpt", "", 1)
    }  # fmt: skip
    cache.delete(storage_use.KEY)


def test_a_star_is_put_into_the_library_and_taken_out(sam, ao):
    product = ao.candidate(ao.observation())
    client = come(sam)
    put = {"id": product.pk, "add": "", "reason": "single"}
    for _ in range(2):
        assert "is in the library" in text(client.post("/staff/psf-library/", put, follow=True))
    member = PsfMember.objects.get()
    assert (member.added_by, member.added_reason) == ("sam", "single")
    assert product.subject in text(client.get("/staff/psf-library/?standing=in"))
    sure(client, "/staff/psf-library/", id=product.pk, remove="", reason="a double after all")
    member.refresh_from_db()
    assert (member.removed_by, member.removed_reason) == ("sam", "a double after all")
    assert "No such star" in text(client.get("/staff/psf-library/?standing=in"))


def test_what_goes_next_is_shown_to_those_who_may_see_it(sam, admin, frame_factory):
    ExpiryRule.objects.all().delete()
    ExpiryRule.objects.create(
        name="short", kind="frame", instrument_id="fa15", after=timedelta(days=1), counted_from="observation",
        last_raw_copy=True,
    )  # fmt: skip
    frames = [
        frame_factory(public_date=when, instrument_id="fa15", observation_date=datetime(2020, 1, 1, tzinfo=UTC))
        for when in (HIDDEN, datetime(2020, 1, 1, tzinfo=UTC))
    ]
    for_staff, for_all = (text(come(user).get("/staff/expiry/?kind=frame&days=1")) for user in (sam, admin))
    assert [frame.basename in for_staff for frame in frames] == [False, True]
    assert "one that you may not see" in for_staff
    assert all(frame.basename in for_all for frame in frames)
    assert "or you may not see it" in text(come(sam).get(f"/staff/expiry/?kind=frame&name={frames[0].basename}"))
    assert "The rule &#x27;short&#x27; holds" in text(come(sam).get(f"/staff/expiry/?name={frames[1].basename}"))


def test_a_frame_gets_a_time_of_its_own(admin, frame_factory):
    frame = frame_factory()
    fields = {"name": frame.basename, "kind": "frame", "expires_at": "2090-05-06"}
    assert "goes at 2090-05-06" in text(sure(come(admin), "/staff/expiry/", **fields))
    own = OwnExpiry.objects.get()
    assert (own.name, own.set_by, own.expires_at) == (frame.basename, "admin", datetime(2090, 5, 6, tzinfo=UTC))
    for wrong in ({"expires_at": "2000-01-01"}, {"expires_at": "soon"}, {"name": "no-such"}):
        said = come(admin).post("/staff/expiry/", {**fields, **wrong, "sure": "yes"}, follow=True)
        assert "Nothing was changed" in text(said)
    assert OwnExpiry.objects.get().expires_at == own.expires_at


def test_a_public_date_is_changed_after_a_question(admin, sam, frame_factory):
    frame = frame_factory(public_date=HIDDEN, proposal_id="P9")
    client = come(admin)
    fields = {"what": frame.basename, "scope": "frame", "public_date": "2020-01-02", "reason": "paper is out"}
    assert "1 frame was changed" in text(sure(client, "/staff/releases/", **fields))
    row = ReleaseChange.objects.get()
    assert (row.before, row.after, row.changed_by) == (HIDDEN, datetime(2020, 1, 2, tzinfo=UTC), "admin")
    assert Event.objects.filter(name="frame.updated", frame_id=frame.pk).count() == 1
    assert "paper is out" in text(come(sam).get(f"/staff/releases/?q={frame.basename}"))
    assert "It is so already" in text(sure(client, "/staff/releases/", **fields))
    hide = {"what": "P9", "scope": "programme", "never": "yes", "reason": "a mistake"}
    assert "1 frame was changed" in text(sure(client, "/staff/releases/", **hide))
    assert "paper is out" not in text(come(sam).get("/staff/releases/"))  # nobody but superusers sees the frame now
    assert "a mistake" in text(client.get("/staff/releases/?q=P9"))


@pytest.mark.parametrize("when", ["", "tomorrow", "2027-13-40"])
def test_a_public_date_that_is_none_is_refused(when, admin, frame_factory):
    frame = frame_factory(public_date=HIDDEN)
    fields = {"what": frame.basename, "public_date": when, "reason": "x", "sure": "yes"}
    assert "Nothing was changed" in text(come(admin).post("/staff/releases/", fields, follow=True))


@pytest.mark.parametrize("path", [page for page in PAGES if page != "/staff/health/"])
def test_more_rows_cost_no_more_queries(path, admin, ao, frame_factory, programme, django_assert_max_num_queries):
    counts = []
    client = come(admin)
    client.get(path)
    for n in (1, 2):
        for number in range(n):
            frame = frame_factory(proposal_id="P1", instrument_id=f"in{n}{number}", public_date=HIDDEN)
            product = ao.candidate(ao.observation(name=f"4_star{n}{number}_VIC_Si_o_20161107_03040{n}.67890{number}"))
            Product.objects.filter(pk=product.pk).update(forced_reason="x")
            failed(ao, name=f"4_sky{n}{number}_VIC_Si_o_20161107_03050{n}.67890{number}")
            quarantined(sha256=f"{n}{number}".ljust(64, "0"))
            waits(version_id=f"{n}{number}")
            programme.members.add(User.objects.create(username=f"u{n}{number}"))
            ReleaseChange.objects.create(
                frame_id=frame.pk, basename=frame.basename, before=None, after=HIDDEN, changed_by="a", reason="b",
                changed_at=timezone.now(),
            )  # fmt: skip
        with django_assert_max_num_queries(22) as asked:
            assert client.get(path).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_list_has_pages_and_its_terms_stay_in_the_address(sam):
    now = timezone.now()
    ReceivedObject.objects.bulk_create(
        ReceivedObject(
            store="s3", path=f"data/{n}", version_id="1", heard_at=now - timedelta(minutes=n), settled_at=now,
            state=ReceivedState.FAILED,
        )
        for n in range(51)
    )  # fmt: skip
    client = come(sam)
    first = text(client.get("/staff/ingest/?state=failed"))
    assert 'href="?state=failed&amp;page=2"' in first
    assert "data/50<" not in first
    second = text(client.get("/staff/ingest/?state=failed&page=2"))
    assert "data/50<" in second
    for page in ("0", "-1", "x", "9" * 30):
        assert client.get(f"/staff/ingest/?state=failed&page={page}").status_code == 200


def test_numbers_alone_are_answered_to_htmx(sam):
    Event.objects.create(name="frame.updated", body={}, created_at=timezone.now() - timedelta(minutes=5))
    answer = come(sam).get("/staff/", headers={"HX-Request": "true"})
    assert "<html" not in text(answer)
    assert "oldest 5 min" in text(answer)
    assert "HX-Request" in answer["Vary"]


def test_lags_tell_how_long_frames_were_on_the_way(sam, frame_factory):
    frame = frame_factory(
        instrument_id="fa15", site_id="lsc", exposure_time=60.0, observation_date=datetime(2026, 1, 2, tzinfo=UTC),
        observation_day=date(2026, 1, 1), public_date=HIDDEN,
    )  # fmt: skip
    frame.versions.update(created=datetime(2026, 1, 2, 0, 3, tzinfo=UTC))
    shown = text(come(sam).get("/staff/ingest/"))
    assert "2 min" in shown
    assert frame.basename not in shown
