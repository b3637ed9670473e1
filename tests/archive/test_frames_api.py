"""Lists and single frames: form, filters, pages, bytes, cost."""

from datetime import UTC, date, datetime

import pytest

from archive.enums import RelationKind
from ingest.headers.record import RelatedName

SQUARE = ((202.0, 47.0), (202.0, 48.0), (203.0, 48.0), (203.0, 47.0), (202.0, 47.0))
ACROSS_ZERO = ((359.5, -0.5), (359.5, 0.5), (0.5, 0.5), (0.5, -0.5), (359.5, -0.5))
AROUND_POLE = ((0.0, 89.0), (90.0, 89.0), (180.0, 89.0), (270.0, 89.0), (0.0, 89.0))

DICT_KEYS = [
    "id", "basename", "observation_date", "observation_day", "proposal_id", "instrument_id", "target_name",
    "reduction_level", "site_id", "telescope_id", "exposure_time", "primary_optical_element", "public_date",
    "configuration_type", "observation_id", "request_id", "version_set", "url", "filename", "DATE_OBS", "DAY_OBS",
    "PROPID", "INSTRUME", "OBJECT", "RLEVEL", "SITEID", "TELID", "EXPTIME", "FILTER", "L1PUBDAT", "OBSTYPE", "BLKUID",
    "REQNUM", "area", "related_frames",
]  # fmt: skip


def ids(response) -> list[int]:
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


def test_the_dict_form_has_the_keys_of_the_ocs_interface_in_their_order(frame_factory, api):
    frame = frame_factory(footprint=SQUARE)
    for answer in (api(None).get(f"/frames/{frame.pk}/").json(), api(None).get("/frames/").json()["results"][0]):
        assert list(answer) == DICT_KEYS
        assert answer["filename"] == f"{frame.basename}.fits.fz"
        assert answer["DATE_OBS"] == answer["observation_date"] == "2025-03-10T01:08:31Z"
        assert list(answer["version_set"][0]) == ["id", "key", "md5", "extension", "url", "created"]
        assert answer["url"] == answer["version_set"][0]["url"]


def test_a_frame_without_footprint_has_no_area_key(frame_factory, api):
    frame_factory()
    assert "area" not in api(None).get("/frames/").json()["results"][0]


def test_longitudes_leave_as_minus_180_to_180(frame_factory, api):
    frame = frame_factory(footprint=SQUARE)
    ring = api(None).get(f"/frames/{frame.pk}/").json()["area"]["coordinates"][0]
    assert ring[0] == pytest.approx([202.0 - 360.0, 47.0])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("start=2025-03-10", ["new"]),
        ("start=2025-03-10T01:08:31Z", ["new"]),
        ("start=2025-03-10 01:08:32", []),
        ("end=2025-03-09", ["old"]),
        ("start=2025-03-01&end=2025-03-31", ["new", "old"]),
        ("start=", ["new", "old"]),
        ("basename=FA06", ["old"]),
        ("target_name=ngc", ["old"]),
        ("proposal_id=PROP002", ["old"]),
        ("proposal_id=prop002", []),
        ("instrument_id=fa06", ["old"]),
        ("site_id=cpt", ["old"]),
        ("reduction_level=91", ["old"]),
        ("reduction_level=0", ["new"]),
        ("covers=POINT(202.5 47.5)", ["new"]),
        ("covers=POINT(-157.5 47.5)", ["new"]),
        ('covers={"type":"Point","coordinates":[202.5,47.5]}', ["new"]),
        ("covers=POLYGON((202.4 47.4,202.4 47.5,202.5 47.5,202.4 47.4))", ["new"]),
        ("covers=POINT(22.5 -47.5)", []),
        ("unknown=1", ["new", "old"]),
    ],
)
def test_each_filter_keeps_what_it_says(frame_factory, api, query, expected):
    new = frame_factory(footprint=SQUARE)
    old = frame_factory(
        basename="cpt1m010-fa06-20250305-0001-e91",
        observation_date=datetime(2025, 3, 5, 20, tzinfo=UTC),
        observation_day=date(2025, 3, 5),
        proposal_id="PROP002",
        instrument_id="fa06",
        site_id="cpt",
        target_name="NGC 104",
        reduction_level=91,
    )
    names = {new.pk: "new", old.pk: "old"}
    assert [names[number] for number in ids(api(None).get(f"/frames/?{query}"))] == expected


@pytest.mark.parametrize(
    ("footprint", "inside", "outside"),
    [
        (ACROSS_ZERO, ["0 0", "359.9 0.2", "-0.4 0", "360.2 -0.3"], ["180 0", "1 0", "359 0"]),
        (AROUND_POLE, ["0 90", "45 89.9", "200 89.5"], ["0 -90", "45 88.9"]),
    ],
)
def test_covers_is_right_at_ra_zero_and_at_the_pole(frame_factory, api, footprint, inside, outside):
    frame = frame_factory(footprint=footprint)
    for place in inside:
        assert ids(api(None).get("/frames/", {"covers": f"POINT({place})"})) == [frame.pk], place
    for place in outside:
        assert ids(api(None).get("/frames/", {"covers": f"POINT({place})"})) == [], place


