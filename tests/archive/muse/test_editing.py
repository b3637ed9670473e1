"""Exposures and targets of MUSE by hand."""

import pytest

from archive.domain import muse_editing, muse_targets, muse_views
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Frame, MuseExposure, MuseFit, MuseTarget, MuseTargetName
from ingest.muse_filling import fill
from tests import muse_set
from tests.conftest import NOW

CARDS = {
    "DATE-OBS": "2019-02-01T05:12:33.650",
    "PROV1": "MUSE.2019-02-01T05:12:33.650.fits",
    "ESO OBS TARG NAME": "47 Tuc",
    "ESO TEL AMBI FWHM START": 0.5,
    "ESO TEL AMBI FWHM END": 0.75,
    "ESO TEL AIRM START": 1.0,
    "ESO TEL AIRM END": 1.0,
}
PARAMS = {"fwhm": [4.0, None], "wavelength": [475.0, 475.125]}


@pytest.fixture
def put(store, inspector, now):
    return lambda row, view, content: fill(row, view, content, store=store, inspector=inspector, now=now)


@pytest.fixture
def made(db):
    return muse_editing.create(
        name="by_hand", by="alice", at=NOW, target="47 Tuc", values={"seeing_arcsec": 0.9, "airmass": 1.0}
    )


def test_an_exposure_is_made_and_changed_by_hand_field_by_field(made):
    assert (made.target.name, made.seeing_arcsec, made.seeing_los_arcsec, made.created_by) == (
        "47 Tuc",
        0.9,
        0.9,
        "alice",
    )
    row = muse_editing.change(
        made, {"ins_mode": "NFM-AO-N", "observed_at": "2019-02-01T05:00:00Z"}, by="bob", at=NOW, comment="x"
    )
    row.refresh_from_db()
    assert (row.ins_mode, row.observed_at.hour, row.comment, row.seeing_arcsec) == ("NFM-AO-N", 5, "x", 0.9)
    row = muse_editing.change(row, {"seeing_arcsec": None}, by="bob", at=NOW)
    assert (row.seeing_arcsec, row.seeing_los_arcsec) == (None, None)


@pytest.mark.parametrize(
    "values",
    [
        {"name": "other"},
        {"airmass": "much"},
        {"airmass": "nan"},
        {"obs_id": 1.5},
        {"ins_mode": "x" * 33},
        {"observed_at": "soon"},
    ],
)
def test_what_can_not_be_set_is_refused_and_changes_nothing(made, values):
    with pytest.raises(UsageError, match=next(iter(values))):
        muse_editing.change(made, values, by="bob", at=NOW)
    made.refresh_from_db()
    assert made.said == {"seeing_arcsec": 0.9, "airmass": 1.0, "target": "47 Tuc"}


def test_a_second_exposure_of_one_name_is_refused(made):
    with pytest.raises(ConflictError):
        muse_editing.create(name="by_hand", by="bob", at=NOW)
    for name in ("", "a.b", "a/b", "x" * 191):
        with pytest.raises(UsageError):
            muse_editing.create(name=name, by="bob", at=NOW)


def test_views_that_are_filled_in_are_files_of_the_archive(made, put):
    assert put(made, "data", {"PRIMARY": CARDS, "ASM_DATA": {"DIMM_SEEING": [0.5, 0.75]}})
    assert put(made, "psfParams", PARAMS)
    assert put(made, "sources", {"PM_17": {"snr": [1.0, None]}})
    made.refresh_from_db()
    assert (made.is_complete, made.n_sources, made.seeing_arcsec) == (True, 1, 0.9)  # said by hand before
    assert muse_editing.change(made, {"seeing_arcsec": None}, by="bob", at=NOW).seeing_arcsec == 0.625
    fit = muse_views.fit_of(made)
    assert muse_views.psf_params_of(fit) == PARAMS
    assert dict(muse_views.sources_of(fit)) == {"PM_17": {"snr": [1.0, None]}}
    assert muse_views.data_of(made)["ASM_DATA"] == {"DIMM_SEEING": [0.5, 0.75]}
    assert sorted(Frame.objects.filter(versions__isnull=False).values_list("basename", flat=True)) == [
        "MUSE.2019-02-01T05:12:33.650",
        "by_hand",
        "by_hand.prm",
        "by_hand.psf",
    ]


def test_to_fill_in_the_same_again_changes_nothing_and_another_is_a_version(made, put):
    put(made, "data", {"PRIMARY": CARDS})
    put(made, "psfParams", PARAMS)
    assert not put(made, "data", {"PRIMARY": CARDS})
    assert not put(made, "psfParams", PARAMS)
    assert put(made, "psfParams", PARAMS | {"fwhm": [3.0, 3.0]})
    assert MuseFit.objects.filter(exposure=made).count() == 2


