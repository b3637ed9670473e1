"""Terms of /frames/, /thumbnails/ and /versions/: each keeps what it says, under both of its names."""

from datetime import UTC, date, datetime

import pytest

ONE = {
    "basename": "lsc1m005-fa15-20250309-0004-e00", "observation_date": datetime(2025, 3, 10, 1, 8, 31, 456000, UTC),
    "observation_day": date(2025, 3, 9), "public_date": datetime(2026, 3, 10, tzinfo=UTC), "proposal_id": "PROP001",
    "instrument_id": "fa15", "site_id": "lsc", "telescope_id": "1m0a", "target_name": "Tromso 51",
    "primary_optical_element": "rp", "configuration_type": "EXPOSE", "reduction_level": 0, "exposure_time": 60.0,
    "observation_id": 900, "request_id": 2100001, "headers": {"USERID": "Jose", "AIRMASS": 1.5},
}  # fmt: skip
TWO = {
    "basename": "cpt1m010-fa06-20250305-0001-d91", "observation_date": datetime(2025, 3, 5, 20, tzinfo=UTC),
    "observation_day": date(2025, 3, 5), "public_date": datetime(2025, 3, 6, tzinfo=UTC), "proposal_id": "PROP002",
    "instrument_id": "fa06", "site_id": "cpt", "telescope_id": "1m0b", "target_name": "",
    "primary_optical_element": "air", "configuration_type": "DARK", "reduction_level": 91, "exposure_time": 300.0,
    "observation_id": 901, "request_id": 2100002, "headers": {"USERID": "maria", "ESO TEL AIRM": "high"},
}  # fmt: skip

