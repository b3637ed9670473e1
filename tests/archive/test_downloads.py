"""/downloads/: what is frozen, who gets it, any byte of it again, and what ends it."""

import io
import random
import re
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from django.utils import timezone

from archive.domain import selections
from archive.domain.removal import delete_frame
from archive.downloads import checks
from archive.downloads.frozen_zip import FrozenZip
from archive.errors import ArchiveError, ConflictError
from archive.models import Frame, FrozenSelection, StoredObject
from pipeline.tasks import forget_expired_selections
from tests.factories import FrameFactory

RECORDED = Path(__file__).resolve().parents[1] / "recorded" / "funpack"
ROUTE = "/downloads/"


def freeze(client, frames, **more):
    response = client.post(ROUTE, {"frame_ids": [frame.pk for frame in frames], **more}, format="json")
    assert response.status_code == 201, response.content
    return response.json()


def bytes_of(response) -> bytes:
    assert response.status_code in {200, 206}, response.content
    return b"".join(response)


def read(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


class TestFreezing:
    def test_the_answer_says_what_will_come(self, frame_factory, api):
        frames = [frame_factory(content=b"1"), frame_factory(content=b"22")]
        answer = freeze(api(None), frames)
        folder = f"ocs_archive_data-{timezone.now():%Y%m%d}-2"
        content = bytes_of(api(None).get(answer["url"]))
        assert read(content) == {
            f"{folder}/{frame.basename}.fits.fz": data for frame, data in zip(frames, (b"1", b"22"), strict=True)
        }
        selection = FrozenSelection.objects.get()
        assert answer == {
            "url": f"http://testserver/downloads/{selection.pk}/",
            "count": 2,
            "size_bytes": len(content),
            "expires_at": selection.expires_at.isoformat().replace("+00:00", "Z"),
            "filename": f"{folder}.zip",
            "left_out": 0,
        }
        assert selection.expires_at - selection.created_at == timedelta(hours=24)

    def test_the_terms_of_a_list_choose_all_pages_of_it(self, frame_factory, api):
        wanted = {frame_factory(site_id="cpt").basename for _ in range(3)}
        frame_factory(site_id="lsc"), frame_factory(site_id="cpt", public_date=None)
        answer = api(None).post(f"{ROUTE}?site_id=cpt&limit=1&offset=2").json()
        held = read(bytes_of(api(None).get(answer["url"])))
        assert {name.split("/")[1] for name in held} == {f"{name}.fits.fz" for name in wanted}

    def test_terms_and_ids_must_both_fit(self, frame_factory, api):
        one, two = frame_factory(site_id="cpt"), frame_factory(site_id="lsc")
        answer = api(None).post(f"{ROUTE}?site_id=cpt", {"frame_ids": [one.pk, two.pk]}, format="json").json()
        assert answer["count"] == 1

    @pytest.mark.parametrize("query", ["", "?sitte_id=cpt", "?site_id=", "?limit=5"])
    def test_without_a_term_nothing_is_frozen(self, query, frame_factory, api):
        frame_factory()
        response = api(None).post(ROUTE + query)
        assert response.status_code == 400
        assert "frame_ids" in response.json()["detail"]

    @pytest.mark.parametrize(
        ("query", "body"), [("?start=x", {}), ("", {"frame_ids": [0]}), ("", {"frame_ids": "x"}), ("?covers=X", {})]
    )
    def test_bad_terms_and_ids_are_400(self, query, body, db, api):
        assert api(None).post(ROUTE + query, body, format="json").status_code == 400

    def test_what_nobody_may_see_or_has_no_file_is_404(self, frame_factory, api, bob):
        frames = [frame_factory(public_date=None), frame_factory(versions=0)]
        for user in (None, bob):
            response = api(user).post(ROUTE, {"frame_ids": [frame.pk for frame in frames]}, format="json")
            assert response.status_code == 404
        assert not FrozenSelection.objects.exists()

    def test_more_than_the_archive_allows_are_refused(self, frame_factory, api):
        frames = [frame_factory(), frame_factory()]
        with override_settings(DOWNLOAD_MAX_FRAMES=1):
            freeze(api(None), frames[:1])
            response = api(None).post(f"{ROUTE}?site_id=lsc")
        assert response.status_code == 400
        assert "narrow" in response.json()["detail"]

    def test_damaged_files_are_left_out_of_a_search_and_refused_by_name(self, frame_factory, api):
        good, bad = frame_factory(), frame_factory()
        StoredObject.objects.filter(version__frame=bad).update(verified_at=None, fault="its MD5 is another")
        answer = api(None).post(f"{ROUTE}?site_id=lsc").json()
        assert (answer["count"], answer["left_out"]) == (1, 1)
        response = api(None).post(ROUTE, {"frame_ids": [good.pk, bad.pk]}, format="json")
        assert response.status_code == 409
        assert bad.basename in response.json()["detail"]

    def test_too_many_to_unpack_are_refused(self, frame_factory, api):
        for _ in range(2):
            frame_factory()
        with override_settings(ZIP_DOWNLOAD_MAX_UNCOMPRESSED_FILES=1):
            assert api(None).post(f"{ROUTE}?site_id=lsc", {"uncompress": True}, format="json").status_code == 400

    def test_names_never_meet_and_never_lead_out_of_the_folder(self, frame_factory, api):
        frames = [
            frame_factory(basename="a", extension=".b.fits"),
            frame_factory(basename="a.b", extension=".fits"),
            frame_factory(basename="x\\..\\y", extension=".fits"),
        ]
        held = read(bytes_of(api(None).get(freeze(api(None), frames)["url"])))
        assert {name.split("/")[1] for name in held} == {
            f"{frames[0].pk}-a.b.fits", f"{frames[1].pk}-a.b.fits", "x_.._y.fits",
        }  # fmt: skip

    @pytest.mark.parametrize("count", [1, 3])
    def test_it_costs_the_same_queries_for_any_number(self, count, frame_factory, api, django_assert_num_queries):
        frames = [frame_factory() for _ in range(count)]
        with django_assert_num_queries(2):  # versions with frames and objects; the selection
            answer = freeze(api(None), frames)
        with django_assert_num_queries(5):  # the selection, its members, all checked, its names, the first batch
            bytes_of(api(None).get(answer["url"]))


class TestZipAtOnce:
    def test_its_link_gives_the_same_bytes_again(self, frame_factory, api):
        frames = [frame_factory(content=b"1" * 1000), frame_factory()]
        response = api(None).post("/frames/zip/", {"frame_ids": [frame.pk for frame in frames]}, format="json")
        link = re.fullmatch(
            r'<(http://testserver/downloads/[0-9a-f-]{36}/)>; rel="alternate"; type="application/zip"', response["Link"]
        )
        assert link
        again = api(None).get(link[1])
        assert again["ETag"] == response["ETag"]
        assert again["Content-Length"] == response["Content-Length"]
        assert again["Content-Disposition"] == response["Content-Disposition"]
        assert bytes_of(response) == bytes_of(again)

    def test_a_token_in_the_body_makes_its_user_the_owner(self, frame_factory, api, alice):
        hidden = frame_factory(public_date=None)
        token = alice.auth_token.key
        response = api(None).post("/frames/zip/", {"frame_ids": [hidden.pk], "auth_token": token}, format="json")
        link = response["Link"].split(">")[0][1:]
        assert api(None).get(link).status_code == 404
        assert bytes_of(api(alice).get(link)) == bytes_of(response)


class TestRights:
    def test_what_is_not_public_is_its_owner_s_alone(self, frame_factory, api, alice, bob, admin):
        url = freeze(api(alice), [frame_factory(), frame_factory(public_date=None)])["url"]
        unknown = api(None).get(f"{ROUTE}00000000-0000-0000-0000-000000000000/")
        for user in (None, bob, admin):
            for response in (api(user).get(url), api(user).head(url), api(user).get(f"{url}0/x")):
                assert response.status_code == 404
            assert api(user).get(url).content == unknown.content
        assert api(alice).get(url).status_code == 200

    def test_what_is_public_is_anybody_s_who_has_the_link(self, frame_factory, api, alice, bob):
        url = freeze(api(alice), [frame_factory()])["url"]
        assert len({bytes_of(api(user).get(url)) for user in (None, alice, bob)}) == 1

    @pytest.mark.parametrize("change", ["embargoed", "deleted", "no longer a member", "damaged", "other bytes"])
    def test_a_file_that_is_gone_before_the_start_is_409(self, change, frame_factory, api, alice, now):
        kept, lost = frame_factory(), frame_factory(public_date=None)
        url = freeze(api(alice), [kept, lost])["url"]
        take_away(change, lost, alice, now)
        response = api(alice).get(url)
        assert response.status_code == 409
        assert "1 of the 2 files" in response.json()["detail"]
        assert "freeze" in response.json()["detail"]
        assert lost.basename not in response.json()["detail"]
        assert api(alice).head(url).status_code == 409

    @pytest.mark.parametrize(
        "change", ["embargoed", "deleted", "no longer a member", "damaged", "other bytes", "deactivated"]
    )
    @pytest.mark.parametrize("layout", ["fixed", "streamed"])
    def test_a_file_that_goes_while_others_are_sent_ends_the_stream(
        self, change, layout, frame_factory, api, alice, now, monkeypatch
    ):
        monkeypatch.setattr(checks, "HOLDS_S", 0.0)
        kept = frame_factory(content=b"first" * 99, public_date=None)
        lost = frame_factory(content=b"second", public_date=None, observation_date=now - timedelta(days=9999))
        if layout == "streamed":
            StoredObject.objects.filter(version__frame=kept).update(crc32=None, verified_at=None)
        url = freeze(api(alice), [kept, lost])["url"]
        response = api(alice).get(url)
        assert ("Content-Length" in response) == (layout == "fixed")
        blocks = iter(response)
        came = next(blocks)
        assert b"first" in came
        take_away(change, lost, alice, now)
        rest = io.BytesIO()
        with pytest.raises(ArchiveError):
            rest.writelines(blocks)
        came += rest.getvalue()
        assert b"second" not in came
        assert not zipfile.is_zipfile(io.BytesIO(came))

    def test_a_check_is_asked_again_after_two_seconds(self, frame_factory, monkeypatch, alice):
        frames = [frame_factory() for _ in range(2)]
        url_owner = selections.freeze(members_of(frames), owner=None, folder="x", at=timezone.now())
        clock = [100.0]
        monkeypatch.setattr(checks.time, "monotonic", lambda: clock[0])
        held = checks.Checks(selections.table_of(url_owner), alice)
        held.version(0)
        Frame.objects.update(public_date=None, proposal_id="")
        clock[0] += 1.9
        held.version(1)
        clock[0] += 0.1
        with pytest.raises(ConflictError):
            held.version(1)

    def test_a_newer_file_changes_nothing_of_what_is_frozen(self, frame_factory, api):
        frame = frame_factory(content=b"old")
        url = freeze(api(None), [frame])["url"]
        before = bytes_of(api(None).get(url))
        frame_factory(basename=frame.basename, content=b"new")
        assert bytes_of(api(None).get(url)) == before


def members_of(frames):
    return [
        selections.FrozenMember(
            frame.pk,
            stored.pk,
            f"{frame.pk}.fits",
            0,
            int(stored.stored_at.timestamp()),
            stored.size_bytes,
            stored.crc32,
        )
        for frame in frames
        for stored in StoredObject.objects.filter(version__frame=frame)
    ]


def take_away(change: str, frame: Frame, alice: User, now) -> None:
    if change == "embargoed":
        Frame.objects.filter(pk=frame.pk).update(public_date=None, proposal_id="ANOTHER")
    elif change == "deleted":
        delete_frame(frame_id=frame.pk, at=now, by="test")
    elif change == "no longer a member":
        alice.proposals.clear()
    elif change == "deactivated":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    else:
        new = {"fault": "rotten", "verified_at": None} if change == "damaged" else {"crc32": 1}
        StoredObject.objects.filter(version__frame=frame).update(**new)


class TestRanges:
    @pytest.fixture
    def frozen(self, frame_factory, api):
        url = freeze(api(None), [frame_factory(content=content) for content in (b"one", b"", b"three" * 40)])["url"]
        return url, bytes_of(api(None).get(url))

    def test_head_says_what_get_will_give(self, frozen, api):
        url, whole = frozen
        response = api(None).head(url)
        assert b"".join(response) == b""
        assert response["Content-Length"] == str(len(whole))
        assert response["Accept-Ranges"] == "bytes"
        assert re.fullmatch(r'"[0-9a-f]{32}-\d"', response["ETag"])

    def test_any_range_is_that_slice_of_the_whole(self, frozen):
        whole = frozen[1]
        zipped = FrozenZip(FrozenSelection.objects.get())
        reader = User()
        chance = random.Random(4)
        places = [sorted(chance.choices(range(len(whole) + 1), k=2)) for _ in range(200)]
        for start, stop in [*places, *((place, len(whole)) for place in range(0, len(whole), 9))]:
            assert b"".join(zipped.blocks(reader, start=start, stop=stop)) == whole[start:stop]

    @pytest.mark.parametrize(
        ("asked", "cut"),
        [("bytes=0-0", slice(0, 1)), ("bytes=100-", slice(100, None)), ("bytes=-7", slice(-7, None)),
         ("bytes=50-99999", slice(50, None))],
    )  # fmt: skip
    def test_one_range_is_answered_206(self, frozen, api, asked, cut):
        url, whole = frozen
        etag = api(None).head(url)["ETag"]
        for more in ({}, {"HTTP_IF_RANGE": etag}):
            response = api(None).get(url, HTTP_RANGE=asked, **more)
            assert response.status_code == 206
            assert bytes_of(response) == whole[cut]
            start, stop, _ = cut.indices(len(whole))
            assert response["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
            assert response["Content-Length"] == str(stop - start)

    @pytest.mark.parametrize(
        "headers",
        [{"HTTP_RANGE": "bytes=5-9", "HTTP_IF_RANGE": '"other"'}, {"HTTP_RANGE": "bytes=5-9,20-30"},
         {"HTTP_RANGE": "lines=1-2"}, {"HTTP_RANGE": "bytes=9-5"}],
    )  # fmt: skip
    def test_what_is_no_single_range_of_this_zip_gets_the_whole(self, frozen, api, headers):
        response = api(None).get(frozen[0], **headers)
        assert response.status_code == 200
        assert bytes_of(response) == frozen[1]

    def test_beyond_the_end_is_416(self, frozen, api):
        url, whole = frozen
        response = api(None).get(url, HTTP_RANGE=f"bytes={len(whole)}-")
        assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(whole)}")

    def test_who_has_it_is_told_so(self, frozen, api):
        assert api(None).get(frozen[0], HTTP_IF_NONE_MATCH=api(None).head(frozen[0])["ETag"]).status_code == 304

    def test_unzip_finds_it_right(self, db, use_store, tmp_path, api):
        make = FrameFactory(use_store(type="local", root_dir=str(tmp_path)))
        frames = [make(content=bytes([number]) * 300_000, basename=f"größe {number}") for number in range(3)]
        target = tmp_path / "got.zip"
        target.write_bytes(bytes_of(api(None).get(freeze(api(None), frames)["url"])))
        done = subprocess.run(["unzip", "-t", str(target)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        assert "No errors detected" in done.stdout


class TestDamage:
    @pytest.mark.parametrize("fault", ["other bytes", "shorter", "gone"])
    @pytest.mark.parametrize("start", [0, 100, 150_000])
    def test_it_ends_the_stream_before_the_file_is_whole(self, fault, start, frame_factory, api, store):
        frame = frame_factory(content=b"x" * 200_000)
        url = freeze(api(None), [frame])["url"]
        size_bytes = int(api(None).head(url)["Content-Length"])
        stored = frame.versions.get().object
        held = store._held[stored.path]
        version, content = held[stored.version_id]
        held[stored.version_id] = (
            version,
            {"other bytes": b"y" + content[1:], "shorter": content[:-1]}.get(fault, b""),
        )
        response = api(None).get(url, HTTP_RANGE=f"bytes={start}-")
        if response.status_code < 300:
            came = []
            with pytest.raises(ArchiveError):
                came.extend(response)
            assert start + len(b"".join(came)) < size_bytes - 22
        else:
            assert response.status_code == 500

    def test_a_range_that_ends_before_the_damage_is_known_is_not_held_up(self, frame_factory, api):
        frame = frame_factory(content=b"x" * 200_000)
        url = freeze(api(None), [frame])["url"]
        assert len(bytes_of(api(None).get(url, HTTP_RANGE="bytes=500-599"))) == 100


class TestStreamed:
    @pytest.fixture(params=["unpacked", "without CRC"])
    def url(self, request, frame_factory, api):
        frame = frame_factory(content=(RECORDED / "primary.fits.fz").read_bytes())
        if request.param == "without CRC":
            StoredObject.objects.update(crc32=None, verified_at=None)
        return freeze(api(None), [frame], uncompress=request.param == "unpacked")["url"]

    def test_it_comes_without_a_length_and_whole(self, url, api):
        for headers in ({}, {"HTTP_RANGE": "bytes=100-"}):
            response = api(None).get(url, **headers)
            assert "Content-Length" not in response
            assert "ETag" not in response
            assert response["Accept-Ranges"] == "none"
            assert response.status_code == 200
            assert len(read(bytes_of(response))) == 1
        assert bytes_of(api(None).head(url)) == b""


class TestEnd:
    def test_an_expired_one_says_so_and_is_forgotten_a_day_later(self, frame_factory, api):
        url = freeze(api(None), [frame_factory()])["url"]
        now = timezone.now()
        FrozenSelection.objects.update(expires_at=now)
        for address in (url, f"{url}0/x"):
            response = api(None).get(address)
            assert response.status_code == 410
            assert "freeze" in response.json()["detail"]
        forget_expired_selections()
        assert api(None).get(url).status_code == 410
        FrozenSelection.objects.update(expires_at=now - timedelta(days=1, seconds=1))
        forget_expired_selections()
        assert api(None).get(url).status_code == 404
        assert not FrozenSelection.objects.exists()

    def test_those_that_hold_are_kept(self, frame_factory, api):
        url = freeze(api(None), [frame_factory()])["url"]
        forget_expired_selections()
        assert api(None).get(url).status_code == 200


class TestFileByFile:
    def test_each_file_comes_as_it_was_frozen(self, frame_factory, api):
        frames = [frame_factory(content=b"first"), frame_factory(content=b"second")]
        url = freeze(api(None), frames)["url"]
        frame_factory(basename=frames[0].basename, content=b"newer")
        got = [bytes_of(api(None).get(f"{url}{number}/name.fits")) for number in range(2)]
        assert got == [b"first", b"second"]
        response = api(None).get(f"{url}1/name.fits", HTTP_RANGE="bytes=3-")
        assert (response.status_code, bytes_of(response)) == (206, b"ond")
        assert api(None).get(f"{url}2/name.fits").status_code == 404

    def test_what_has_to_be_made_comes_only_in_the_zip(self, frame_factory, api):
        frame = frame_factory(content=(RECORDED / "primary.fits.fz").read_bytes())
        url = freeze(api(None), [frame], uncompress=True)["url"]
        response = api(None).get(f"{url}0/x")
        assert response.status_code == 400
        assert "zip" in response.json()["detail"]

    @pytest.mark.parametrize("change", ["embargoed", "deleted", "no longer a member", "damaged", "other bytes"])
    def test_rights_are_asked_for_each(self, change, frame_factory, api, alice, now):
        kept, lost = frame_factory(public_date=None), frame_factory(public_date=None)
        url = freeze(api(alice), [kept, lost])["url"]
        take_away(change, lost, alice, now)
        assert api(alice).get(f"{url}1/x").status_code == 409
        assert api(alice).get(f"{url}0/x").status_code == (409 if change == "no longer a member" else 200)

    def test_it_costs_few_queries_and_reads_one_row(self, frame_factory, api, django_assert_num_queries):
        url = freeze(api(None), [frame_factory() for _ in range(3)])["url"]
        with django_assert_num_queries(4):  # the selection, one member's row, its version, its frame's name
            bytes_of(api(None).get(f"{url}1/x"))
