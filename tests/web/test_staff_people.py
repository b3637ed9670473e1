"""Users and programmes in a browser: each page at two widths, light and dark; by keyboard, and without scripts."""

import re

from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from archive.domain import people_changes, programme_changes
from archive.domain.people_changes import Doing, NewUser
from archive.models import PortalMembership, Proposal
from tests.web.browsing import look_around

TITLES = [
    "Rings of young stars", "Transits of hot Jupiters", "A census of binary M dwarfs", "Titan through a season",
    "Standards of the winter sky", "Jets of T Tauri stars",
]  # fmt: skip
READERS = [("alice", "Alice", "Moreau"), ("bjorn", "Björn", "Lindqvist"), ("chiara", "Chiara", "Conti"),
           ("deepa", "Deepa", "Rao"), ("emeka", "Emeka", "Obi")]  # fmt: skip


def lay(house):
    house.user("sam", is_staff=True, email="sam@example.org", first_name="Sam", last_name="Okafor")
    root = house.user("root", is_staff=True, is_superuser=True, email="root@example.org")
    programmes = [Proposal.objects.create(id=f"PROP2026A-{n:03d}", title=title) for n, title in enumerate(TITLES, 1)]
    doing = Doing(root, timezone.now(), "Call of 2026A")
    for number, (name, first, last) in enumerate(READERS):
        user = house.user(name, email=f"{name}@example.org", first_name=first, last_name=last)
        held = [programme.pk for programme in programmes[number : number + 2]]
        programme_changes.set_programmes(user=user, proposals=held, is_held=True, doing=doing)
    PortalMembership.objects.create(user=User.objects.get(username="alice"), proposal_id="KEY2026-004")
    new = NewUser("guest", email="guest@example.org", first_name="Gina", last_name="Estes")
    house.things["guest"] = people_changes.add_user(new=new, doing=Doing(root, timezone.now(), "Visits in December")).pk
    away = User.objects.get(username="emeka")
    people_changes.set_active(user_id=away.pk, is_active=False, doing=Doing(root, timezone.now(), "Left in autumn"))
    programme_changes.orphan(proposal=programmes[5], doing=Doing(root, timezone.now(), "PI has retired"))
    house.things |= {name: User.objects.get(username=name).pk for name in ("alice", "sam", "root", "deepa")}


def user_page(house, name):
    return f"/staff/people/user/{house.things[name]}/"


def test_pages_look_right_to_superusers(visit, house):
    page = visit("root").go("/staff/people/")
    look_around(page, "staff-people")
    for path, name in (
        (user_page(house, "alice"), "staff-user"),
        (user_page(house, "root"), "staff-user-self"),
        ("/staff/people/add/", "staff-user-add"),
        ("/staff/people/add-programme/", "staff-programme-add"),
        ("/staff/people/programme/PROP2026A-001/", "staff-programme"),
        ("/staff/people/programme/PROP2026A-006/", "staff-programme-orphaned"),
    ):
        page.goto(f"{house.url}{path}")
        look_around(page, name)


def test_pages_look_right_to_staff(visit, house):
    page = visit("sam").go(user_page(house, "alice"))
    expect(page.get_by_label("E-mail")).not_to_be_editable()
    expect(page.get_by_role("button", name="Revoke tokens")).to_have_count(0)
    expect(page.get_by_role("radio")).to_have_count(0)
    look_around(page, "staff-user-to-staff")
    page.goto(f"{house.url}{user_page(house, 'sam')}")
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)
    page.goto(f"{house.url}/staff/people/programme/PROP2026A-001/")
    look_around(page, "staff-programme-to-staff")


