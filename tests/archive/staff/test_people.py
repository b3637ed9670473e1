"""Users on the pages of staff: who may make, change, shut out and remove whom, and that each change is told."""

import re
from threading import Barrier, Thread

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.authtoken.models import Token

from archive.domain import people_changes
from archive.domain.people_changes import Doing
from archive.domain.people_traces import BY_ID, BY_NAME
from archive.errors import ArchiveError, ConflictError, UsageError
from archive.models import NightNote, PeopleChange, PortalMembership, Proposal, SavedSearch, Site, UploadTicket
from tests.archive.staff.asking import come, text

pytestmark = pytest.mark.django_db
ADD, LIST = "/staff/people/add/", "/staff/people/"
NEW = {
    "username": "carol",
    "email": "carol@example.org",
    "first_name": "Carol",
    "last_name": "Ng",
    "reason": "new here",
}
# Each button of a user's page, with what it needs; who of staff may press it for a user who is no staff.
BUTTONS = {
    "save": {"save": "", "email": "x@example.org", "first_name": "X", "last_name": "Y"},
    "deactivate": {"deactivate": ""},
    "activate": {"activate": ""},
    "remove": {"remove": ""},
    "link": {"link": ""},
    "rights": {"rights": "superuser"},
    "hold": {"hold": "", "programmes": "P1"},
    "give_up": {"give_up": "P1"},
    "revoke": {"revoke": ""},
}
OF_SUPERUSERS = ["rights", "hold", "give_up", "revoke"]


def page_of(user):
    return f"/staff/people/user/{user.pk}/"


def press(client, user, button, **more):
    """Press a button of a user's page, and say that one is sure."""
    return client.post(page_of(user), {**BUTTONS[button], "sure": "yes", **more}, follow=True)


def state():
    """All that a form could have changed."""
    columns = ("pk", "username", "email", "first_name", "is_active", "is_staff", "is_superuser", "password")
    held = set(Proposal.members.through.objects.values_list("user_id", "proposal_id"))
    keys = set(Token.objects.values_list("key", flat=True))
    return set(User.objects.values_list(*columns)), held, keys, PeopleChange.objects.count()


def told():
    rows = PeopleChange.objects.order_by("pk").values_list(
        "kind", "username", "proposal_id", "before", "after", "changed_by"
    )
    return list(rows)


def test_staff_adds_a_user_who_has_no_password_and_no_rights(sam):
    shown = text(come(sam).post(ADD, NEW, follow=True))
    carol = User.objects.get(username="carol")
    assert "carol is added" in shown
    assert (carol.email, carol.get_full_name()) == ("carol@example.org", "Carol Ng")
    assert (carol.is_staff, carol.is_superuser, carol.is_active, carol.has_usable_password()) == (
        False,
        False,
        True,
        False,
    )
    assert told() == [("added", "carol", "", "", "reader", "sam")]
    assert "new here" in text(come(sam).get(page_of(carol)))
    assert "new here" in text(come(sam).get(LIST))


def test_superusers_add_staff_that_holds_programmes(admin, programme):
    come(admin).post(ADD, NEW | {"rights": "staff", "programmes": "P1, P1"})
    carol = User.objects.get(username="carol")
    assert (carol.is_staff, carol.is_superuser) == (True, False)
    assert list(carol.proposals.all()) == [programme]
    assert ("holds", "carol", "P1", "no", "yes", "admin") in told()


@pytest.mark.parametrize("more", [{"rights": "staff"}, {"rights": "superuser"}, {"programmes": "P1"}])
def test_staff_gives_no_rights_and_no_programmes_to_new_users(more, sam, programme):
    before = state()
    assert come(sam).post(ADD, NEW | more).status_code == 403
    assert state() == before
    with pytest.raises(UsageError):  # and not by another way in either
        people_changes.add_user(
            new=people_changes.NewUser("carol", rights=more.get("rights", "reader"), programmes=["P1"]),
            doing=Doing(sam, timezone.now()),
        )
    assert state() == before


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"username": ""}, "Give the name"),
        ({"username": "two words"}, "Use letters"),
        ({"username": "c" * 151}, "at most 150"),
        ({"username": "c\x00"}, "Null characters"),
        ({"username": "ALICE"}, "There is a user alice already"),
        ({"email": "nowhere"}, "valid email address"),
        ({"rights": "emperor"}, "emperor"),
        ({"programmes": "P1, P77"}, "no programme P77"),
    ],
)
def test_what_is_wrong_is_told_beside_the_field_and_leaves_nothing(wrong, says, admin, alice, programme):
    before = state()
    answer = come(admin).post(ADD, NEW | {"programmes": "P1"} | wrong)
    assert answer.status_code == 400
    assert says in text(answer)
    if "username" in wrong or "email" in wrong:
        (name,) = wrong
        assert re.search(rf'name="{name}"[^>]* aria-invalid="true"[^>]*new-{name}-wrong', text(answer))
    assert state() == before


