"""Families at the addresses of Photon Ranch: what is listed, to whom, by which terms, in which package."""

import hashlib
from datetime import datetime
from urllib.parse import quote

import pytest

from archive.models import Exposure, Frame
from ingest.arrivals import take_in_header
from tests.photonranch_night import USER_ID, USERNAME, ptr_night

PACKAGE = {
    "image_id", "base_filename", "data_type", "site", "exposure_time", "filter_used", "right_ascension", "declination",
    "azimuth", "altitude", "airmass", "fits_01_exists", "fits_10_exists", "jpg_medium_exists", "jpg_small_exists",
    "s3_directory", "username", "user_id", "fits_filename", "fits_path", "SMARTSTK", "SSTKNUM", "capture_date",
    "sort_date", "jpg_url", "jpg_thumbnail_url",
}  # fmt: skip


@pytest.fixture
def whole(db, arrive):
    """A family with all of its files."""
    family = next(ptr_night(n=1, large_px=16, picture_px=64))
    for path, content in family.files.items():
        arrive(path, content)
    return family


@pytest.fixture
def listed(db, now):
    """Makes a family that has a header only: `listed(3, AIRMASS=1.5)` is the third of the night."""

    def make(number=1, *, site="tst", directory="data", picture=True, data_type="EX", **changes):
        cards = {name.replace("__", "-"): value for name, value in changes.items()}
        made = next(ptr_night(site=site, n=1, first=number, packings=(), picture_px=8, changes=cards))
        exposure = take_in_header(path=f"{directory}/{made.base}-{data_type}01.txt", header=made.header, now=now)
        Exposure.objects.filter(pk=exposure.pk).update(jpg_medium_exists=picture, data_type=data_type)
        return made

    return make


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    found = answer.json()
    return [row["base_filename"][-8:].lstrip("0") for row in (found["results"] if isinstance(found, dict) else found)]


class TestPackage:
    def test_it_has_every_key_with_its_value(self, client, whole):
        package = client.get(f"/image/{whole.base}/").json()
        header = whole.header
        assert package.keys() >= PACKAGE
        assert package["right_ascension"] == pytest.approx(whole.ra_deg / 15)
        assert [package[key] for key in ("airmass", "altitude", "azimuth", "exposure_time")] == [
            header[key] for key in ("AIRMASS", "ALTITUDE", "AZIMUTH", "EXPTIME")
        ]
        assert (package["username"], package["user_id"]) == (USERNAME, USER_ID)
        assert (package["site"], package["data_type"], package["s3_directory"]) == ("tst", "EX", "data")
        assert package["fits_filename"] == header["ORIGNAME"]
        assert package["fits_path"] == "tst/kb001ms/20261120/raw"
        assert (package["SMARTSTK"], package["SSTKNUM"]) == ("no", "1")
        assert package["capture_date"] == datetime.fromisoformat(header["DATE-OBS"] + "+00:00").timestamp() * 1000
        assert all(package[flag] is True for flag in PACKAGE if flag.endswith("_exists"))

    def test_its_links_lead_to_the_bytes(self, client, whole):
        package = client.get(f"/image/{whole.base}/").json()
        wanted = {"jpg_url": "10.jpg", "fits_01_url": "01.fits.fz", "fits_10_url": "10.fits.bz2"}
        for key, ending in wanted.items():
            assert f"{whole.key(ending)}?" in package[key]
        assert "archive/families/data/tst/20261120/of-10/" in package["jpg_thumbnail_url"]
        assert f"{whole.base}-EX11.jpg?" in package["jpg_thumbnail_url"]

    def test_a_header_alone_has_a_package_without_links(self, client, listed):
        made = listed(picture=False)
        package = client.get(f"/image/{made.base}/").json()
        assert [package[key] for key in ("jpg_url", "jpg_thumbnail_url", "fits_01_url")] == [""] * 3
        assert not package["jpg_medium_exists"]

    def test_the_header_is_given_whole(self, client, whole):
        header = client.get(f"/fitsheader/{whole.base}/").json()
        assert {key: header[key] for key in whole.header} == dict(whole.header)


