"""The cart without a browser: what goes in, whose it is, who sees what of it, its limit, its end, and its download."""

import csv
import hashlib
import io
import threading
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from archive.domain import carts
from archive.domain.removal import delete_frame
from archive.enums import RelationKind
from archive.models import Cart, Frame, FrozenSelection, Proposal, Relation, StoredObject
from pipeline.tasks import forget_old_carts

pytestmark = pytest.mark.django_db
NEVER = datetime(2999, 1, 1, tzinfo=UTC)
CHANGE = "/cart/change/"


def text(response):
    return response.content.decode()


def put(client, *frames, **more):
    sent = {"frame": [frame.pk for frame in frames], "next": "/search/?site_id=lsc", **more}
    return client.post(CHANGE, sent)


def held(user=None):
    return Cart.objects.get(owner=user).frame_ids


def told(client, response):
    return [str(message) for message in client.get(response.url).context["messages"]]


class TestPuttingIn:
    def test_frames_stand_in_the_order_in_which_they_came_and_once(self, client, frame_factory):
        first, second, third = (frame_factory() for _ in range(3))
        assert told(client, put(client, second)) == ["1 frame put into the cart."]
        assert told(client, put(client, first, second, third)) == [
            "2 frames put into the cart. 1 frame was in it already."
        ]
        assert held() == [second.pk, first.pk, third.pk]

    def test_one_goes_back_to_where_the_button_stands_and_nowhere_else(self, client, frame_factory):
        frame = frame_factory()
        assert put(client, frame).url == "/search/?site_id=lsc"
        for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)", ""):
            assert put(client, frame, next=elsewhere).url == "/cart/"

    def test_what_one_may_not_see_does_not_go_in(self, client, frame_factory):
        shown, hidden = frame_factory(), frame_factory(public_date=NEVER)
        assert told(client, put(client, shown, hidden)) == [
            "1 frame put into the cart. 1 frame is not known, or not yours to see."
        ]
        assert held() == [shown.pk]

    @pytest.mark.parametrize("value", ["", "x", "-1", "1e3", "99999999999999999999", "\0", "²"])
    def test_what_is_no_id_is_said_and_changes_nothing(self, client, value):
        response = client.post(CHANGE, {"frame": value})
        assert told(client, response)[0].startswith("Nothing was changed")
        assert not Cart.objects.exists()

    def test_nothing_chosen_is_said(self, client):
        assert told(client, client.post(CHANGE, {"chosen": ""})) == [
            "Nothing was changed: no frame is chosen: mark some first."
        ]

    def test_it_wants_post_and_a_token(self, frame_factory):
        strict = Client(enforce_csrf_checks=True)
        assert put(strict, frame_factory()).status_code == 403
        assert strict.get(CHANGE).status_code == 405
        assert not Cart.objects.exists()

    def test_calibrations_and_relatives_come_along_as_far_as_one_may_see_them(self, client, frame_factory):
        bias, secret, raw, made = (
            frame_factory(), frame_factory(public_date=NEVER), frame_factory(), frame_factory(),
        )  # fmt: skip
        for each in (bias, secret):
            Relation.objects.create(source=each, derived=raw, kind=RelationKind.CALIBRATES)
        Relation.objects.create(source=raw, derived=made, kind=RelationKind.RAW_OF)
        put(client, raw, **{"with": "calibrations"})
        assert held() == [raw.pk, bias.pk]
        put(client, raw, **{"with": "relatives"})
        assert held() == [raw.pk, bias.pk, made.pk]

    def test_htmx_is_given_what_is_another_thing_now(self, client, frame_factory):
        one, other = frame_factory(), frame_factory()
        put(client, other)
        part = text(client.post(CHANGE, {"add": one.pk, "frame": other.pk}, headers={"HX-Request": "true"}))
        assert "<html" not in part
        assert f'id="to-cart-{one.pk}"' in part
        assert f"take {one.basename} out" in part
        assert f"to-cart-{other.pk}" not in part
        assert ">2<" in part

    def test_a_cart_that_is_full_says_what_did_not_fit(self, client, frame_factory, settings):
        settings.CART_MAX_FRAMES = 2
        frames = [frame_factory() for _ in range(4)]
        said = told(client, put(client, *frames))[0]
        assert said.startswith("2 frames put into the cart. 2 frames found no room: a cart holds up to 2 frames.")
        assert held() == [frame.pk for frame in frames[:2]]
        assert "1 frame found no room" in told(client, put(client, frames[3]))[0]