CASES = [
    ("start=2025-03-10T01:08:31.456Z", "1"),
    ("start=2025-03-10T01:08:31.457Z", ""),
    ("start=2025-03-10 01:08", "1"),
    ("start=2025-03-10 03:08:31.456%2B02:00", "1"),
    ("start=03/06/2025", "1"),
    ("start=03/05/2025 20:00&end=03/05/2025 20:00:00", "2"),
    ("start=2025-03-01&end=2025-03-31T00:00:00Z", "12"),
    ("end=2025-03-05T20:00:00.000000", "2"),
    ("start=&end=", "12"),
    ("start=2025-03-10&start=2025-03-01", "12"),
    ("DATE_OBS=2025-03-10T01:08:31.456", "1"),
    ("DATE_OBS=2025-03-10T01:08:31", ""),
    ("L1PUBDAT=2025-03-06", "2"),
    ("DAY_OBS=2025-03-09", "1"),
    ("dayobs=03/05/2025", "2"),
    ("basename=FA06", "2"),
    ("basename_exact=cpt1m010-fa06-20250305-0001-d91", "2"),
    ("basename_exact=CPT1M010-fa06-20250305-0001-d91", ""),
    ("target_name=TROMSØ", "1"),
    ("target_name_exact=Tromsø 51", "1"),
    ("target_name_exact=tromso 51", ""),
    ("OBJECT=tromso", "1"),
    ("OBJECT=tromsø", ""),
    ("empty_target_name=true", "2"),
    ("empty_target_name=anything", "2"),
    ("empty_target_name=false", "12"),
    ("proposal_id=PROP002", "2"),
    ("PROPID=PROP002", "2"),
    ("PROPID=prop002", ""),
    ("instrument_id=fa06", "2"),
    ("INSTRUME=fa15", "1"),
    ("site_id=cpt", "2"),
    ("SITEID=lsc", "1"),
    ("telescope_id=1m0b", "2"),
    ("TELID=1m0a", "1"),
    ("primary_optical_element=air", "2"),
    ("exposure_time_max=60", "1"),
    ("exposure_time=60&exposure_time_max=300", "12"),
    ("header=userid", "12"),
    ("header=USERID = josE", "1"),
    ("header=AIRMASS=1.5", "1"),
    ("header=AIRMASS=1.50", "1"),
    ("header=AIRMASS", "1"),
    ("header=ESO TEL AIRM=hig%25", ""),
    ("header=ESO TEL AIRM=HIGH", "2"),
    ("header=AIRMASS<1.6", "1"),
    ("header=AIRMASS<1.5", ""),
    ("header=AIRMASS>=1.5", "1"),
    ("header=AIRMASS!=1.5", ""),
    ("header=AIRMASS!=2", "1"),
    ("header=userid&header=AIRMASS>1", "1"),
    ("header=AIRMASS>1&header=userid=nobody", ""),
    ("header=ESO TEL AIRM>5", ""),
    ("FILTER=rp", "1"),
    ("FILTER=r", ""),
    ("configuration_type=DARK", "2"),
    ("OBSTYPE=EXPOSE", "1"),
    ("OBSTYPE=NOPE", ""),
    ("observation_id=900", "1"),
    ("BLKUID=901", "2"),
    ("request_id=2100001", "1"),
    ("REQNUM=0002100002", "2"),
    ("reduction_level=0", "1"),
    ("RLEVEL=91", "2"),
    ("RLEVEL=-1", ""),
    ("exposure_time=60", "12"),
    ("exposure_time=60.01", "2"),
    ("EXPTIME=300", "2"),
    ("EXPTIME=1e300", ""),
    ("exclude_OBSTYPE=DARK", "1"),
    ("exclude_configuration_type=EXPOSE", "2"),
    ("exclude_OBSTYPE=DARK&exclude_OBSTYPE=EXPOSE", ""),
    ("exclude_OBSTYPE=DARK&exclude_configuration_type=EXPOSE", ""),
    ("include_configuration_type=DARK", "2"),
    ("include_configuration_type=DARK&include_configuration_type=EXPOSE", "12"),
    ("exclude_calibrations=true", "1"),
    ("exclude_calibrations=True", "1"),
    ("exclude_calibrations=false", "12"),
    ("submitter=José", "1"),
    ("submitter=maria", "2"),
    ("submitter=mar", ""),
    ("id__gt=0", "12"),
    ("id__gt=-5", "12"),
    (f"id__gt={2**63 - 1}", ""),
    ("unknown=1&force_count=", "12"),
    ("site_id=lsc&site_id=cpt", "12"),
    ("site_id=lsc&site_id=", "1"),
    ("site_id=lsc&site_id=lsc", "1"),
    ("site_id=lsc&site_id=elp", "1"),
    ("site_id=lsc&site_id=cpt&SITEID=cpt", "2"),
    ("site_id=lsc&site_id=cpt&instrument_id=fa06", "2"),
    ("proposal_id=PROP001&proposal_id=PROP002&OBSTYPE=EXPOSE&OBSTYPE=DARK&start=2025-03-06", "1"),
    ("PROPID=PROP001&PROPID=PROP002", "12"),
    ("INSTRUME=fa15&INSTRUME=fa06", "12"),
    ("telescope_id=1m0a&telescope_id=1m0b", "12"),
    ("FILTER=rp&FILTER=air", "12"),
    ("RLEVEL=0&RLEVEL=91", "12"),
    ("reduction_level=1&reduction_level=91", "2"),
]  # fmt: skip


def names(response, frames) -> str:
    assert response.status_code == 200, response.content
    return "".join(sorted(frames[row["id"]] for row in response.json()["results"]))


@pytest.fixture
def frames(frame_factory) -> dict[int, str]:
    return {frame_factory(**ONE).pk: "1", frame_factory(**TWO).pk: "2"}


def test_each_term_keeps_what_it_says(frames, api):
    client = api(None)
    found = {query: names(client.get(f"/frames/?{query}"), frames) for query, _ in CASES}
    assert found == dict(CASES)


