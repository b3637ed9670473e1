"""MUSE's exposures through the API: lists, the three views, slices; who may see and change what."""

import json

import numpy as np
import pytest
from django.utils import timezone

from archive.models import Frame, MuseExposure, MuseTarget
from ingest.intake import the_inspector
from tests import muse_set
from tests.archive.muse.test_links import assert_equal

PUBLIC = {"L1PUBDAT": "2019-06-01T00:00:00"}
LIST = "/muse/exposures/"


@pytest.fixture(scope="module", autouse=True)
def one_reader():
    yield
    the_inspector().close()


@pytest.fixture
def rows(take_exposure, muse_tree):
    """Four public exposures, with what the generator knows of them."""
    return [(take_exposure(made, **PUBLIC), made) for made in muse_tree[:4]]


@pytest.fixture
def row(rows):
    return rows[0][0]


@pytest.fixture
def made(rows):
    return rows[0][1]


@pytest.fixture
def anybody(api):
    return api(None)


def got(client, address, **parameters):
    answer = client.get(address, parameters)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code == 200, body
    return json.loads(body, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def names(client, **parameters):
    return {found["name"] for found in got(client, LIST, **parameters)["results"]}


def test_the_three_views_have_the_shape_that_their_readers_know(anybody, row, made):
    address = f"{LIST}{row.name}/"
    found = got(anybody, address, views="data,psfParams,sources")
    assert found["data"]["PRIMARY"]["ESO TEL AMBI TAU0"] == made.cards["ESO TEL AMBI TAU0"]
    assert_equal(found["data"]["ASM_DATA"]["DIMM_SEEING"], made.tables["ASM_DATA"]["DIMM_SEEING"])
    assert found["data"]["CHAN24"]["ESO DET CHIP ID"] == "CCD24"
    assert found["psfParams"]["wavelength"] == made.wavelength_nm.tolist()
    for name, columns in made.sources.items():
        for key, truth in columns.items():
            assert_equal(found["sources"][name][key], truth)
    assert got(anybody, f"{address}data/") == found["data"]
    assert got(anybody, f"{address}psfParams/") == found["psfParams"]
    assert got(anybody, f"{address}sources/") == found["sources"]
    assert got(anybody, f"{LIST}{row.pk}/")["name"] == row.name


def test_commentary_is_lists_and_what_is_undefined_or_no_number_is_null(anybody, row):
    cards = got(anybody, f"{LIST}{row.name}/data/PRIMARY/")
    assert cards["COMMENT"][-2:] == ["first comment", "second comment"]
    assert cards["HISTORY"] == ["reduced by nobody"]
    assert cards["UNDEFD"] is None
    assert got(anybody, f"{LIST}{row.name}/sources/PM_1/")["snr"][-1] is None


def test_slices_are_what_was_asked_for_and_no_more(anybody, row, made):
    address = f"{LIST}{row.name}/"
    assert list(got(anybody, f"{address}sources/PM_17/", columns="snr,xc")) == ["snr", "xc"]
    assert got(anybody, f"{address}sources/", columns="snr", ids="1,17").keys() == {"PM_1", "PM_17"}
    assert list(got(anybody, f"{address}data/ASM_DATA/", columns="R0")) == ["R0"]
    assert list(got(anybody, f"{address}psfParams/", columns="fwhm,wavelength")) == ["fwhm", "wavelength"]
    assert got(anybody, f"{address}data/PRIMARY/", columns="ESO INS MODE") == {"ESO INS MODE": made.mode}
    assert list(got(anybody, f"{address}data/CHAN03/", columns="ESO DET CHIP ID").values()) == ["CCD03"]


@pytest.mark.parametrize(
    ("part", "status"),
    [
        ("data/NO_DATA/", 404),
        ("sources/PM_999/", 404),
        ("sources/x%00y/", 404),
        ("psfParams/?fit=9", 404),
        ("psfParams/?fit=zero", 400),
        ("psfParams/?columns=nothing", 400),
        ("data/ASM_DATA/?columns=nothing", 400),
        ("data/?raw=0", 400),
        ("sources/?ids=999", 400),
        ("sources/?ids=x", 400),
        ("sources/?columns=nothing", 400),
        ("?views=everything", 400),
    ],
)
def test_what_is_not_there_or_can_not_be_read_is_told(anybody, row, part, status):
    answer = anybody.get(f"{LIST}{row.name}/{part}")
    assert (answer.status_code, bool(answer.json())) == (status, True)


def test_views_without_a_file_are_null_and_alone_they_are_not_there(anybody, take_exposure, muse_tree):
    row = take_exposure(muse_tree[4], ["reduced"], **PUBLIC)
    found = got(anybody, f"{LIST}{row.name}/", views="data,psfParams,sources")
    assert (found["psfParams"], found["sources"], found["data"]["ASM_DATA"]) == (None, None, None)
    assert found["missing"] == [f"{muse_tree[4].raw_name}.fz", f"{row.name}.prm.fits", f"{row.name}.psf.fits"]
    for part in ("psfParams", "sources", "data/ASM_DATA"):
        assert anybody.get(f"{LIST}{row.name}/{part}/").status_code == 404


def test_an_older_fit_is_asked_for_by_its_number(anybody, take, row, made, tmp_path):
    again = muse_set.write_exposure(tmp_path, 0, refit=1, files=["prm"])
    take(again.paths["prm"])
    address = f"{LIST}{row.name}/psfParams/"
    assert_equal(got(anybody, address)["fwhm"], again.params["fwhm"])
    assert_equal(got(anybody, address, fit=1)["fwhm"], made.params["fwhm"])
    fits = got(anybody, f"{LIST}{row.name}/")["fits"]
    assert [(fit["number"], fit["inherited"]) for fit in fits] == [(2, "psf"), (1, "")]
    assert {fit["prm"]["filename"] for fit in fits} == {f"{row.name}.prm.fits"}


def test_a_list_of_many_costs_as_many_statements_as_one_of_few(anybody, rows, django_assert_num_queries):
    with django_assert_num_queries(1):  # it is shorter than a page, so that nobody has to count
        assert len(got(anybody, LIST)["results"]) == 4
    for limit in (1, 3):
        with django_assert_num_queries(2):
            got(anybody, LIST, limit=limit)


def test_lists_meet_every_term(anybody, rows):
    by_number = [row.name for row, _ in rows]
    first, made = rows[0]
    cards = made.cards
    assert names(anybody, target="ngc3201") == {row.name for row, each in rows if each.target == "NGC 3201"}
    assert names(anybody, target_id=first.target_id) == names(anybody, target="NGC 3201")
    assert names(anybody, ins_mode="WFM-NOAO-N, NFM-AO-N") == {
        row.name for row, each in rows if each.mode in {"WFM-NOAO-N", "NFM-AO-N"}
    }
    assert names(anybody, obs_id=cards["ESO OBS ID"]) == {first.name}
    for file in (
        f"{made.raw_name}.fz",
        made.raw_name,
        f"{first.name}.fits",
        f"{first.name}.prm.fits",
        f"{first.name}.psf",
    ):
        assert names(anybody, file=file) == {first.name}
    assert names(anybody, start=rows[2][1].observed_at.isoformat()) == set(by_number[2:])
    assert names(anybody, is_complete="true") == set(by_number)
    assert names(anybody, missing="nothing") == set()
    assert names(anybody, is_tip_tilt_closed="true") == {
        row.name for row, each in rows if each.cards["ESO AOS TT LOOP ST"]
    }
    for column in ("seeing_arcsec", "airmass", "tau0_s", "ground_layer_fraction", "guide_star_flux", "strehl_2"):
        values = {row.name: getattr(row, column) for row, _ in rows if getattr(row, column) is not None}
        border = sorted(values.values())[1]
        assert names(anybody, **{f"{column}_min": border}) == {name for name in values if values[name] >= border}
        assert names(anybody, **{f"{column}_max": border}) == {name for name in values if values[name] <= border}


def header(client, *terms):
    return names(client, header=list(terms))


def test_any_card_of_the_header_is_searched(anybody, rows):
    key = "ESO TEL AMBI TAU0"
    values = {row.name: made.cards[key] for row, made in rows}
    border = sorted(values.values())[2]
    assert header(anybody, f"{key}>={border}") == {name for name, value in values.items() if value >= border}
    assert header(anybody, f"{key} < {border}") == {name for name, value in values.items() if value < border}
    assert header(anybody, f"{key}={border}") == {name for name, value in values.items() if value == border}
    assert header(anybody, f"{key}!={border}") == {name for name, value in values.items() if value != border}
    assert header(anybody, "ESO AOS TT LOOP ST=T") == {rows[0][0].name, rows[2][0].name}
    assert header(anybody, "ESO INS MODE=WFM-AO-E") == {rows[1][0].name}
    assert header(anybody, "DATE-OBS>=2019-02-01T05:50") == {rows[2][0].name, rows[3][0].name}
    assert header(anybody, "undefd") == header(anybody, "UNDEFD") == set(values)
    assert header(anybody, "NOT THERE") == set()
    assert header(anybody, f"{key}>0", "ESO INS MODE=NFM-AO-N") == {rows[3][0].name}
    assert header(anybody, "ESO INS MODE>5") == set()  # text and numbers do not compare


@pytest.mark.parametrize("term", ["=5", "A=", "a\nb=1", 'A"B=1', "A\\B=1", "K" * 80, "A=\0", "$.x ? (@ > 1)"])
def test_a_term_that_can_not_be_read_is_told(anybody, row, term):
    answer = anybody.get(LIST, {"header": term})
    assert answer.status_code == 400
    assert "header" in answer.json()


def test_too_many_terms_are_refused(anybody, row):
    assert anybody.get(LIST, {"header": [f"K{n}=1" for n in range(11)]}).status_code == 400


def test_values_of_cards_are_never_read_as_a_path(anybody, row):
    for value in ('" || true || "', "$wanted", "1) || (true", "'x'"):
        for sign in ("=", ">", "!="):
            assert anybody.get(LIST, {"header": f"OBJECT{sign}{value}"}).status_code == 200
    assert header(anybody, 'OBJECT=" || true || "') == set()


def test_lists_come_in_the_order_that_is_asked_for(anybody, rows):
    found = [each["tau0_s"] for each in got(anybody, LIST, ordering="-tau0_s")["results"]]
    assert found == sorted(found, reverse=True)
    pages = got(anybody, LIST, ordering="tau0_s", limit=3, pagination_style="cursor")
    rest = got(anybody, pages["next"])["results"]
    assert [each["name"] for each in [*pages["results"], *rest]] == [
        row.name for row, _ in sorted(rows, key=lambda pair: pair[0].tau0_s)
    ]


def test_targets_are_listed_with_their_names_and_how_many_exposures_one_sees(
    anybody, admin, api, rows, take_exposure, muse_tree
):
    take_exposure(muse_tree[4], L1PUBDAT="2999-01-01T00:00:00")  # of the same target as the second
    found = {each["name"]: each["exposure_count"] for each in got(anybody, "/muse/targets/")["results"]}
    assert found == {"NGC 3201": 2, "NGC 6266": 1, "47 Tuc": 1}
    assert {each["exposure_count"] for each in got(api(admin), "/muse/targets/", name="6266")["results"]} == {2}
    (one,) = got(anybody, "/muse/targets/", name="ngc-3201")["results"]
    assert got(anybody, one["address"]) == one


ROUTES = ["", "data/", "data/PRIMARY/", "data/ASM_DATA/", "data/CHAN01/", "psfParams/", "sources/", "sources/PM_1/"]


@pytest.mark.parametrize("part", ROUTES)
def test_who_may_not_see_an_exposure_finds_nothing_of_it(api, alice, bob, admin, take_exposure, muse_tree, part):
    row = take_exposure(muse_tree[0], L1PUBDAT="2999-01-01T00:00:00", PROPID="PROP001")
    status = {who: api(who).get(f"{LIST}{row.name}/{part}").status_code for who in (None, bob, alice, admin)}
    assert status == {None: 404, bob: 404, alice: 200, admin: 200}


def test_who_may_not_see_an_exposure_finds_neither_it_nor_its_target_in_lists(
    api, alice, bob, take_exposure, muse_tree
):
    row = take_exposure(muse_tree[0], L1PUBDAT="2999-01-01T00:00:00", PROPID="PROP001")
    assert names(api(alice)) == {row.name}
    for who in (None, bob):
        assert (
            names(api(who)) == names(api(who), header=["OBJECT"]) == names(api(who), file=f"{row.name}.fits") == set()
        )
        assert got(api(who), "/muse/targets/")["results"] == []
        assert api(who).get(f"/muse/targets/{row.target_id}/").status_code == 404
        assert got(api(who), "/muse/")["exposure_count"] == 0


WRITES: list[tuple[str, str, dict[str, object] | None]] = [
    ("post", LIST, {"name": "new"}),
    ("patch", f"{LIST}NAME/", {"comment": "x"}),
    ("delete", f"{LIST}NAME/?confirm=NAME", None),
    ("put", f"{LIST}NAME/psfParams/", {"e": [1.0]}),
    ("put", f"{LIST}NAME/sources/", {"PM_1": {"snr": [1.0]}}),
    ("put", f"{LIST}NAME/data/", {"PRIMARY": {}}),
    ("post", "/muse/targets/", {"name": "new"}),
    ("patch", "/muse/targets/TARGET/", {"name": "new"}),
    ("post", "/muse/targets/TARGET/merge/", {"target": 1}),
    ("delete", "/muse/targets/TARGET/?confirm=47 Tuc", None),
    ("delete", "/muse/?confirm=wipe", None),
]


@pytest.mark.parametrize(("method", "address", "body"), WRITES)
def test_only_superusers_change_anything(api, alice, rows, method, address, body):
    row = rows[0][0]
    alice.is_staff = True
    alice.save()
    at = address.replace("NAME", row.name).replace("TARGET", str(row.target_id))
    before = list(MuseExposure.objects.values()), list(MuseTarget.objects.values()), Frame.objects.count()
    for who, status in ((None, 401), (alice, 403)):
        assert getattr(api(who), method)(at, body, format="json").status_code == status
    assert (list(MuseExposure.objects.values()), list(MuseTarget.objects.values()), Frame.objects.count()) == before


@pytest.fixture
def root(api, admin):
    return api(admin)


def test_an_exposure_is_made_filled_moved_and_deleted(root, store):
    made = root.post(LIST, {"name": "mine", "target": "47 Tuc", "values": {"airmass": 1.1}}, format="json")
    assert (made.status_code, made.json()["airmass"]) == (201, 1.1)
    params = {"fwhm": [4.0, None], "wavelength": [475.0, 475.125]}
    cards = {"DATE-OBS": "2019-02-01T05:12:33.650", "ESO OBS TARG NAME": "NGC 104"}
    for part, content in (
        ("data", {"PRIMARY": cards}),
        ("psfParams", params),
        ("sources", {"PM_3": {"snr": [1.0, 2.0]}}),
    ):
        assert root.put(f"{LIST}mine/{part}/", content, format="json").json() == {"is_new": True}
        assert root.put(f"{LIST}mine/{part}/", content, format="json").json() == {"is_new": False}
    found = got(root, f"{LIST}mine/", views="psfParams,sources")
    assert (found["psfParams"], found["sources"], found["target"]["name"]) == (
        params,
        {"PM_3": {"snr": [1.0, 2.0]}},
        "47 Tuc",
    )
    moved = root.patch(
        f"{LIST}mine/", {"target": None, "comment": "good", "values": {"airmass": None}}, format="json"
    ).json()
    assert (moved["target"]["name"], moved["comment"], moved["airmass"]) == ("NGC 104", "good", None)
    asked = root.delete(f"{LIST}mine/?files=delete")
    assert asked.status_code == 409
    assert "3 frames" in asked.json()["detail"]
    assert root.delete(f"{LIST}mine/?files=delete&confirm=mine").status_code == 204
    assert not MuseExposure.objects.exists()
    assert not Frame.objects.filter(versions__isnull=False).exists()


def test_a_view_of_many_megabytes_is_filled_in(root):
    root.post(LIST, {"name": "mine"}, format="json")
    rng = np.random.default_rng(1)
    sources = {f"PM_{n}": {"flux": rng.uniform(size=3681).tolist()} for n in range(50)}
    assert len(json.dumps(sources)) > 3 << 20
    assert root.put(f"{LIST}mine/sources/", sources, format="json").status_code == 200
    assert got(root, f"{LIST}mine/sources/") == sources


@pytest.mark.parametrize(
    ("method", "address", "body", "status"),
    [
        ("post", LIST, {"name": "a.b"}, 400),
        ("post", LIST, {}, 400),
        ("patch", f"{LIST}NAME/", {"airmass": 1.0}, 400),
        ("patch", f"{LIST}NAME/", {}, 400),
        ("patch", f"{LIST}NAME/", {"values": {"airmass": "much"}}, 400),
        ("put", f"{LIST}NAME/psfParams/", [1], 400),
        ("put", f"{LIST}NAME/sources/", {"star": {}}, 400),
        ("delete", f"{LIST}NAME/?files=perhaps", None, 400),
        ("post", "/muse/targets/", {"comment": "x"}, 400),
        ("post", "/muse/targets/", {"name": "ngc3201"}, 409),
        ("patch", "/muse/targets/TARGET/", {"aliases": ["NGC 6266"]}, 409),
        ("post", "/muse/targets/TARGET/merge/", {"target": 10**9}, 404),
        ("delete", "/muse/targets/TARGET/", None, 409),
        ("delete", "/muse/", None, 409),
    ],
)
def test_what_can_not_be_done_is_told_and_changes_nothing(root, rows, method, address, body, status):
    row = rows[0][0]
    at = address.replace("NAME", row.name).replace("TARGET", str(row.target_id))
    before = list(MuseExposure.objects.values()), Frame.objects.count()
    answer = getattr(root, method)(at, body, format="json")
    assert (answer.status_code, bool(answer.json())) == (status, True)
    assert (list(MuseExposure.objects.values()), Frame.objects.count()) == before


def test_targets_are_made_renamed_merged_and_deleted(root, rows):
    first, second = rows[0][0].target, rows[1][0].target
    made = root.post("/muse/targets/", {"name": "Omega Cen", "aliases": ["NGC 5139"]}, format="json").json()
    assert made["aliases"] == ["NGC 5139"]
    changed = root.patch(f"/muse/targets/{first.pk}/", {"name": "Globular"}, format="json").json()
    assert (changed["name"], changed["aliases"]) == ("Globular", ["NGC 3201"])
    merged = root.post(f"/muse/targets/{first.pk}/merge/", {"target": second.pk}, format="json").json()
    assert (merged["exposure_count"], merged["aliases"]) == (3, ["NGC 3201", "NGC 6266"])
    asked = root.delete(f"/muse/targets/{first.pk}/?files=delete")
    assert "3 exposures and 12 frames" in asked.json()["detail"]
    assert root.delete(f"/muse/targets/{first.pk}/?confirm=Globular").status_code == 204
    assert MuseExposure.objects.count() == 1
    assert root.delete("/muse/?confirm=wipe&files=delete").status_code == 204
    assert not MuseTarget.objects.exists()
    assert not Frame.objects.filter(versions__isnull=False).exists()


def test_what_becomes_public_later_is_seen_then(anybody, take_exposure, muse_tree):
    row = take_exposure(muse_tree[0], L1PUBDAT="2999-01-01T00:00:00")
    assert anybody.get(f"{LIST}{row.name}/").status_code == 404
    MuseExposure.objects.update(public_date=timezone.now())
    assert anybody.get(f"{LIST}{row.name}/").status_code == 200