@pytest.mark.parametrize(
    "query",
    [
        "covers=foo",
        "covers=POINT(10 91)",
        "covers=POINT(nan 1)",
        "covers=LINESTRING(0 0,1 1)",
        "covers=SRID=3857;POINT(1 1)",
        "covers=POLYGON((0 0,120 0,240 0,0 0))",
        'covers={"type":"Polygon"}',
        "covers={",
        "covers=POINT EMPTY",
        "start=yesterday",
        "reduction_level=9999999999999999999",
        "reduction_level=red",
        "basename=%00",
    ],
)
def test_bad_filters_answer_400_with_a_reason(frame_factory, api, query):
    response = api(None).get(f"/frames/?{query}")
    assert response.status_code == 400
    assert response.json()


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=x", "offset=-5", "offset=x", f"offset={2**40}", f"offset={2**70}"]
)
def test_odd_pages_are_pages(frame_factory, api, query):
    frame_factory()
    assert api(None).get(f"/frames/?{query}").status_code == 200


def test_a_walk_by_pages_gives_each_frame_once_newest_first(frame_factory, api):
    frames = [frame_factory() for _ in range(7)]  # all of the same instant: only the id can order them
    seen, url, previous = [], "/frames/?limit=3", None
    while url:
        page = api(None).get(url).json()
        assert page["count"] == 7
        assert page["count_estimated"] is False
        assert (page["previous"] is None) == (previous is None)
        seen += [row["id"] for row in page["results"]]
        previous, url = url, page["next"]
    assert seen == [frame.pk for frame in reversed(frames)]


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_costs_the_same_queries_for_any_number_of_frames(frame_factory, api, django_assert_num_queries, count):
    for _ in range(count):
        frame_factory(
            footprint=SQUARE, versions=2, related=(RelatedName("x1-y1-20250309-0001-b00", RelationKind.CALIBRATES),)
        )
    client = api(None)
    # frames whose flag waits, tally, keys of the page, frames with versions and their objects, relations both ways
    with django_assert_num_queries(5):
        client.get("/frames/")


def test_frames_without_bytes_are_not_listed_but_have_a_page(frame_factory, api):
    frame = frame_factory(versions=0)
    assert ids(api(None).get("/frames/")) == []
    answer = api(None).get(f"/frames/{frame.pk}/").json()
    assert (answer["url"], answer["filename"], answer["version_set"]) == (None, None, [])
    assert api(None).get(f"/frames/{frame.pk}/download/").status_code == 404


def test_headers_are_given_whole(frame_factory, api):
    frame = frame_factory(headers={"OBJECT": "M 51", "GAIN": 1.9})
    assert api(None).get(f"/frames/{frame.pk}/headers/").json() == {"data": {"OBJECT": "M 51", "GAIN": 1.9}}


def test_an_unknown_frame_is_404(frame_factory, api):
    for route in ("/frames/99/", "/frames/99/headers/", "/frames/99/download/", f"/frames/{10**17}/"):
        assert api(None).get(route).status_code == 404


class TestDownload:
    CONTENT = bytes(range(256)) * 4

    @pytest.fixture
    def frame(self, frame_factory):
        return frame_factory(content=self.CONTENT)

    def test_gives_the_bytes_under_the_file_s_name(self, frame, api):
        response = api(None).get(f"/frames/{frame.pk}/download/")
        assert b"".join(response) == self.CONTENT
        assert response["Content-Length"] == "1024"
        assert response["Content-Type"] == "image/fits"
        assert response["Content-Disposition"] == f"attachment; filename={frame.basename}.fits.fz"

    @pytest.mark.parametrize(
        ("asked", "start", "stop"),
        [("bytes=0-0", 0, 1), ("bytes=1000-", 1000, 1024), ("bytes=-24", 1000, 1024), ("bytes=5-9999", 5, 1024)],
    )
    def test_ranges_resume(self, frame, api, asked, start, stop):
        response = api(None).get(f"/frames/{frame.pk}/download/", HTTP_RANGE=asked)
        assert response.status_code == 206
        assert b"".join(response) == self.CONTENT[start:stop]
        assert response["Content-Range"] == f"bytes {start}-{stop - 1}/1024"

    def test_a_range_beyond_the_end_is_416(self, frame, api):
        assert api(None).get(f"/frames/{frame.pk}/download/", HTTP_RANGE="bytes=1024-").status_code == 416

    def test_head_tells_the_size_and_sends_nothing(self, frame, api):
        response = api(None).head(f"/frames/{frame.pk}/download/")
        assert (response["Content-Length"], b"".join(response)) == ("1024", b"")

    def test_the_newest_version_is_given(self, frame_factory, api):
        frame = frame_factory(versions=2)
        newest = frame.versions.first()
        response = api(None).get(f"/frames/{frame.pk}/download/")
        assert response["ETag"] == f'"{newest.md5}"'
        assert api(None).get(f"/frames/{frame.pk}/download/", HTTP_IF_NONE_MATCH=response["ETag"]).status_code == 304

    def test_the_signed_link_works_without_a_token_until_it_is_changed(self, frame, api):
        url = api(None).get(f"/frames/{frame.pk}/").json()["url"]
        assert url.split("?")[0].endswith(f"{frame.basename}.fits.fz")
        assert b"".join(api(None).get(url)) == self.CONTENT
        assert api(None).get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 403

    def test_bytes_known_to_be_damaged_are_refused(self, frame, api):
        stored = frame.versions.first().object
        stored.verified_at, stored.fault = None, "its MD5 is another"
        stored.save()
        response = api(None).get(f"/frames/{frame.pk}/download/")
        assert response.status_code == 409
        assert "its MD5 is another" in response.json()["detail"]
