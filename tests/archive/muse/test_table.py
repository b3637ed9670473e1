"""Chosen keys of exposures as tables, and tables of single frames, against what the generator wrote."""

import csv
import io
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from archive.domain import muse_table
from archive.models import Frame
from tests import muse_set
from tests.archive.muse.test_api import got
from tests.archive.muse.test_links import assert_equal

PUBLIC = {"L1PUBDAT": "2019-06-01T00:00:00"}
TABLE = "/muse/table/"
KEYS = "airmass,target,ESO TEL AMBI TAU0,ASM_DATA.DIMM_SEEING,psfParams.fwhm,sources.PM_17.snr,sources.*.iterations,CHAN03.FILL7"


@pytest.fixture
def made(take_exposure, muse_tree):
    """Three exposures in the order of their times, the last one without a fit."""
    for number, kinds in ((0, muse_set.ALL_FILES), (1, muse_set.ALL_FILES), (2, ["raw", "reduced"])):
        take_exposure(muse_tree[number], kinds, **PUBLIC)
    return muse_tree[:3]


@pytest.fixture
def anybody(api):
    return api(None)


def sent(client, **parameters):
    answer = client.get(TABLE, {"ordering": "observed_at", **parameters})
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_lists_are_averaged_and_what_is_not_there_is_null(anybody, made):
    rows = json.loads(sent(anybody, keys=KEYS))
    assert [row["exposure"] for row in rows] == [each.stem for each in made]
    for row, each in zip(rows, made, strict=True):
        assert row["target"] == each.target
        assert row["ESO TEL AMBI TAU0"] == each.cards["ESO TEL AMBI TAU0"]
        assert row["ASM_DATA.DIMM_SEEING"] == pytest.approx(each.tables["ASM_DATA"]["DIMM_SEEING"].mean(), rel=1e-12)
        assert row["CHAN03.FILL7"] == 7
    for row, each in zip(rows[:2], made, strict=False):
        assert row["psfParams.fwhm"] == pytest.approx(each.params["fwhm"].mean(), rel=1e-12)
        assert row["sources.PM_17.snr"] == pytest.approx(np.nanmean(each.sources["PM_17"]["snr"]), rel=1e-12)
        whole = np.concatenate([columns["iterations"] for columns in each.sources.values()])
        assert row["sources.*.iterations"] == pytest.approx(whole.mean(), rel=1e-12)
    assert (rows[2]["psfParams.fwhm"], rows[2]["sources.PM_17.snr"]) == (None, None)


def test_other_statistics_stand_beside_the_mean(anybody, made):
    row = json.loads(sent(anybody, keys="sources.PM_1.snr,airmass", stat="mean,std,median,min,max,n"))[0]
    truth = made[0].sources["PM_1"]["snr"]
    truth = truth[np.isfinite(truth)]
    expected = {
        "": truth.mean(), ".std": truth.std(ddof=1), ".median": np.median(truth), ".min": truth.min(),
        ".max": truth.max(), ".n": truth.size,
    }  # fmt: skip
    assert {name: row[f"sources.PM_1.snr{name}"] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert list(row)[-1] == "airmass"


def test_csv_lines_and_parquet_say_the_same(anybody, made):
    rows = json.loads(sent(anybody, keys=KEYS))
    lines = [json.loads(line) for line in sent(anybody, keys=KEYS, format="ndjson").splitlines()]
    assert lines == rows
    cells = list(csv.DictReader(io.StringIO(sent(anybody, keys=KEYS, format="csv").decode())))
    assert [{key: value or "" for key, value in row.items()} for row in cells] == [
        {key: "" if value is None else str(value) for key, value in row.items()} for row in rows
    ]
    table = pq.read_table(io.BytesIO(sent(anybody, keys=KEYS, format="parquet")))
    assert table.to_pylist() == rows
    assert str(table.schema.field("airmass").type) == "double"


def test_tables_meet_the_terms_of_lists_and_the_rule_of_visibility(anybody, made, api, bob, take_exposure, muse_tree):
    take_exposure(muse_tree[3], L1PUBDAT="2999-01-01T00:00:00")
    assert len(json.loads(sent(anybody, keys="airmass"))) == 3
    assert [row["exposure"] for row in json.loads(sent(api(bob), keys="airmass", target="NGC6266"))] == [made[1].stem]
    assert json.loads(sent(anybody, keys="airmass", name="nothing")) == []
    for kind in ("csv", "parquet", "ndjson"):
        sent(anybody, keys="airmass", name="nothing", format=kind)


def test_a_card_of_several_kinds_is_text_in_parquet(anybody, take_exposure, tmp_path, monkeypatch):
    cards = muse_set._cards
    for number, value in enumerate((1, "two")):
        monkeypatch.setattr(muse_set, "_cards", lambda *given, value=value: cards(*given) | {"MIXED": value})
        take_exposure(muse_set.write_exposure(tmp_path, number, files=["reduced"]), ["reduced"], **PUBLIC)
    assert pq.read_table(io.BytesIO(sent(anybody, keys="MIXED", format="parquet")))["MIXED"].to_pylist() == ["1", "two"]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"keys": ""},
        {"keys": "sources.x.snr"},
        {"keys": "sources.PM_1"},
        {"keys": "a\0b"},
        {"keys": "airmass", "stat": "mode"},
        {"keys": ",".join(f"K{n}" for n in range(101))},
    ],
)
def test_a_table_that_can_not_be_made_is_told(anybody, made, parameters):
    answer = anybody.get(TABLE, parameters)
    assert (answer.status_code, bool(answer.json()["detail"])) == (400, True)


