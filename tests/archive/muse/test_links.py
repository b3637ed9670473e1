"""MUSE files through the one door become exposures by target, in whatever order they come."""

import itertools
import threading

import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from archive.domain import muse_links, muse_views
from archive.domain.removal import delete_frame
from archive.enums import EventName
from archive.models import (
    AoFile,
    Event,
    Frame,
    MuseExposure,
    MuseFit,
    MuseRaw,
    MuseTarget,
    MuseTargetName,
    Thumbnail,
    Version,
)
from ingest.intake import ingest_file
from pipeline.reductions.previews import make_previews
from tests import muse_set

KINDS = muse_set.ALL_FILES


def described():
    """All that the rows say, whatever their ids."""
    left_out = {"id", "cube_id", "modified_at", "target_id", "name"}
    return (
        {row["name"]: {key: row[key] for key in row if key not in left_out} for row in MuseExposure.objects.values()},
        sorted(MuseExposure.objects.values_list("name", "target__name", "cube__basename")),
        sorted(MuseRaw.objects.values_list("exposure__name", "place", "key", "frame__basename")),
        sorted(MuseFit.objects.values_list("exposure__name", "number", "inherited")),
        sorted(
            Frame.objects.filter(instrument_id="MUSE", versions__isnull=False).values_list(
                "basename", "observation_date", "observation_day", "public_date", "target_name", "is_listed"
            )
        ),
    )


def delete_all_frames():
    for frame in Frame.objects.filter(versions__isnull=False):
        delete_frame(frame_id=frame.pk, at=frame.modified_at, by="test")


def assert_equal(found, truth):
    """A column of a view against the generator's array: every bit, null where the array has NaN."""
    if truth.dtype.kind != "f":
        assert found == truth.tolist()
        return
    nulls = np.array([value is None for value in found])
    np.testing.assert_array_equal(nulls, np.isnan(truth))
    np.testing.assert_array_equal(np.array(found, object)[~nulls].astype(truth.dtype), truth[~nulls])


def test_six_exposures_of_three_targets_are_what_the_generator_wrote(take_exposure, muse_tree):
    for made in muse_tree:
        take_exposure(made)
    assert sorted(MuseTarget.objects.values_list("name", flat=True)) == sorted(muse_set.TARGETS)
    assert MuseExposure.objects.count() == len(muse_tree)
    for made in muse_tree:
        row = MuseExposure.objects.get(name=made.stem)
        assert (row.target.name, row.ins_mode, row.obs_id) == (made.target, made.mode, made.cards["ESO OBS ID"])
        assert (row.observed_at, row.missing, row.is_complete) == (made.observed_at, [], True)
        assert row.n_sources == len(made.sources)
        data, fit = muse_views.data_of(row), muse_views.fit_of(row)
        assert {key: data["PRIMARY"][key] for key in made.cards} == made.cards
        for name, columns in made.tables.items():
            for key, truth in columns.items():
                assert_equal(data[name][key], truth)
        params = muse_views.psf_params_of(fit)
        assert params["wavelength"] == made.wavelength_nm.tolist()
        for name, truth in made.params.items():
            assert_equal(params[name], truth)
        sources = dict(muse_views.sources_of(fit))
        assert sources.keys() == made.sources.keys()
        for name, columns in made.sources.items():
            for key, truth in columns.items():
                assert_equal(sources[name][key], truth)


def test_whatever_comes_first_the_rows_say_the_same(take, take_exposure, muse_tree):
    made = muse_tree[1]
    take_exposure(made)
    expected = described()
    for order in itertools.permutations(KINDS):
        delete_all_frames()
        assert not MuseExposure.objects.exists()
        for kind in order:
            take(made.paths[kind])
        assert described() == expected


@pytest.mark.parametrize("left_out", KINDS)
def test_what_is_missing_is_told_and_comes_later(take, take_exposure, muse_tree, left_out):
    made = muse_tree[0]
    told = {
        "raw": f"{made.raw_name}.fz",
        "reduced": f"{made.stem}.fits",
        "prm": f"{made.stem}.prm.fits",
        "psf": f"{made.stem}.psf.fits",
    }
    row = take_exposure(made, [kind for kind in KINDS if kind != left_out])
    assert (row.is_complete, row.missing) == (False, [told[left_out]])
    take(made.paths[left_out])
    row.refresh_from_db()
    assert (row.is_complete, row.missing) == (True, [])


def test_one_missing_raw_file_in_the_middle_takes_no_other_with_it(take_exposure, muse_tree):
    for number, made in enumerate(muse_tree):
        take_exposure(made, KINDS if number != 3 else KINDS[1:])
    complete = dict(MuseExposure.objects.values_list("name", "is_complete"))
    assert complete == {made.stem: number != 3 for number, made in enumerate(muse_tree)}