def test_the_lists_follow_what_is_typed_and_the_address_keeps_it(visit):
    page = visit("root").go("/staff/people/")
    page.get_by_role("searchbox").press_sequentially("conti")
    expect(page).to_have_url(re.compile(r"q=conti"))
    users = page.get_by_role("region", name="Users")
    expect(users.get_by_role("row")).to_have_count(2)
    page.reload()
    expect(users.get_by_role("link", name="chiara")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    expect(users.get_by_role("row")).to_have_count(len(READERS) + 4)
    page.get_by_role("link", name="Orphaned", exact=True).click()
    expect(page.get_by_role("region", name="Programmes").get_by_role("link")).to_have_count(1)


def test_a_user_is_added_by_keyboard_without_scripts_and_sets_a_password(visit, house):
    one = visit("root", java_script_enabled=False)
    one.expects_refusal = True  # of what is wrong
    page = one.go("/staff/people/")
    page.get_by_role("link", name="Add a user").press("Enter")
    page.get_by_label("User name").fill("two words")
    page.get_by_label("Programmes").fill("PROP2026A-001, PROP1999")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nobody was added")
    expect(page.get_by_text("Use letters, digits and @ . + - _ alone.")).to_be_visible()
    expect(page.get_by_text("no programme PROP1999")).to_be_visible()
    expect(page.get_by_label("User name")).to_have_accessible_description(re.compile("Use letters"))
    page.get_by_label("User name").fill("fatima")
    page.get_by_label("E-mail").fill("fatima@example.org")
    page.get_by_label("Programmes").fill("PROP2026A-001")
    page.get_by_role("button", name="Add").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("fatima is added")
    page.get_by_role("button", name="Make a link").press("Enter")
    link = page.get_by_label("Link").input_value()
    other = visit().go(link.removeprefix(house.url))
    expect(other.get_by_role("heading", name="Set your password")).to_be_visible()
    look_around(other, "account-password")
    other.get_by_label("New password").fill("12345678")
    other.get_by_label("The same again").fill("12345678")
    other.keyboard.press("Enter")
    expect(other.get_by_text("too common")).to_be_visible()
    other.get_by_label("New password").fill("a-long-night-in-june")
    other.get_by_label("The same again").fill("a-long-night-in-june")
    other.keyboard.press("Enter")
    expect(other.get_by_role("status")).to_have_text("Your password is set. Log in with it.")
    other.get_by_label("User name").fill("fatima")
    other.get_by_label("Password").fill("a-long-night-in-june")
    other.keyboard.press("Enter")
    expect(other.locator(".who")).to_contain_text("fatima")
    other.goto(link)
    expect(other.get_by_role("heading", name="This link does not hold any more")).to_be_visible()


def test_what_is_wrong_stands_beside_its_field(visit, house):
    one = visit("sam")
    one.expects_refusal = True
    page = one.go("/staff/people/add/")
    page.get_by_label("User name").fill("alice")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_label("User name")).to_have_accessible_description(re.compile("There is a user alice already"))
    look_around(page, "staff-user-wrong")


def test_a_user_is_deactivated_let_in_and_removed(visit, house):
    page = visit("sam").go(user_page(house, "guest"))
    page.get_by_label("Why (if you like)").last.fill("Visit is put off")
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("They are out at once")).to_be_visible()
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("status")).to_have_text("guest is deactivated.")
    expect(page.get_by_role("region", name="Changes")).to_contain_text("Visit is put off")
    page.get_by_role("button", name="Let in again").click()
    expect(page.get_by_role("status")).to_have_text("guest may log in again.")
    page.get_by_role("button", name="Remove").click()
    look_around(page, "staff-user-remove")
    page.get_by_role("link", name="No, go back").click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove for good").click()
    expect(page.get_by_role("status")).to_have_text("guest is removed.")
    expect(page.get_by_role("region", name="Users").get_by_text("guest")).to_have_count(0)


def test_a_programme_is_given_orphaned_and_given_back(visit):
    page = visit("root").go("/staff/people/programme/PROP2026A-006/")
    page.get_by_role("textbox", name="User").fill("alice")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("status")).to_have_text("alice holds PROP2026A-006.")
    page.get_by_role("button", name="Orphan this programme").click()
    page.get_by_role("button", name="Orphan it").click()
    expect(page.get_by_role("status")).to_have_text("PROP2026A-006 was taken from alice.")
    page.get_by_role("button", name="Give it back").click()
    page.get_by_role("button", name="Give it back").click()
    expect(page.get_by_role("status")).to_have_text("PROP2026A-006 is given back to alice.")


def test_rights_are_changed_after_a_question(visit, house):
    page = visit("root").go(user_page(house, "deepa"))
    page.get_by_label("work with these pages: staff").check()
    page.get_by_role("button", name="Change the rights").click()
    expect(page.get_by_text("Make deepa staff?")).to_be_visible()
    page.get_by_role("button", name="Change the rights").click()
    expect(page.get_by_role("status")).to_have_text("deepa is staff.")