def test_to_add_twice_adds_once(sam):
    client = come(sam)
    client.post(ADD, NEW)
    before = state()
    assert client.post(ADD, NEW).status_code == 400
    assert state() == before


@pytest.mark.parametrize("path", [ADD, LIST, "/staff/people/add-programme/"])
def test_others_than_staff_see_none_of_it(path, alice):
    before = state()
    for method in ("get", "post"):
        assert getattr(come(None), method)(path, NEW)["Location"].startswith("/api-auth/login/")
        assert getattr(come(alice), method)(path, NEW).status_code == 403
    assert state() == before


@pytest.mark.parametrize("button", BUTTONS)
def test_nobody_but_staff_changes_a_user(button, alice, bob, programme):
    before = state()
    assert come(None).post(page_of(bob), {**BUTTONS[button], "sure": "yes"}).status_code == 302
    for user in (bob, alice):  # not oneself either
        assert press(come(bob), user, button).status_code == 403
        assert come(bob).get(page_of(user)).status_code == 403
    assert state() == before


@pytest.mark.parametrize("button", BUTTONS)
def test_staff_changes_no_staff_no_superuser_and_so_never_itself(button, sam, admin, programme):
    tom = User.objects.create_user("tom", is_staff=True)
    before = state()
    for user in (sam, tom, admin):
        assert press(come(sam), user, button).status_code == 403
    assert state() == before


@pytest.mark.parametrize("button", OF_SUPERUSERS)
def test_staff_gives_ordinary_users_neither_rights_nor_programmes_nor_tokens(button, sam, bob, programme):
    programme.members.add(bob)
    before = state()
    assert press(come(sam), bob, button).status_code == 403
    assert state() == before


@pytest.mark.parametrize("act", [people_changes.set_rights, people_changes.set_active, people_changes.remove_user, people_changes.edit_user, people_changes.revoke_tokens, people_changes.note_link])  # fmt: skip
def test_the_rules_hold_for_whoever_calls_the_domain(act, sam, bob, admin):
    more = {
        people_changes.set_rights: {"rights": "superuser"},
        people_changes.set_active: {"is_active": False},
        people_changes.edit_user: {"columns": {"email": "x@example.org"}},
    }.get(act, {})
    before = state()
    for by, user in ((bob, bob), (bob, sam), (sam, sam), (sam, admin)):
        with pytest.raises(ArchiveError):
            act(user_id=user.pk, doing=Doing(by, timezone.now()), **more)
    assert state() == before


def test_staff_edits_an_ordinary_user(sam, bob):
    client = come(sam)
    assert "saved" in text(press(client, bob, "save", reason="moved"))
    bob.refresh_from_db()
    assert (bob.email, bob.get_full_name()) == ("x@example.org", "X Y")
    assert told() == [("e-mail", "bob", "", "", "x@example.org", "sam"), ("name", "bob", "", "", "X Y", "sam")]
    press(client, bob, "save")
    assert len(told()) == 2  # the same again is no change


def test_an_address_that_is_none_is_told_beside_its_field(sam, bob):
    before = state()
    answer = press(come(sam), bob, "save", email="nowhere")
    assert answer.status_code == 400
    assert re.search(r'name="email"[^>]*aria-invalid="true"', text(answer))
    assert state() == before


@pytest.mark.parametrize("by_portal", [False, True])
def test_staff_can_not_open_an_account_that_holds_programmes(by_portal, sam, admin, bob, programme):
    if by_portal:
        PortalMembership.objects.create(user=bob, proposal_id="P1")
    else:
        programme.members.add(bob)
    before = state()
    assert "superusers alone" in text(press(come(sam), bob, "save")).lower()
    assert "Nothing was changed" in text(press(come(sam), bob, "link"))
    assert state() == before
    press(come(sam), bob, "save", email="")  # the address as it is: the name may be mended
    bob.refresh_from_db()
    assert (bob.email, bob.first_name) == ("", "X")
    assert "/account/password/" in text(press(come(admin), bob, "link"))