class TestAllFound:
    def test_all_that_a_search_finds_goes_in_in_its_order(self, client, frame_factory):
        at = datetime(2025, 3, 10, tzinfo=UTC)
        wanted = [frame_factory(site_id="cpt", observation_date=at + timedelta(minutes=each)) for each in range(3)]
        frame_factory(site_id="lsc"), frame_factory(site_id="cpt", public_date=NEVER)
        client.post(CHANGE, {"all": "", "query": "site_id=cpt&view=gallery&page=2"})
        assert held() == [frame.pk for frame in reversed(wanted)]

    def test_of_more_than_fit_the_first_go_in_and_all_are_counted(self, client, frame_factory, settings):
        settings.CART_MAX_FRAMES = 2
        for _ in range(5):
            frame_factory(site_id="cpt")
        said = told(client, client.post(CHANGE, {"all": "", "query": "site_id=cpt"}))[0]
        assert "5 frames were found in all." in said
        assert len(held()) == 2

    @pytest.mark.parametrize(
        ("query", "says"), [("start=x", "Enter a valid"), ("place=nowhere", "No frame"), ("site_id=cpt", "no frame")]
    )
    def test_what_can_not_be_asked_or_finds_nothing_is_said(self, client, query, says):
        said = told(client, client.post(CHANGE, {"all": "", "query": query}))[0]
        assert said.startswith("Nothing was changed")
        assert says in said
        assert not Cart.objects.exists()


class TestWhoseItIs:
    def test_carts_of_users_and_sessions_are_their_own(self, client, alice, bob, frame_factory):
        frame = frame_factory()
        put(client, frame)
        for user in (alice, bob):
            other = Client()
            other.force_login(user)
            assert frame.basename not in text(other.get("/cart/"))
        assert frame.basename not in text(Client().get("/cart/"))
        assert frame.basename in text(client.get("/cart/"))

    def test_a_login_brings_the_cart_along(self, client, alice, frame_factory):
        mine, before = frame_factory(), frame_factory()
        carts.put_in(carts.begin(owner=alice, at=timezone.now()).pk, [mine.pk], at=timezone.now())
        put(client, before, mine)
        client.post("/api-auth/login/", {"username": "alice", "password": "alice-pass"})
        assert held(alice) == [mine.pk, before.pk]
        assert not Cart.objects.filter(owner=None).exists()
        client.post("/api-auth/logout/")
        assert before.basename not in text(client.get("/cart/"))

    def test_a_login_with_a_full_cart_says_so(self, client, alice, frame_factory, settings):
        settings.CART_MAX_FRAMES = 1
        mine, before = frame_factory(), frame_factory()
        carts.put_in(carts.begin(owner=alice, at=timezone.now()).pk, [mine.pk], at=timezone.now())
        put(client, before)
        client.post("/api-auth/login/", {"username": "alice", "password": "alice-pass"})
        assert "1 frames of what" in text(client.get("/cart/"))
        assert held(alice) == [mine.pk]

    def test_a_session_that_names_another_s_cart_has_none(self, client, alice, frame_factory):
        cart = carts.begin(owner=alice, at=timezone.now())
        carts.put_in(cart.pk, [frame_factory().pk], at=timezone.now())
        session = client.session
        session[carts.IN_SESSION] = cart.pk
        session.save()
        assert client.get("/cart/").context["held"] is None

    def test_carts_of_nobody_are_forgotten_and_those_of_users_stay(self, client, alice, frame_factory):
        frame = frame_factory()
        put(client, frame)
        carts.begin(owner=alice, at=timezone.now())
        old = timezone.now() - timedelta(days=14, minutes=1)
        Cart.objects.update(changed_at=old + timedelta(minutes=2))
        forget_old_carts()
        assert Cart.objects.count() == 2
        Cart.objects.update(changed_at=old)
        forget_old_carts()
        assert Cart.objects.get().owner == alice
        assert client.get("/cart/").status_code == 200
        put(client, frame)  # begins a new one
        assert held() == [frame.pk]


