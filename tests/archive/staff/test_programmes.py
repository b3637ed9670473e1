"""Who holds programmes, on the pages of staff: orphaned and given back; lists that stay fast."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.authtoken.models import Token

from archive.domain import people, programme_changes
from archive.domain.people_changes import Doing
from archive.errors import UsageError
from archive.models import Frame, PeopleChange, PortalMembership, Proposal
from archive.models.proposal import ALL_PROGRAMMES
from tests.archive.staff.asking import come, sure, text

pytestmark = pytest.mark.django_db
LIST, PAGE = "/staff/people/", "/staff/people/programme/P1/"


def told():
    return list(PeopleChange.objects.order_by("pk").values_list("kind", "username", "proposal_id", "before", "after"))


def test_superusers_add_and_remove_members(admin, alice, programme):
    client = come(admin)
    for _ in range(2):  # the second time nothing changes
        assert "alice holds P1" in text(sure(client, PAGE, username="alice", add="", reason="joined"))
        assert programme.members.get() == alice
    for _ in range(2):
        sure(client, PAGE, username="alice", remove="")
        assert not programme.members.exists()
    assert told() == [("holds", "alice", "P1", "no", "yes"), ("holds", "alice", "P1", "yes", "no")]
    assert "joined" in text(client.get(PAGE))
    assert "there is no user" in text(sure(client, PAGE, username="nobody", add=""))


def test_superusers_give_and_take_programmes_on_a_user_s_page(admin, bob, programme):
    client, path = come(admin), f"/staff/people/user/{bob.pk}/"
    Proposal.objects.create(id="P2")
    assert "bob holds P1, P2" in text(sure(client, path, programmes="P1 P2", hold=""))
    wrong = client.post(path, {"programmes": "P1, P9", "hold": "", "sure": "yes"})
    assert wrong.status_code == 400
    assert "no programme P9" in text(wrong)
    assert "no longer holds P2" in text(sure(client, path, give_up="P2"))
    assert list(bob.proposals.all()) == [programme]
    assert [row[2:] for row in told()] == [("P1", "no", "yes"), ("P2", "no", "yes"), ("P2", "yes", "no")]


def test_a_programme_is_orphaned_and_given_back(admin, alice, bob, programme):
    programme.members.add(alice, bob)
    client = come(admin)
    assert "taken from alice, bob" in text(sure(client, PAGE, orphan="", reason="PI left"))
    assert not programme.members.exists()
    assert "Nobody held it" in text(client.post(PAGE, {"orphan": "", "sure": "yes"}, follow=True))
    assert "it was taken from" in text(client.get(PAGE))
    bob.delete()
    User.objects.create_user("bob")  # somebody else, who is called so too
    assert "given back to alice" in text(sure(client, PAGE, give_back=""))
    assert programme.members.get() == alice
    assert "Nothing was changed" in text(sure(client, PAGE, give_back=""))
    assert told() == [
        ("orphaned", "alice", "P1", "yes", "no"),
        ("orphaned", "bob", "P1", "yes", "no"),
        ("holds", "alice", "P1", "no", "yes"),
    ]


def test_what_is_not_public_of_an_orphan_is_the_superusers(admin, alice, programme, frame_factory):
    frame = frame_factory(proposal_id="P1", public_date=datetime(2099, 1, 1, tzinfo=UTC))
    programme.members.add(alice)

    def seen_by(user):
        return Frame.objects.visible_to(user, at=timezone.now()).filter(pk=frame.pk).exists()

    assert seen_by(alice)
    sure(come(admin), PAGE, orphan="")
    assert [seen_by(user) for user in (alice, admin)] == [False, True]
    sure(come(admin), PAGE, give_back="")
    assert seen_by(alice)


def test_orphaned_is_what_nobody_holds_who_may_log_in(alice, bob, programme):
    Proposal.objects.create(id=ALL_PROGRAMMES)
    by_portal = Proposal.objects.create(id="P2")
    PortalMembership.objects.create(user=bob, proposal_id="P2")
    programme.members.add(bob)

    def orphans():
        listed = set(people.proposals_like("", only_orphaned=True).values_list("pk", flat=True))
        assert listed == people.orphans_among(["P1", "P2", "PROP001", ALL_PROGRAMMES])
        return listed

    assert orphans() == set()
    assert people.orphaned_without(bob) == ["P1", "P2"]
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert orphans() == {"P1", "P2"}
    programme.members.add(alice)
    assert orphans() == {"P2"}
    assert by_portal.members.count() == 0


def test_the_list_shows_orphans_alone_when_asked(admin, alice, programme):
    shown = text(come(admin).get(f"{LIST}?programmes=orphaned"))
    assert "programme/P1/" in shown
    assert "programme/PROP001/" not in shown


@pytest.mark.parametrize("fields", [{"add": "", "username": "bob"}, {"remove": "", "username": "alice"}, {"orphan": ""}, {"give_back": ""}])  # fmt: skip
def test_staff_looks_and_changes_nobody_s_programmes(fields, sam, alice, bob, programme):
    programme.members.add(alice)
    assert come(sam).get(PAGE).status_code == 200
    assert come(sam).post(PAGE, fields | {"sure": "yes"}).status_code == 403
    assert programme.members.get() == alice
    for act in (programme_changes.orphan, programme_changes.give_back):
        with pytest.raises(UsageError):
            act(proposal=programme, doing=Doing(sam, timezone.now()))
    assert told() == []


def test_superusers_add_a_programme(admin, sam):
    path = "/staff/people/add-programme/"
    assert come(sam).get(path).status_code == 403
    assert come(sam).post(path, {"id": "P5"}).status_code == 403
    client = come(admin)
    assert client.post(path, {"id": "P5", "title": "Moons"})["Location"] == "/staff/people/programme/P5/"
    for wrong in ({"id": "P5"}, {"id": ""}, {"id": "x" * 65}, {"id": "\x00"}):
        answer = client.post(path, wrong)
        assert answer.status_code == 400
        assert 'aria-invalid="true"' in text(answer)
    assert [row[:3] for row in told()] == [("added", "", "P5")]
    assert Proposal.objects.get().title == "Moons"


def test_tokens_are_revoked_and_never_shown(admin, alice):
    key = Token.objects.get_or_create(user=alice)[0].key
    alice.profile.portal_token = "portal-secret"
    alice.profile.save()
    client, path = come(admin), f"/staff/people/user/{alice.pk}/"
    assert key not in text(client.get(path))
    shown = text(sure(client, path, revoke=""))
    new = Token.objects.get(user=alice).key
    assert new != key
    assert not [word for word in (key, new, "portal-secret") if word in shown]
    assert told() == [("tokens", "alice", "", "", "revoked")]


def fill(n):
    users = User.objects.bulk_create(User(username=f"user{n:05d}-{each:05d}") for each in range(n))
    made = Proposal.objects.bulk_create(Proposal(id=f"T{n:05d}-{each:05d}") for each in range(n))
    Proposal.members.through.objects.bulk_create(
        Proposal.members.through(user=user, proposal=proposal) for user, proposal in zip(users, made, strict=True)
    )
    PeopleChange.objects.bulk_create(
        PeopleChange(
            user_id=user.pk, username=user.username, proposal_id=proposal.pk, kind="holds", before="no", after="yes",
            changed_by="admin", changed_at=timezone.now(),
        )
        for user, proposal in zip(users, made, strict=True)
    )  # fmt: skip
    return users[0], made[0]


# Where a list is empty, what stands beside its rows is not asked for.
@pytest.mark.parametrize(("terms", "n_queries"), [("", 10), ("?q=00", 10), ("?q=T0", 9), ("?programmes=orphaned", 7)])
def test_the_lists_cost_the_same_with_one_row_and_with_many(terms, n_queries, admin, django_assert_num_queries):
    client = come(admin)
    for n in (1, 3, 120):
        fill(n)
        with django_assert_num_queries(n_queries):
            assert client.get(f"{LIST}{terms}").status_code == 200


def test_a_user_and_a_programme_cost_the_same_with_one_row_and_with_many(admin, django_assert_num_queries):
    client = come(admin)
    for n in (1, 3, 120):
        user, programme = fill(n)
        user.proposals.add(*Proposal.objects.all())
        programme.members.add(*User.objects.all())
        with django_assert_num_queries(7):
            assert client.get(f"/staff/people/user/{user.pk}/").status_code == 200
        with django_assert_num_queries(10):
            assert client.get(f"/staff/people/programme/{programme.pk}/").status_code == 200


def test_htmx_is_answered_the_lists_alone(admin, alice):
    answer = come(admin).get(f"{LIST}?q=ali", headers={"HX-Request": "true"})
    assert "<html" not in text(answer)
    assert "alice" in text(answer)
    assert "HX-Request" in answer["Vary"]