def test_id_gt_keeps_later_ids(frames, api):
    first, second = sorted(frames)
    assert [row["id"] for row in api(None).get(f"/frames/?id__gt={first}").json()["results"]] == [second]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("start=garbage", "start"),
        ("start=2025-13-01", "start"),
        ("DAY_OBS=20250309", "DAY_OBS"),
        ("dayobs=soon", "dayobs"),
        ("DATE_OBS=1", "DATE_OBS"),
        ("BLKUID=x", "BLKUID"),
        ("REQNUM=99999999999999999999", "REQNUM"),
        ("request_id=2147483648", "request_id"),
        ("RLEVEL=40000", "RLEVEL"),
        ("reduction_level=0&reduction_level=x", "reduction_level"),
        ("site_id=a" + "".join(f"&site_id={n}" for n in range(100)), "site_id"),
        (f"id__gt={2**63}", "id__gt"),
        ("id__gt=" + "9" * 5000, "id__gt"),
        ("exposure_time=nan", "exposure_time"),
        ("EXPTIME=1e400", "EXPTIME"),
        ("exclude_OBSTYPE=FOO", "exclude_OBSTYPE"),
        ("include_configuration_type=DARK&include_configuration_type=FOO", "include_configuration_type"),
        ("public=perhaps", "public"),
        ("exclude_calibrations=perhaps", "exclude_calibrations"),
        ("submitter=%00", "submitter"),
        ("target_name=a%00b", "target_name"),
        ("OBSTYPE=%00", "OBSTYPE"),
        ("start=%00", "start"),
        ("cone=1,2", "cone"),
        ("cone=1,2,x", "cone"),
        ("cone=1,2,nan", "cone"),
        ("cone=1,91,1", "cone"),
        ("cone=1,2,181", "cone"),
        ("cone=1,2,-1", "cone"),
        ("cone=%00", "cone"),
        ("ra_min=400", "ra_min"),
        ("ra_max=x", "ra_max"),
        ("dec_min=-91", "dec_min"),
        ("dec_max=inf", "dec_max"),
    ],
)
def test_a_bad_value_is_400_under_its_name(db, api, query, field):
    answer = api(None).get(f"/frames/?{query}")
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_the_words_of_bad_dates_and_types_are_those_that_clients_know(db, api):
    assert api(None).get("/frames/?start=garbage").json() == {"start": ["Enter a valid date/time."]}
    assert api(None).get("/frames/?exclude_configuration_type=FOO").json() == {
        "exclude_configuration_type": ["Select a valid choice. FOO is not one of the available choices."]
    }


@pytest.mark.parametrize("name", ["covers", "intersects"])
@pytest.mark.parametrize(
    "value", ["foo", "POINT(202.4696,47.1952)", "{", '{"type":"Point","coordinates":[1]}', "[" * 4000, "{" * 3000, "\x00"]
)  # fmt: skip
def test_a_bad_region_is_400_with_a_json_list(db, api, name, value):
    answer = api(None).get("/frames/", {name: value})
    assert answer.status_code == 400
    if value != "\x00":
        (says,) = answer.json()
        assert says.startswith(f"Error with {name} query: ")


def test_bounds_of_time_that_no_frame_reaches_are_empty_pages(frames, api):
    for query in ("start=9999-12-31T23:59:59-12:00", "end=0001-01-01T00:00:00%2B12:00"):
        assert names(api(None).get(f"/frames/?{query}"), frames) == ""


class TestPublic:
    @pytest.fixture
    def frames(self, frame_factory):
        return {
            frame_factory(proposal_id="PROP001").pk: "p",
            frame_factory(proposal_id="PROP001", public_date=None).pk: "a",
            frame_factory(proposal_id="PROP002", public_date=datetime(2999, 1, 1, tzinfo=UTC)).pk: "b",
        }

    @pytest.mark.parametrize(
        ("user", "everything", "true", "false"),
        [(None, "p", "p", ""), ("bob", "p", "p", ""), ("alice", "ap", "p", "a"), ("admin", "abp", "p", "ab")],
    )
    def test_true_is_what_everybody_sees_and_false_what_only_the_reader_may(
        self, frames, api, alice, bob, admin, user, everything, true, false
    ):
        client = api({None: None, "alice": alice, "bob": bob, "admin": admin}[user])
        assert names(client.get("/frames/"), frames) == everything
        assert names(client.get("/frames/?public=true"), frames) == true
        assert names(client.get("/frames/?public=false"), frames) == false


def test_include_related_frames_and_thumbnails_add_and_drop_keys(frames, api):
    for query, has_related, has_thumbnails in (
        ("", True, False),
        ("include_related_frames=false", False, False),
        ("include_related_frames=False&include_thumbnails=True", False, True),
        ("include_related_frames=true&include_thumbnails=true", True, True),
    ):
        pk = next(iter(frames))
        for row in (
            api(None).get(f"/frames/?{query}").json()["results"][0],
            api(None).get(f"/frames/{pk}/?{query}").json(),
        ):
            assert ("related_frames" in row, "thumbnails" in row) == (has_related, has_thumbnails)


def test_terms_do_not_touch_a_single_frame(frames, api):
    pk = next(iter(frames))
    for query in ("SITEID=nope", "start=garbage", "covers=foo", "ordering=x", "limit=0"):
        assert api(None).get(f"/frames/{pk}/?{query}").status_code == 200