class TestNotThere:
    @pytest.mark.parametrize("base", ["tst-kb001ms-20261120-00000009", "nonsense", quote("a%0'\n", safe=""), "x" * 900])
    def test_no_family_is_404(self, client, whole, base):
        for route in ("image", "fitsheader"):
            answer = client.get(f"/{route}/{base}/")
            assert answer.status_code == 404
            assert "no family" in answer.json()["detail"]

    def test_a_family_without_a_header_says_that_it_has_none_yet(self, client, db, arrive):
        family = next(ptr_night(n=1, picture_px=16))
        arrive(family.key(".jpg"), family.files[family.key(".jpg")])
        answer = client.get(f"/fitsheader/{family.base}/")
        assert (answer.status_code, "No header" in answer.json()["detail"]) == (404, True)
        assert client.get(f"/image/{family.base}/").status_code == 200

    def test_two_families_of_one_name_are_409_unless_the_folder_is_given(self, client, listed):
        base = listed(directory="allsky").base
        assert client.get(f"/image/{base}/").json()["s3_directory"] == "allsky"
        listed(directory="test")
        answer = client.get(f"/image/{base}/")
        assert (answer.status_code, "s3_directory" in answer.json()["detail"]) == (409, True)
        assert client.get(f"/image/{base}/?s3_directory=test").json()["s3_directory"] == "test"
        listed(directory="data")
        assert client.get(f"/image/{base}/").json()["s3_directory"] == "data"

    def test_a_folder_that_has_no_list_is_400(self, client, db):
        assert client.get("/filtered_images/?s3_directory=info-images").status_code == 400

    @pytest.mark.parametrize("site", ["a%00b", "no", "seven77", "%F0%9F%94%AD"])
    def test_what_is_no_site_is_404(self, client, db, site):
        for route in (f"/{site}/latest_images/1/", f"/infoimage/{site}/1/"):
            answer = client.get(route)
            assert (answer.status_code, "no site" in answer.json()["detail"]) == (404, True)

    def test_characters_that_no_column_holds_harm_nothing(self, client, listed):
        listed(1)
        assert names(client.get("/tst/latest_images/1/?userid=a%00")) == []
        for term in ("username", "filename", "site", "base_filename"):
            assert client.get(f"/filtered_images/?{term}=a%00").status_code == 400


class TestLists:
    def test_all_families_newest_first_by_pages(self, client, listed):
        for number in range(1, 6):
            listed(number, picture=number != 3)
        first = client.get("/filtered_images/?limit=2")
        assert (names(first), first.json()["count"]) == (["5", "4"], 5)
        second = client.get(first.json()["next"])
        assert names(second) == ["3", "2"]
        by_cursor = client.get("/filtered_images/?limit=3&pagination_style=cursor")
        assert names(client.get(by_cursor.json()["next"])) == ["2", "1"]

    def test_other_kinds_are_not_among_them(self, client, listed):
        listed(1)
        listed(2, directory="allsky")
        assert names(client.get("/filtered_images/")) == ["1"]
        assert names(client.get("/filtered_images/?s3_directory=allsky")) == ["2"]

    @pytest.mark.parametrize("rows", [1, 3])
    def test_a_page_takes_the_same_number_of_statements(self, client, listed, django_assert_num_queries, rows):
        for number in range(1, rows + 1):
            listed(number)
        with django_assert_num_queries(3):
            client.get("/filtered_images/")
        with django_assert_num_queries(3):
            client.get("/tst/latest_images/5/")

    def test_families_without_fits_are_not_among_frames(self, client, listed):
        listed(1)
        assert client.get("/frames/").json()["count"] == 0

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("username=Tim+/+O'B", "1"), ("user_id=sub%7C1", "1"), ("site=tst", "1"), ("site=sro", "2"),
            ("instrument=kb001ms", "21"), ("filter=r'", "1"), ("filter=ip", "2"), ("data_type=EP", "2"),
            ("base_filename=tst-kb001ms-20261120-00000001", "1"), ("filename=0002", "2"), ("filename=SRO-", "2"),
            ("filename=tst%25", "1"), ("filename=%2500002", "2"), ("filename=%25kb001%2501", "1"),
            ("filename=_", ""), ("night=2026-11-20", "21"), ("night=2026-11-21", ""),
            ("start_date=2026-11-20T23:01:00Z", "2"), ("end_date=2026-11-20T23:01:00Z", "1"),
            ("exposure_time_min=50", "2"), ("exposure_time_max=50", "1"), ("airmass_min=1.5&airmass_max=1.7", "2"),
            ("airmass_max=1.2", "1"), ("altitude_min=60", "1"), ("altitude_max=60", "2"),
            ("azimuth_min=340&azimuth_max=20", "2"), ("azimuth_min=20&azimuth_max=340", "1"), ("azimuth_max=20", "2"),
            ("right_ascension_min=12&right_ascension_max=13", "1"), ("right_ascension_min=23&right_ascension_max=1", "2"),
            ("declination_min=0", "1"), ("declination_max=0", "2"),
            ("jpg_medium_exists=true", "1"), ("jpg_medium_exists=false", "2"), ("fits_01_exists=true", ""),
            ("fits_10_exists=false", "21"), ("jpg_small_exists=false&site=tst", "1"),
            ("airmass_min=&site=", "21"),
        ],
    )  # fmt: skip
    def test_every_column_narrows_the_list(self, client, listed, query, found):
        listed(
            1, FILTER="r'", AIRMASS=1.1, ALTITUDE=70.0, AZIMUTH=180.0, EXPTIME=10.0, OBJCTRA=12.5, OBJCTDEC="+10 00 00",
            USERID="sub|1",
        )  # fmt: skip
        listed(
            2, site="sro", picture=False, data_type="EP", FILTER="ip", AIRMASS=1.6, ALTITUDE=40.0, AZIMUTH=10.0,
            EXPTIME=100.0, OBJCTRA="23 30 00", OBJCTDEC="-20 00 00", USERNAME="Ann",
        )  # fmt: skip
        assert "".join(names(client.get(f"/filtered_images/?{query}"))) == found

    @pytest.mark.parametrize(
        "query", ["airmass_min=x", "right_ascension_min=25", "start_date=soon", "night=x", "fits_01_exists=perhaps"]
    )
    def test_what_can_not_be_read_is_400_and_named(self, client, db, query):
        answer = client.get(f"/filtered_images/?{query}")
        assert (answer.status_code, query.split("=")[0] in answer.json()) == (400, True)