@pytest.mark.django_db(transaction=True)
def test_who_puts_in_at_the_same_time_loses_nothing(alice, settings):
    settings.CART_MAX_FRAMES = 150
    cart = carts.begin(owner=alice, at=timezone.now())
    start = threading.Barrier(4)

    def fill(number):
        start.wait()
        for turn in range(10):
            first = 1000 * number + 5 * turn
            carts.put_in(cart.pk, range(first, first + 5), at=timezone.now())
        connection.close()

    threads = [threading.Thread(target=fill, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = held(alice)
    assert len(found) == len(set(found)) == 150  # 200 were put in
    assert Cart.objects.get().n_frames == 150


class TestWhatIsSeen:
    def test_frames_that_are_hidden_again_or_gone_are_counted_without_a_name(self, client, frame_factory, now):
        shown, hidden, gone = (frame_factory() for _ in range(3))
        put(client, shown, hidden, gone)
        Frame.objects.filter(pk=hidden.pk).update(public_date=NEVER)
        delete_frame(frame_id=gone.pk, at=now, by="a test")
        for address in ("/cart/", "/cart/list/?format=csv", "/cart/list/?format=json"):
            body = text(client.get(address))
            assert hidden.basename not in body
            assert gone.basename not in body
            assert f"{hidden.pk}," not in body
        assert "2 frames are no longer yours to see, or gone" in text(client.get("/cart/"))
        client.post("/cart/empty/", {"what": "hidden"})
        assert held() == [shown.pk]

    def test_members_find_theirs_and_strangers_do_not(self, alice, frame_factory):
        hidden = frame_factory(public_date=NEVER)
        client = Client()
        client.force_login(alice)
        put(client, hidden)
        assert hidden.basename in text(client.get("/cart/"))
        Proposal.objects.get(pk="PROP001").members.clear()
        assert hidden.basename not in text(client.get("/cart/"))

    def test_frames_without_bytes_are_told_beforehand(self, client, frame_factory):
        good, empty, bad = frame_factory(), frame_factory(versions=0), frame_factory()
        StoredObject.objects.filter(version__frame=bad).update(verified_at=None, fault="its MD5 is another")
        put(client, good, empty, bad)
        page = client.get("/cart/")
        assert {(each.name, each.why) for each in page.context["lacking"]} == {
            (empty.basename, "the archive has no file of it"),
            (bad.basename, "its file is damaged: its MD5 is another"),
        }
        assert page.context["found"].n_files == 1

    @pytest.mark.parametrize("ordering", ["added", "name", "target", "observed", "site", "instrument", "size"])
    def test_it_can_be_ordered_by_each_column(self, client, frame_factory, ordering):
        at = datetime(2025, 3, 10, tzinfo=UTC)
        frames = [
            frame_factory(
                basename=f"frame-{name}", target_name=name, observation_date=at + timedelta(days=ord(name)),
                site_id=name, instrument_id=name, content=b"x" * ord(name),
            )
            for name in "abc"
        ]  # fmt: skip
        put(client, *frames)
        for sign, expected in (("", frames), ("-", frames[::-1])):
            rows = client.get(f"/cart/?ordering={sign}{ordering}").context["rows"]
            assert [row["id"] for row in rows] == [frame.pk for frame in expected]

    @pytest.mark.parametrize("query", ["ordering=x", "page=0", "page=x", "page=99999999999", "page=-1", "page=²"])
    def test_what_the_address_can_not_mean_is_the_first_or_the_last_page(self, client, frame_factory, query):
        put(client, frame_factory())
        assert len(client.get(f"/cart/?{query}").context["rows"]) == 1

    def test_pages_have_fifty_frames_each(self, client, frame_factory):
        put(client, *(frame_factory() for _ in range(51)))
        assert len(client.get("/cart/").context["rows"]) == 50
        assert len(client.get("/cart/?page=2").context["rows"]) == 1

    @pytest.mark.parametrize("count", [1, 3])
    def test_it_costs_as_many_queries_for_any_number(self, client, frame_factory, django_assert_num_queries, count):
        put(client, *(frame_factory() for _ in range(count)))
        client.get("/cart/")
        with django_assert_num_queries(
            4
        ):  # the session, the cart, all frames in order with their files, rows of the page
            client.get("/cart/")


class TestTheHead:
    def test_it_says_how_many_frames_are_in_the_cart(self, client, frame_factory):
        assert '<span id="cart-count" class="in-cart"></span>' in text(client.get("/search/"))
        put(client, frame_factory(), frame_factory())
        assert '<span id="cart-count" class="in-cart">2<' in text(client.get("/night/"))

    def test_readers_without_a_cart_pay_nothing_for_it(self, client, frame_factory, django_assert_num_queries):
        with django_assert_num_queries(0):
            carts.number_in(carts.Whose())
        with django_assert_num_queries(0):
            client.get("/cart/")


class TestTakingOut:
    def test_one_some_and_all(self, client, frame_factory):
        frames = [frame_factory() for _ in range(5)]
        put(client, *frames)
        client.post(CHANGE, {"take": frames[0].pk, "mark": frames[1].pk})
        assert held() == [frame.pk for frame in frames[1:]]
        client.post(CHANGE, {"out": "", "mark": [frames[1].pk, frames[2].pk]})
        assert held() == [frame.pk for frame in frames[3:]]
        assert "Empty the cart?" in text(client.post("/cart/empty/"))
        assert len(held()) == 2
        assert told(client, client.post("/cart/empty/", {"sure": "yes"})) == ["2 frames taken out of the cart."]
        assert held() == []

    def test_without_a_cart_nothing_happens(self, client):
        assert client.post("/cart/empty/", {"sure": "yes"}).status_code == 302
        assert client.post(CHANGE, {"take": "1"}).status_code == 302
        assert not Cart.objects.exists()


class TestLists:
    def test_names_files_ids_and_addresses_are_known(self, client, frame_factory):
        plain, packed, ao, spaced, by_id, by_address = (
            frame_factory(basename="plain"), frame_factory(basename="packed"),
            frame_factory(basename="4_HD_VIC_Si_o_20161107_030405.678901"), frame_factory(basename="with a blank, and more"),
            frame_factory(), frame_factory(),
        )  # fmt: skip
        pasted = (
            f"plain\nfolder/packed.fits.fz\r\n{ao.basename}.fits.bz2\n with a blank, and more \n"
            f"{by_id.pk}, http://testserver/frame/{by_address.pk}/; plain"
        )
        client.post("/cart/paste/", {"names": pasted})
        assert held() == [each.pk for each in (plain, packed, ao, spaced, by_id, by_address)]

    def test_what_is_not_known_or_hidden_is_named_back(self, client, frame_factory):
        frame, hidden = frame_factory(), frame_factory(public_date=NEVER)
        answer = client.post("/cart/paste/", {"names": f"{frame.pk} {hidden.basename} nonsense {hidden.pk}"})
        assert answer.context["pasted"] == f"{hidden.basename}\nnonsense\n{hidden.pk}"
        assert "3 of these are not known here, or not yours to see" in text(answer)
        assert held() == [frame.pk]

    @pytest.mark.parametrize(
        ("pasted", "says"), [("", "write names"), (" ,;\n", "write names"), ("a b c", "these are 3")]
    )
    def test_nothing_and_too_much_is_refused(self, client, settings, pasted, says):
        settings.CART_MAX_FRAMES = 2
        answer = client.post("/cart/paste/", {"names": pasted})
        assert answer.status_code == 400
        assert says in text(answer)

    def test_odd_bytes_are_only_unknown(self, client):
        assert client.post("/cart/paste/", {"names": "a\0b \ud7ff é"}).status_code == 200

    def test_the_cart_is_read_as_text_table_and_json(self, client, frame_factory, api):
        first, second = frame_factory(basename='quo"ted'), frame_factory()
        put(client, first, second)
        assert text(client.get("/cart/list/")) == f'quo"ted\n{second.basename}\n'
        assert text(client.get("/cart/list/?format=ids")) == f"{first.pk}\n{second.pk}\n"
        rows = list(csv.reader(io.StringIO(text(client.get("/cart/list/?format=csv")))))
        assert rows == [["id", "name"], [str(first.pk), 'quo"ted'], [str(second.pk), second.basename]]
        as_json = client.get("/cart/list/?format=json").json()
        assert api(None).post("/downloads/", as_json, format="json").json()["count"] == 2
        assert client.get("/cart/list/?format=pdf").status_code == 404


def download(client, **options):
    response = client.post("/cart/download/", options)
    assert response.status_code == 302
    return response.url


class TestDownload:
    def test_the_zip_has_what_the_manifest_says(self, client, frame_factory):
        frames = [frame_factory(content=f"content {number}".encode()) for number in range(3)]
        put(client, *frames)
        page = client.get(download(client))
        zipped = b"".join(client.get(page.context["address"]))
        sums = dict(line.split("  ")[::-1] for line in b"".join(client.get(page.context["sums"])).decode().splitlines())
        with zipfile.ZipFile(io.BytesIO(zipped)) as opened:
            found = {name: hashlib.sha256(opened.read(name)).hexdigest() for name in opened.namelist()}
        assert found == sums
        assert len(found) == 3
        assert page.context["size_bytes"] == len(zipped)

    def test_the_table_has_sizes_and_addresses_of_files(self, client, frame_factory):
        frame = frame_factory(content=b"four")
        put(client, frame)
        page = client.get(download(client))
        (row,) = csv.DictReader(io.StringIO(b"".join(client.get(page.context["table"])).decode()))
        assert row["size_bytes"] == "4"
        assert row["sha256"] == hashlib.sha256(b"four").hexdigest()
        assert row["md5"] == hashlib.md5(b"four").hexdigest()
        assert row["frame_id"] == str(frame.pk)
        assert b"".join(client.get(row["url"])) == b"four"

    def test_bytes_that_nobody_has_read_stand_in_comments(self, client, frame_factory):
        frame = frame_factory()
        StoredObject.objects.filter(version__frame=frame).update(sha256=None, verified_at=None)
        put(client, frame)
        page = client.get(download(client))
        assert b"".join(client.get(page.context["sums"])).startswith(b"# not read by the archive yet: ")

    def test_files_that_are_made_on_the_way_have_neither_sums_nor_scripts(self, client, frame_factory):
        put(client, frame_factory())
        address = download(client, uncompress="on")
        page = client.get(address)
        assert page.context["scripts"] == []
        assert b"".join(client.get(page.context["sums"])).startswith(b"# made while the zip is sent: ")
        selection = FrozenSelection.objects.get()
        assert client.get(f"/downloads/{selection.pk}/script/?format=curl").status_code == 400

    def test_too_many_to_unpack_and_an_empty_cart_are_said(self, client, frame_factory, settings):
        assert told(client, client.post("/cart/download/")) == ["There is no download: the cart is empty."]
        settings.ZIP_DOWNLOAD_MAX_UNCOMPRESSED_FILES = 1
        put(client, frame_factory(), frame_factory())
        assert "choose fewer" in told(client, client.post("/cart/download/", {"uncompress": "on"}))[-1]
        assert not FrozenSelection.objects.exists()

    def test_calibrations_come_along(self, client, frame_factory):
        bias, raw = frame_factory(), frame_factory()
        Relation.objects.create(source=bias, derived=raw, kind=RelationKind.CALIBRATES)
        put(client, raw)
        download(client)
        download(client, calibrations="on")
        assert sorted(FrozenSelection.objects.values_list("count", flat=True)) == [1, 2]

    def test_what_is_left_out_is_told_with_its_reason(self, client, frame_factory):
        good, later, bad, hidden = (frame_factory() for _ in range(4))
        StoredObject.objects.filter(version__frame=bad).update(verified_at=None, fault="its MD5 is another")
        put(client, good, bad, hidden)
        Frame.objects.filter(pk=hidden.pk).update(public_date=NEVER)
        address = download(client)
        put(client, later)
        left = client.get(address).context["left_out"]
        assert (left.n_hidden, left.n_since) == (1, 1)
        assert [(each.name, each.why) for each in left.lacking] == [
            (bad.basename, "its file is damaged: its MD5 is another")
        ]
        assert hidden.basename not in text(client.get(address))
        assert not Client().get(address).context["left_out"]  # who was given the link has another cart

    def test_what_is_not_public_is_its_owner_s(self, alice, bob, frame_factory):
        client, other = Client(), Client()
        client.force_login(alice), other.force_login(bob)
        put(client, frame_factory(public_date=NEVER))
        address = download(client)
        assert "yours alone" in text(client.get(address))
        selection = FrozenSelection.objects.get()
        for route in (address, f"/downloads/{selection.pk}/script/?format=curl",
                      f"/downloads/{selection.pk}/manifest/?format=csv"):  # fmt: skip
            assert other.get(route).status_code == 404
            assert Client().get(route).status_code in {401, 404}

    def test_it_ends(self, client, frame_factory):
        put(client, frame_factory())
        address = download(client)
        selection = FrozenSelection.objects.get()
        FrozenSelection.objects.update(expires_at=timezone.now())
        assert client.get(address).status_code == 410
        for route in ("script/?format=curl", "manifest/?format=sha256"):
            assert client.get(f"/downloads/{selection.pk}/{route}").status_code == 410
        assert client.get("/cart/download/00000000-0000-0000-0000-000000000000/").status_code == 404

    @pytest.mark.parametrize("route", ["script/", "script/?format=x", "manifest/", "manifest/?format=x"])
    def test_a_format_must_be_said(self, client, frame_factory, route):
        put(client, frame_factory())
        download(client)
        assert client.get(f"/downloads/{FrozenSelection.objects.get().pk}/{route}").status_code == 400

    def test_scripts_hold_the_files_of_the_selection(self, client, frame_factory):
        frame = frame_factory(content=b"four")
        put(client, frame)
        page = client.get(download(client))
        for script in page.context["scripts"]:
            body = b"".join(client.get(script["address"])).decode()
            assert hashlib.sha256(b"four").hexdigest() in body
            assert f"/downloads/{FrozenSelection.objects.get().pk}/0/{frame.basename}.fits.fz" in body
