import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from archive.models import Proposal

pytestmark = pytest.mark.django_db


def told(*arguments):
    out = io.StringIO()
    call_command("proposal", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def people():
    return [User.objects.create_user(name) for name in ("ann", "bob")]


def test_a_proposal_is_made_with_title_kind_and_members(people):
    assert told("24", "--title", "Planets", "--planetary", "--add", "bob", "ann") == (
        "New proposal 24, planetary: held by ann, bob.\n"
    )
    proposal = Proposal.objects.get(id="24")
    assert (proposal.title, proposal.is_planetary) == ("Planets", True)


def test_what_is_not_named_stays_and_repeating_changes_nothing(people):
    told("24", "--title", "Planets", "--planetary", "--add", "ann", "bob")
    assert told("24", "--remove", "ann") == "Proposal 24, planetary: held by bob.\n"
    assert told("24", "--remove", "ann") == "Proposal 24, planetary: held by bob.\n"
    assert told("24", "--no-planetary") == "Proposal 24: held by bob.\n"
    assert Proposal.objects.get(id="24").title == "Planets"


@pytest.mark.parametrize(("arguments", "says"), [(("24", "--add", "eve"), "no user eve"), (("",), "empty id")])
def test_what_can_not_be_done_is_told_and_leaves_nothing(people, arguments, says):
    with pytest.raises(CommandError, match=says):
        told(*arguments)
    assert not Proposal.objects.exists()