class TestSmartStacks:
    @pytest.mark.parametrize("stack", ["20261120_a-stack", "20261120235959", 20261120])
    @pytest.mark.parametrize("number_of", [str, int], ids=["text", "integer"])
    def test_only_the_last_of_a_stack_is_shown(self, client, listed, stack, number_of):
        for number in (1, 2, 9, 10):
            listed(number, SMARTSTK=stack, SSTKNUM=number_of(number))
        listed(20)
        listed(21, site="sro", SMARTSTK=stack, SSTKNUM=number_of(3))
        assert sorted(names(client.get("/filtered_images/"))) == ["10", "20", "21"]
        assert client.get("/filtered_images/").json()["count"] == 3
        assert len(names(client.get("/filtered_images/?intermediates=true"))) == 6

    def test_of_what_the_terms_keep_the_last_is_shown(self, client, listed):
        for number in (1, 2, 3):
            listed(number, SMARTSTK="a", SSTKNUM=number, EXPTIME=float(number))
        assert names(client.get("/filtered_images/?exposure_time_max=2")) == ["2"]

    def test_one_without_a_picture_stands_in_for_none_that_has_it(self, client, listed):
        listed(1, SMARTSTK="a", SSTKNUM=1)
        listed(2, SMARTSTK="a", SSTKNUM=2, picture=False)
        assert sorted(names(client.get("/filtered_images/?jpg_medium_exists=true"))) == ["1"]
        assert sorted(names(client.get("/filtered_images/"))) == ["1", "2"]

    @pytest.mark.parametrize("word", ["no", "No", "", None, "none"])
    def test_what_is_in_no_stack_is_shown(self, client, listed, word):
        for number in (1, 2):
            listed(number, SMARTSTK=word)
        assert names(client.get("/filtered_images/")) == ["2", "1"]