def test_a_view_of_another_shape_leaves_nothing_behind(made, put, store):
    with pytest.raises(UsageError):
        put(made, "data", {"PRIMARY": CARDS, "ASM_DATA": {"x": [1.0], "y": []}})
    with pytest.raises(UsageError, match="psfParams"):
        put(made, "psf_params", {})
    assert not Frame.objects.exists()
    assert not list(store.listing())


def test_who_may_see_an_exposure_is_said_by_hand_only_while_it_has_no_file(made, put):
    row = muse_editing.change(made, {"public_date": "2019-01-01T00:00:00Z", "proposal_id": "P1"}, by="bob", at=NOW)
    assert (row.public_date.year, row.proposal_id) == (2019, "P1")
    put(row, "data", {"PRIMARY": CARDS})
    row.refresh_from_db()
    assert (row.public_date, row.proposal_id) == (row.cube.public_date, "")


def test_an_exposure_is_moved_and_moves_back(take_exposure, muse_tree):
    row = take_exposure(muse_tree[0])
    moved = muse_editing.move(row, "ngc 9999", by="bob", at=NOW)
    assert moved.target.name == "ngc 9999"
    take_exposure(muse_tree[0])  # its files come again: it stays
    moved.refresh_from_db()
    assert moved.target.name == "ngc 9999"
    assert muse_editing.move(moved, None, by="bob", at=NOW).target.name == muse_tree[0].target


def test_targets_are_renamed_and_merged_and_later_files_follow(take_exposure, muse_tree):
    row = take_exposure(muse_tree[0])
    muse_targets.rename(row.target, "Globular")
    other = take_exposure(muse_tree[1]).target
    with pytest.raises(ConflictError, match="merge"):
        muse_targets.add_alias(other, "NGC3201")
    muse_targets.merge(other, row.target)
    assert list(MuseTarget.objects.values_list("name", flat=True)) == ["Globular"]
    assert take_exposure(muse_tree[3]).target == take_exposure(muse_tree[4]).target == row.target
    assert set(MuseTargetName.objects.values_list("name", flat=True)) == {"NGC 3201", "Globular", muse_tree[1].target}


def test_an_alias_is_given_and_taken_back(made):
    muse_targets.add_alias(made.target, "NGC 104")
    assert muse_targets.named("ngc-104") == made.target
    muse_targets.remove_alias(made.target, "ngc104")
    with pytest.raises(NotFoundError):
        muse_targets.remove_alias(made.target, "ngc104")
    with pytest.raises(UsageError):
        muse_targets.remove_alias(made.target, "47tuc")


def test_declinations_of_two_signs_are_two_targets(db):
    assert muse_targets.named("J0534+2200") != muse_targets.named("J0534-2200")


def test_a_target_goes_with_its_exposures_and_files_stay_unless_told(take_exposure, muse_tree, store, now):
    rows = [take_exposure(muse_tree[number]) for number in (0, 3, 1)]
    before = list(store.listing())
    gone = muse_editing.delete_target(rows[0].target, with_files=False, by="bob", at=now)
    assert (gone.n_targets, gone.n_exposures, gone.n_frames) == (1, 2, 0)
    assert list(store.listing()) == before
    assert MuseExposure.objects.get() == rows[2]


@pytest.mark.django_db(transaction=True)
def test_files_that_are_told_to_go_do_and_those_of_others_stay(take, take_exposure, muse_tree, store, now, tmp_path):
    row, other = (take_exposure(muse_tree[number]) for number in (0, 1))
    again = muse_set.write_exposure(tmp_path, 0, refit=3, files=["prm"])
    again.paths["prm"].rename(tmp_path / f"{row.name}.prm_v2.fits")
    take(tmp_path / f"{row.name}.prm_v2.fits")  # shares cube and raw file
    assert muse_editing.frames_that_go([row]) == 2
    gone = muse_editing.delete_exposures([row], with_files=True, by="bob", at=now)
    assert (gone.n_exposures, gone.n_frames) == (1, 2)
    assert set(MuseExposure.objects.values_list("name", flat=True)) == {f"{row.name}_v2", other.name}
    left = {version.path.rsplit("/", 1)[1] for version in store.listing()}
    assert f"{row.name}.prm.fits" not in left
    assert f"{row.name}.fits" in left


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("with_files", [False, True])
def test_wiping_takes_rows_and_files_when_told(take_exposure, muse_tree, store, now, with_files):
    for made in muse_tree[:2]:
        take_exposure(made)
    gone = muse_editing.wipe(with_files=with_files, by="bob", at=now)
    assert (gone.n_targets, gone.n_exposures, gone.n_frames) == (2, 2, 8 if with_files else 0)
    assert not MuseTarget.objects.exists()
    assert not MuseExposure.objects.exists()
    assert bool(list(store.listing())) is not with_files