def test_a_missing_keyword_never_has_the_value_of_another_exposure(take_exposure, muse_tree, tmp_path):
    take_exposure(muse_tree[1])
    without = ["ESO OBS TARG NAME", "OBJECT", "ESO TEL AMBI TAU0", "ESO INS MODE", "PROV1"]
    row = take_exposure(muse_set.write_exposure(tmp_path, 2, without=without))
    assert (row.target, row.tau0_s, row.ins_mode, row.raws.count()) == (None, None, "", 0)
    assert row.missing == ["PROV1"]


def test_a_new_fit_is_a_new_version_and_the_old_one_stays(take, take_exposure, muse_tree, tmp_path):
    made = muse_tree[0]
    row = take_exposure(made)
    before = described(), Version.objects.count()
    take_exposure(made)
    assert (described(), Version.objects.count()) == before  # again: nothing changes
    again = muse_set.write_exposure(tmp_path, 0, refit=1, files=["prm", "psf"])
    take(again.paths["prm"])
    first, second = (muse_views.fit_of(row, number=number) for number in (1, 2))
    assert (first.inherited, second.inherited) == ("", "psf")
    assert first.psf_id == second.psf_id
    assert_equal(muse_views.psf_params_of(first)["fwhm"], made.params["fwhm"])
    assert_equal(muse_views.psf_params_of(muse_views.fit_of(row))["fwhm"], again.params["fwhm"])
    take(again.paths["psf"])  # the other half of the same fit
    assert MuseFit.objects.filter(exposure=row).count() == 2
    assert_equal(dict(muse_views.sources_of(muse_views.fit_of(row)))["PM_1"]["flux"], again.sources["PM_1"]["flux"])
    assert_equal(
        dict(muse_views.sources_of(muse_views.fit_of(row, number=1)))["PM_1"]["flux"], made.sources["PM_1"]["flux"]
    )


def test_a_slice_reads_its_table_and_no_more(take_exposure, muse_tree, store, monkeypatch):
    made = muse_tree[0]
    fit = muse_views.fit_of(take_exposure(made))
    asked = []
    stream = store.stream

    def counted(path, version_id, *, start=0, stop=None):
        asked.append(stop - start)
        return stream(path, version_id, start=start, stop=stop)

    monkeypatch.setattr(store, "stream", counted)
    ((name, view),) = muse_views.sources_of(fit, ["PM_17"], only=["snr"])
    assert (name, list(view)) == ("PM_17", ["snr"])
    assert_equal(view["snr"], made.sources["PM_17"]["snr"])
    assert asked == [len(made.wavelength_nm) * (6 * 8 + 4)]


def test_names_that_differ_in_spelling_are_one_target(take_exposure, tmp_path, monkeypatch):
    for number, spelled in enumerate(("NGC 3201", "ngc3201", "NGC_3201 ")):
        monkeypatch.setattr(muse_set, "TARGETS", (spelled,))
        take_exposure(muse_set.write_exposure(tmp_path / str(number), number))
    assert list(MuseTarget.objects.values_list("name", flat=True)) == ["NGC 3201"]
    assert MuseTargetName.objects.count() == 1


def test_a_raw_file_with_dashes_in_its_time_is_found(take_exposure, tmp_path):
    made = muse_set.write_exposure(tmp_path, 0, dashes=True)
    assert "-12-" in made.paths["raw"].name
    row = take_exposure(made)
    assert row.is_complete
    assert row.raws.get().frame.basename == made.raw_name.removesuffix(".fits")


def test_a_marked_fit_is_an_exposure_of_its_own_with_the_same_cube(take, take_exposure, muse_tree, tmp_path):
    made = muse_tree[0]
    take_exposure(made)
    marked = tmp_path / f"{made.stem}.prm_v2.fits"
    again = muse_set.write_exposure(tmp_path, 0, refit=3, files=["prm"])
    again.paths["prm"].rename(marked)
    take(marked)
    row = MuseExposure.objects.get(name=f"{made.stem}_v2")
    assert (row.cube.basename, row.target.name, row.observed_at) == (made.stem, made.target, made.observed_at)
    assert row.missing == [f"{made.stem}_v2.psf.fits"]
    assert MuseExposure.objects.get(name=made.stem).is_complete


def test_files_of_a_fit_are_hidden_until_their_cube_says_when_they_are_public(
    take, take_exposure, muse_tree, admin, now
):
    made = muse_tree[0]
    row = take_exposure(made, ["prm", "psf"])
    fits = Frame.objects.filter(basename__startswith=f"{made.stem}.")
    assert not MuseExposure.objects.visible_to(AnonymousUser(), at=now).exists()
    assert MuseExposure.objects.visible_to(admin, at=now).get() == row
    assert not fits.listed().exists()
    take(made.paths["reduced"], L1PUBDAT="2019-03-01T00:00:00")
    told = Event.objects.filter(name=EventName.FRAME_UPDATED, frame_id__in=fits.values("pk"))
    assert told.values("frame_id").distinct().count() == 2  # who follows the archive hears that they can be seen now
    take(made.paths["raw"], L1PUBDAT="2019-04-01T00:00:00")
    row.refresh_from_db()
    assert MuseExposure.objects.visible_to(AnonymousUser(), at=now).get() == row
    assert row.public_date.month == 4  # the last of its files
    assert fits.listed().visible_to(AnonymousUser(), at=now).count() == 2
    assert set(fits.values_list("public_date", "observation_date")) == {
        (row.cube.public_date, row.cube.observation_date)
    }