class TestLatest:
    def test_of_a_site_the_newest_that_have_pictures(self, client, listed):
        for number in range(1, 5):
            listed(number, picture=number != 4, USERID="a" if number == 1 else "b")
        listed(9, site="sro")
        assert names(client.get("/tst/latest_images/2/")) == ["3", "2"]
        assert names(client.get("/tst/latest_images/9/?userid=a")) == ["1"]
        assert names(client.get("/tst/latest_images/0/")) == []
        assert names(client.get(f"/tst/latest_images/{10**30}/")) == ["3", "2", "1"]
        assert names(client.get("/none/latest_images/1/")) == []

    def test_of_all_sites_by_one_statement(self, client, db, arrive, django_assert_num_queries):
        for site in ("tst", "sro", "mrc2ab"):
            for family in ptr_night(site=site, n=2, packings=(), picture_px=16):
                arrive(family.key(".txt"), family.files[family.key(".txt")])
                arrive(family.key(".jpg"), family.files[family.key(".jpg")])
        with django_assert_num_queries(1):
            found = client.get("/latest_image_all_sites/").json()
        assert found.keys() == {"tst", "sro", "mrc2ab"}
        for site, url in found.items():
            assert f"/data/{site}-kb001ms-20261120-00000002-EX10.jpg?" in url


class TestWhoSees:
    @pytest.fixture
    def hidden(self, db, arrive, now):
        family = next(ptr_night(n=1, large_px=16, picture_px=16, changes={"PROPID": "PROP001"}))
        for path, content in family.files.items():
            arrive(path, content)
        return family

    def routes(self, base):
        return [f"/image/{base}/", f"/fitsheader/{base}/"]

    LISTS = (
        "/filtered_images/",
        "/tst/latest_images/5/",
        "/latest_image_all_sites/",
        "/filtered_images/?intermediates=true",
    )

    def test_an_embargoed_family_is_hidden_from_all_but_its_members(self, hidden, api, alice, bob, admin):
        for user, seen in ((None, False), (bob, False), (alice, True), (admin, True)):
            for route in self.routes(hidden.base):
                assert api(user).get(route).status_code == (200 if seen else 404), route
            for route in self.LISTS:
                assert (hidden.base in api(user).get(route).content.decode()) is seen, route

    def test_the_answer_is_that_of_one_that_does_not_exist(self, hidden, api, bob):
        other = hidden.base.replace("00000001", "00000007")
        for one, two in zip(self.routes(hidden.base), self.routes(other), strict=True):
            answers = [api(bob).get(route).content.decode() for route in (one, two)]
            assert answers[0].replace(hidden.base, "") == answers[1].replace(other, "")

    def test_a_frame_with_an_embargo_of_its_own_is_left_out_of_a_public_family(self, whole, client, api, alice):
        Frame.objects.filter(basename__endswith="-EX01").update(public_date=None, proposal_id="PROP001")
        package = client.get(f"/image/{whole.base}/").json()
        assert (package["fits_01_url"], len(package["frames"])) == ("", 1)
        assert api(alice).get(f"/image/{whole.base}/").json()["fits_01_url"]

    def test_a_stack_s_hidden_last_frame_hides_nothing(self, client, listed):
        listed(1, SMARTSTK="a", SSTKNUM=1)
        listed(2, SMARTSTK="a", SSTKNUM=2, PROPID="PROP001")
        assert names(client.get("/filtered_images/")) == ["1"]


class TestFrames:
    def test_members_that_are_fits_are_frames_with_the_same_bytes(self, client, whole):
        rows = {row["basename"]: row for row in client.get("/frames/").json()["results"]}
        assert rows.keys() == {f"{whole.base}-EX01", f"{whole.base}-EX10"}
        large = rows[f"{whole.base}-EX01"]
        assert (large["site_id"], large["instrument_id"], large["reduction_level"]) == ("tst", "kb001ms", 1)
        assert (large["exposure_time"], large["configuration_type"]) == (whole.header["EXPTIME"], "EXPOSE")
        extensions = [version["extension"] for version in large["version_set"]]
        assert sorted(extensions) == [".fits.bz2", ".fits.fz"]
        for version in large["version_set"]:
            content = whole.files[f"data/{whole.base}-EX01{version['extension']}"]
            assert version["md5"] == hashlib.md5(content).hexdigest()
        package = client.get(f"/image/{whole.base}/").json()
        assert sorted(package["frames"]) == sorted(row["id"] for row in rows.values())
        for row in rows.values():
            answer = client.get(f"/frames/{row['id']}/download/")
            assert answer.status_code in {200, 302}

    def test_sites_of_six_letters_are_frames_too(self, client, db, arrive):
        family = next(ptr_night(site="mrc2ab", n=1, large_px=16, packings=(".fits.fz",)))
        arrive(family.key("01.fits.fz"), family.files[family.key("01.fits.fz")])
        assert client.get("/frames/?site_id=mrc2ab").json()["count"] == 1