def test_where_a_portal_knows_the_names_staff_makes_no_links(portal, sam, bob):
    assert "Nothing was changed" in text(press(come(sam), bob, "link"))


def link_in(words):
    return re.search(r"http://testserver(/account/password/[^\s<]+)", words)[1]


def test_a_link_lets_its_user_set_a_password_once(sam, client):
    come(sam).post(ADD, NEW)
    carol = User.objects.get(username="carol")
    link = link_in(text(press(come(sam), carol, "link")))
    form = client.get(link, follow=True)
    assert link not in form.redirect_chain[-1][0]  # the token stands in no address that others are told
    assert "carol" in text(form)
    assert form["Content-Security-Policy"]
    action = form.redirect_chain[-1][0]
    assert "aria-invalid" in text(client.post(action, {"new_password1": "short", "new_password2": "short"}))
    right = {"new_password1": "a-long-night-in-june", "new_password2": "a-long-night-in-june"}
    assert "Your password is set" in text(client.post(action, right, follow=True))
    assert Client().login(username="carol", password="a-long-night-in-june")
    assert "does not hold any more" in text(Client().get(link, follow=True))
    assert told()[-1][:5] == ("link", "carol", "", "", "made, for carol@example.org")
    assert not any("/account/" in str(row) or "a-long-night" in str(row) for row in told())


def test_a_link_of_somebody_who_is_deactivated_opens_nothing(admin, bob, client):
    link = link_in(text(press(come(admin), bob, "link")))
    press(come(admin), bob, "deactivate")
    assert "does not hold any more" in text(client.get(link, follow=True))
    assert "let them in again first" in text(press(come(admin), bob, "link"))


def test_a_link_is_mailed_and_not_shown_where_there_is_a_mail_server(sam, settings):
    settings.EMAIL_HOST = "mail.example.org"
    come(sam).post(ADD, NEW)
    shown = text(press(come(sam), User.objects.get(username="carol"), "link"))
    assert "mailed to carol@example.org" in shown
    assert "/account/password/" not in shown
    (sent,) = mail.outbox
    assert sent.to == ["carol@example.org"]
    assert text(Client().get(link_in(sent.body), follow=True)).count("Set your password") == 1


def test_whoever_is_deactivated_is_out_at_once_and_comes_back_as_before(sam, bob, api):
    session, tokens = come(bob), api(bob)
    assert session.get("/searches/").status_code == 200
    asked = come(sam).post(page_of(bob), {"deactivate": ""})
    assert "Are you sure?" in text(asked)
    assert session.get("/searches/").status_code == 200
    press(come(sam), bob, "deactivate", reason="left")
    assert session.get("/searches/").status_code == 302
    assert tokens.get("/profile/").status_code == 401
    assert not Client().login(username="bob", password="bob-pass")
    assert api(None).post("/api-token-auth/", {"username": "bob", "password": "bob-pass"}).status_code == 400
    press(come(sam), bob, "deactivate")
    assert told() == [("active", "bob", "", "yes", "no", "sam")]
    press(come(sam), bob, "activate")
    assert tokens.get("/profile/").json()["username"] == "bob"
    assert told()[1:] == [("active", "bob", "", "no", "yes", "sam")]


def test_superusers_change_rights(admin, bob):
    for rights, flags in (("staff", (True, False)), ("superuser", (True, True)), ("reader", (False, False))):
        asked = come(admin).post(page_of(bob), {"rights": rights})
        assert "Are you sure?" in text(asked)
        press(come(admin), bob, "rights", rights=rights)
        bob.refresh_from_db()
        assert (bob.is_staff, bob.is_superuser) == flags
    assert [row[3:5] for row in told()] == [("reader", "staff"), ("staff", "superuser"), ("superuser", "reader")]
    assert "Nothing was changed" in text(press(come(admin), bob, "rights", rights="emperor"))


@pytest.mark.parametrize("button", ["deactivate", "remove", "rights"])
def test_the_last_superuser_stays_and_nobody_puts_themselves_out(button, admin):
    before = state()
    more = {"rights": "reader"} if button == "rights" else {}
    assert "is the last active superuser" in text(press(come(admin), admin, button, **more))
    other = User.objects.create_superuser("other")
    assert "themselves" in text(press(come(admin), admin, button, **more))
    User.objects.filter(pk=other.pk).delete()
    assert state() == before