def test_a_table_of_too_many_exposures_is_refused_before_it_begins(anybody, made, monkeypatch):
    monkeypatch.setattr(muse_table, "MOST_EXPOSURES", 2)
    assert anybody.get(TABLE, {"keys": "airmass"}).status_code == 400


def test_files_of_sources_are_read_whole_for_few_exposures_only(anybody, made, monkeypatch):
    monkeypatch.setattr(muse_table, "MOST_WHOLE_FILES", 2)
    assert anybody.get(TABLE, {"keys": "sources.*.snr"}).status_code == 400
    assert len(json.loads(sent(anybody, keys="sources.PM_1.snr"))) == 3


def test_keys_of_one_table_are_read_together(anybody, made, store, monkeypatch):
    asked = []
    stream = store.stream
    monkeypatch.setattr(store, "stream", lambda *where, **part: asked.append(part) or stream(*where, **part))
    sent(anybody, name=made[0].stem, keys="sources.PM_1.snr,sources.PM_1.flux,psfParams.fwhm,psfParams.beta")
    assert len(asked) == 2


def test_statements_do_not_grow_with_the_rows(anybody, made, django_assert_num_queries):
    for name in ("", made[0].stem):
        with django_assert_num_queries(6):  # ids, rows, cubes, raws and their files, fits
            sent(anybody, keys=KEYS, name=name)


def frame_of(made):
    return got_row(made, "raw")


def got_row(made, kind):
    return Frame.objects.get(basename=made.raw_name.removesuffix(".fits") if kind == "raw" else f"{made.stem}.{kind}")


def test_tables_of_a_frame_are_told_and_read(anybody, made):
    address = f"/frames/{frame_of(made[0]).pk}/tables/"
    told = {each["name"]: each for each in got(anybody, address)}
    assert told.keys() == made[0].tables.keys()
    assert told["SPARTA_ATM_DATA"]["n_rows"] == 5
    assert {"name": "LGS1_SEEING", "unit": "arcsec"} in told["SPARTA_ATM_DATA"]["columns"]
    found = got(anybody, f"{address}SPARTA_ATM_DATA/", columns="LGS3_STREHL,Sec,USec")
    assert list(found) == ["time_utc", "Sec", "USec", "LGS3_STREHL"]
    assert_equal(found["LGS3_STREHL"], made[0].tables["SPARTA_ATM_DATA"]["LGS3_STREHL"])
    assert found["time_utc"][1] == "2019-02-01T05:12:34.001000Z"
    alone = got(anybody, f"{address}SPARTA_ATM_DATA/", columns="LGS3_STREHL")
    assert alone == {name: found[name] for name in ("time_utc", "LGS3_STREHL")}
    answer = anybody.get(f"{address}ASM_DATA/", {"format": "parquet"})
    assert answer["Content-Disposition"] == "attachment; filename=ASM_DATA.parquet"


def test_parquet_of_a_table_keeps_each_type(anybody, made):
    address = f"/frames/{frame_of(made[0]).pk}/tables/SPARTA_ATM_DATA/"
    table = pq.read_table(io.BytesIO(anybody.get(address, {"format": "parquet"}).content))
    assert str(table.schema.field("LGS1_STREHL").type) == "float"
    np.testing.assert_array_equal(table["LGS3_STREHL"].to_numpy(), made[0].tables["SPARTA_ATM_DATA"]["LGS3_STREHL"])
    psf = f"/frames/{got_row(made[0], 'psf').pk}/tables/PM_1/"
    assert (
        str(pq.read_table(io.BytesIO(anybody.get(psf, {"format": "parquet"}).content)).schema.field("snr").type)
        == "double"
    )
    prm = f"/frames/{got_row(made[0], 'prm').pk}/tables/PSFPARS/"
    rows = pq.read_table(io.BytesIO(anybody.get(prm, {"format": "parquet"}).content)).to_pylist()
    np.testing.assert_array_equal(next(row["polyfit"] for row in rows if row["name"] == "beta"), made[0].params["beta"])
    lines = b"".join(anybody.get(psf, {"format": "csv"}).streaming_content).splitlines()
    assert len(lines) == 1 + len(made[0].wavelength_nm)


def test_tables_of_a_hidden_frame_are_not_there(api, bob, admin, take_exposure, muse_tree):
    take_exposure(muse_tree[0], L1PUBDAT="2999-01-01T00:00:00")
    address = f"/frames/{frame_of(muse_tree[0]).pk}/tables/"
    for part in ("", "ASM_DATA/"):
        assert [api(who).get(address + part).status_code for who in (None, bob, admin)] == [404, 404, 200]


def test_frames_without_tables_and_tables_that_are_not_there_are_told(anybody, made, frame_factory):
    assert got(anybody, f"/frames/{frame_factory().pk}/tables/") == []
    address = f"/frames/{frame_of(made[0]).pk}/tables/"
    assert anybody.get(f"{address}NO_DATA/").status_code == 404
    assert anybody.get(f"{address}ASM_DATA/", {"columns": "nothing"}).status_code == 400