def test_an_exposure_of_two_proposals_is_for_no_member_of_one(take, take_exposure, muse_tree):
    made = muse_tree[0]
    row = take_exposure(made, ["reduced", "prm", "psf"], PROPID="P1")
    assert row.proposal_id == "P1"
    take(made.paths["raw"], PROPID="P2")
    row.refresh_from_db()
    assert row.proposal_id == ""


def test_files_that_go_are_missing_again_and_the_last_one_takes_the_exposure_along(take_exposure, muse_tree, now):
    made = muse_tree[0]
    row = take_exposure(made)
    delete_frame(frame_id=row.raws.get().frame_id, at=now, by="test")
    row.refresh_from_db()
    assert row.missing == [f"{made.raw_name}.fz"]
    assert row.strehl_1 is None
    delete_frame(frame_id=row.cube_id, at=now, by="test")
    row.refresh_from_db()
    assert (row.cube, row.target, row.public_date) == (None, None, row.fits.get().prm.version.frame.public_date)
    delete_all_frames()
    assert not MuseExposure.objects.exists()
    assert not AoFile.objects.exists()


def test_a_cube_of_many_raw_files_has_them_all_in_order(take, tmp_path, monkeypatch):
    first, second = (muse_set.write_exposure(tmp_path, number, files=["raw"]) for number in (0, 1))
    cards = muse_set._cards
    monkeypatch.setattr(
        muse_set, "_cards", lambda *given: cards(*given) | {"PROV1": second.raw_name, "PROV2": first.raw_name}
    )
    cube = muse_set.write_exposure(tmp_path, 0, files=["reduced"])
    for path in (first.paths["raw"], cube.paths["reduced"], second.paths["raw"]):
        take(path)
    row = MuseExposure.objects.get(name=cube.stem)
    assert [raw.key for raw in row.raws.all()] == [made.raw_name.removesuffix(".fits") for made in (second, first)]
    both = [made.tables["SPARTA_ATM_DATA"]["LGS2_STREHL"].astype(np.float64) for made in (first, second)]
    assert row.strehl_2 == pytest.approx(np.concatenate(both).mean(), rel=1e-12, abs=0)
    assert_equal(muse_views.data_of(row)["ASM_DATA"]["DIMM_SEEING"], second.tables["ASM_DATA"]["DIMM_SEEING"])
    assert_equal(muse_views.data_of(row, place=2)["ASM_DATA"]["DIMM_SEEING"], first.tables["ASM_DATA"]["DIMM_SEEING"])


def test_files_of_exposures_are_no_pictures(take_exposure, muse_tree, now):
    take_exposure(muse_tree[0])
    for frame in Frame.objects.filter(is_listed=True):
        make_previews(frame_id=frame.pk, at=now)
    assert not Thumbnail.objects.exists()
    assert not Version.objects.exclude(preview_attempts=0).exists()


def test_images_and_tables_of_the_pipeline_make_no_exposure(take, tmp_path, monkeypatch):
    cards = muse_set._cards
    monkeypatch.setattr(muse_set, "_cards", lambda *given: cards(*given) | {"ESO PRO CATG": "RAMAN_IMAGES"})
    frame = take(muse_set.write_exposure(tmp_path, 0, files=["reduced"]).paths["reduced"])
    assert frame.is_listed
    assert not MuseExposure.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kinds", [("raw", "reduced"), ("prm", "reduced"), ("prm", "psf")], ids="-".join)
def test_two_files_that_come_at_once_find_each_other(store, inspector, now, muse_tree, kinds, monkeypatch):
    """Each waits in the middle of its transaction, before the rows of the exposure are written, for the other one."""
    made = muse_tree[0]
    both_are_here = threading.Barrier(2, timeout=20)
    hold = muse_links.hold_names

    def hold_together(*basenames, content=None):
        both_are_here.wait()
        hold(*basenames, content=content)

    monkeypatch.setattr(muse_links, "hold_names", hold_together)
    faults = []

    def take(kind):
        try:
            ingest_file(made.paths[kind], store=store, inspector=inspector, now=now)
        except Exception as error:  # noqa: BLE001 - told below, outside of the thread
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(kind,)) for kind in kinds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    row = MuseExposure.objects.get(name=made.stem)
    linked = {
        "raw": row.raws.filter(frame__isnull=False).exists(),
        "reduced": row.cube is not None,
        "prm": row.fits.filter(prm__isnull=False).exists(),
        "psf": row.fits.filter(psf__isnull=False).exists(),
    }
    assert [linked[kind] for kind in kinds] == [True, True]