@pytest.mark.django_db(transaction=True)
def test_two_superusers_who_demote_each_other_at_once_leave_one(admin):
    other = User.objects.create_superuser("other")
    start, ends = Barrier(2), []

    def demote(by, user):
        start.wait()
        try:
            people_changes.set_rights(user_id=user.pk, rights="reader", doing=Doing(by, timezone.now()))
            ends.append("done")
        except ArchiveError:
            ends.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=demote, args=pair) for pair in ((admin, other), (other, admin))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["done", "refused"]
    assert User.objects.filter(is_superuser=True, is_active=True).count() == 1


def test_a_user_who_left_nothing_is_removed_after_a_question_that_says_what_goes(sam, admin, bob, programme):
    programme.members.add(bob)
    asked = text(come(sam).post(page_of(bob), {"remove": ""}))
    assert "Are you sure?" in asked
    assert "that it holds P1" in asked
    assert "Nobody else holds P1" in asked
    gone = press(come(sam), bob, "remove", reason="never came")
    assert "bob is removed" in text(gone)
    assert not User.objects.filter(username="bob").exists()
    assert told() == [("holds", "bob", "P1", "yes", "no", "sam"), ("removed", "bob", "", "reader", "", "sam")]
    assert come(sam).post(page_of(bob), {"remove": "", "sure": "yes"}).status_code == 404  # once more is harmless
    assert "never came" in text(come(admin).get(LIST))


def test_who_did_something_is_not_removed_but_deactivated(sam, bob, now):
    site = Site.objects.create(id="tst")
    NightNote.objects.create(site=site, text="clouds", audience="all", written_by="bob", written_at=now, expires_at=now)
    before = state()
    answer = text(press(come(sam), bob, "remove"))
    assert "Nothing was changed: bob has notes on nights" in answer
    assert "Deactivate the user instead" in answer
    with pytest.raises(ConflictError):
        people_changes.remove_user(user_id=bob.pk, doing=Doing(sam, timezone.now()))
    assert state() == before


def test_frames_that_a_user_submitted_keep_the_user(sam, bob, frame_factory):
    frame_factory(headers={"USERID": "bob"})
    assert "frames that they submitted" in text(press(come(sam), bob, "remove"))


def test_saved_searches_and_uploads_keep_the_user(sam, bob, now):
    SavedSearch.objects.create(
        owner=bob, name="x", way="none", secret="s", site_url="http://x", position=0, created_at=now
    )
    assert "saved searches" in text(press(come(sam), bob, "remove"))
    assert User.objects.filter(pk=bob.pk).exists()


def test_each_column_that_names_a_user_is_looked_at_before_one_is_removed():
    by_name = {(model, column) for _, model, columns in BY_NAME for column in columns}
    by_id = {(model, column) for _, model, column in BY_ID}
    # What is the user's own, and goes with them.
    own = {
        "Profile",
        "PortalMembership",
        "Cart",
        "FrozenSelection",
        "Token",
        "TokenProxy",
        "Proposal_members",
        "User_groups",
        "User_user_permissions",
    }
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            if field.related_model is User and model.__name__ not in own:
                assert (model, field.name) in by_id, f"{model.__name__}.{field.name}"
            if field.name.endswith("_by") and model._meta.app_label == "archive":
                assert (model, field.name) in by_name, f"{model.__name__}.{field.name}"
    assert (UploadTicket, "user") in by_id


@pytest.mark.parametrize("path", ["/staff/people/user/987654321/"])
def test_a_user_who_is_not_there_is_not_found(path, admin):
    assert come(admin).get(path).status_code == 404
    assert come(admin).post(path, {"deactivate": "", "sure": "yes"}).status_code == 404


def test_each_form_needs_its_token(admin, bob):
    client = come(admin, enforce_csrf_checks=True)
    before = state()
    for path, fields in ((ADD, NEW), *((page_of(bob), {**each, "sure": "yes"}) for each in BUTTONS.values())):
        assert client.post(path, fields).status_code == 403
    assert state() == before


def test_a_form_that_says_nothing_changes_nothing(admin, bob):
    before = state()
    assert "Nothing was changed" in text(come(admin).post(page_of(bob), {"sure": "yes"}, follow=True))
    assert state() == before
