"""A tree of the original archive, written here by hand as its page says, is taken over with its traps undone."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command

from archive.enums import ProductKind
from archive.models import ContrastCurve, Event, Frame, Observation, Product, StrehlMeasurement
from pipeline.restoring import original_texts as texts
from pipeline.restoring.restore import Restore
from pipeline.restoring.taking_over import TakeOver
from tests.pipeline.conftest import STAR, Machine
from tests.pipeline.restoring.conftest import IN_WORK, drop_all_rows, exported, keep

FAILED = "4.1_No_Star_VIC_Si_o_20160925_120000.000000"
KINDS = {kind.value for kind in ProductKind}
OF_STAR = {"bright", "bright-strehl", "bright-preview", "bright-pca", "faint"} | (KINDS & {"bundle"})
STREHL = "# x y core halo SR FWHM flag\n1023 980 0.08311 0.29012 18.52341 0.11043 OK\n"
CURVE = "# contrast curve of the star at 1023 980\n0.200 2.911\n0.300 3.804\n1.450 7.420\n"
SHIFTS = "Lock position: 511 490\nframe x_shift y_shift ex ey\n0 0 0 0.05 0.06\n1 -3.25 1.5 0.10 0.20\n2 0 0 0 0\n"
SETTINGS = "Pipeline settings\n0 1 (500,480),(523,500)\n0 2 (1,1),(3,3)\n"
SORTED = f"name of frame\n0.21 12.5 /raw/{STAR}_1.fits[47]\n0.20 12.4 /raw/{STAR}.fits[3]\n"


def write_fits(path: Path, *, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cards = {
        "EXPOSURE": 119.3,
        "MAGNITUD": 12.5,
        "TELRA": "01:02:03.00",
        "TELDEC": "-00:12:30.0",
        "EQUINOX": 2000.0,
        "AZIMUTH": "120.5",
        "ELVATION": "63.25",
    }
    pixels = np.random.default_rng(seed).normal(100, 5, (32, 32)).astype(np.float32)
    fits.PrimaryHDU(pixels, header=fits.Header(cards)).writeto(path)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """One night: a star by every way, one that failed, masters, pictures of the night, and what is none of these."""
    night = tmp_path / "archive" / "20160925"
    files = {
        f"high_flux/{STAR}/pipeline_settings.txt": SETTINGS,
        f"high_flux/{STAR}/sorted.txt": SORTED,
        f"{STAR}/automated/strehl/{STAR}_strehl.txt": STREHL,
        f"{STAR}/automated/pca/{STAR}_contrast_curve.txt": CURVE,
        f"{STAR}/automated/preview/{STAR}_full.png": "a picture",
        f"{STAR}/automated/preview/{STAR}_cropped.png": "a part of it",
        f"{STAR}/faint/shifts.txt": SHIFTS,
        f"{STAR}/{STAR}.tar.bz2": "packed",
        "summary/seeing.20160925.png": "a plot",
        "notes/readme.txt": "by hand",
    }
    for name, content in files.items():
        path = night / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    stacks = {
        f"high_flux/{STAR}/100p.fits": 1,
        f"failed/{FAILED}/sum.fits": 2,
        f"{STAR}/automated/strehl/{STAR}_box.fits": 3,
        f"{STAR}/automated/pca/{STAR}_pca.fits": 4,
        f"{STAR}/faint/{STAR}_summed.fits": 5,
        f"{STAR}/faint/{STAR}_simple_sum.fits": 6,
        "calib/dark_1.fits": 7,
        "calib/flat_lp600.fits": 8,
    }
    for name, seed in stacks.items():
        write_fits(night / name, seed=seed)
    return tmp_path / "archive"


@pytest.fixture
def take_over(machine: Machine):
    return lambda tree, **more: TakeOver(machine.store, machine.inspector, machine.now).run(tree, **more)


@pytest.mark.django_db
class TestTree:
    def test_its_products_are_done_with_their_values_and_nothing_waits(self, machine, tree, take_over):
        report = take_over(tree)
        assert set(Product.objects.values_list("subject", "kind", "state")) == {
            *((STAR, kind, "done") for kind in OF_STAR),
            (FAILED, "bright", "done"),
            ("dark_1", "dark", "done"),
            ("flat_lp600", "flat", "done"),
        }
        assert report.left_out["path"] == 2
        assert not Event.objects.exists()
        assert machine.dispatch() == []

    def test_strehl_ratio_is_a_share_and_x_stands_before_y(self, tree, take_over):
        take_over(tree)
        strehl = StrehlMeasurement.objects.get()
        assert (strehl.strehl_ratio, strehl.strehl_legacy) == (pytest.approx(0.1852341), pytest.approx(0.1852341))
        assert (strehl.x_px, strehl.y_px, strehl.flag) == (1023, 980, "OK")
        assert (strehl.core_arcsec, strehl.halo_arcsec, strehl.fwhm_arcsec) == (0.08311, 0.29012, 0.11043)
        # The original's table: F = 0.02990 ± 0.00040 for lp600.
        assert strehl.strehl_error == pytest.approx(0.1852341 * 0.00040 / 0.02990, rel=0.01)

    def test_limits_of_contrast_are_rows_as_the_original_made_them(self, tree, take_over):
        take_over(tree)
        curve = ContrastCurve.objects.get()
        assert (curve.separations_arcsec, curve.delta_mags) == ([0.2, 0.3, 1.45], [2.911, 3.804, 7.42])
        assert (curve.component_count, curve.reference_count, curve.library_version) == (1, 5, "")
        # On the straight line from 0.3 to 1.45 arcsec.
        assert curve.delta_mag_0p5 == pytest.approx(3.804 + (7.42 - 3.804) * 0.2 / 1.15)

    def test_shifts_have_their_axes_back_and_rejected_frames_are_none(self, machine, tree, take_over):
        take_over(tree)
        values = machine.product(ProductKind.FAINT).values
        assert [(shift["dy_px"], shift["dx_px"], shift["is_used"]) for shift in values["shifts"]] == [
            (0.0, 0.0, True),
            (3.25, -1.5, True),
            (0.0, 0.0, False),
        ]
        assert (values["n_used"], values["n_frames"], values["lock_yx_px"]) == (2, 3, [490.0, 511.0])

    def test_guide_star_best_frame_and_class(self, machine, tree, take_over):
        take_over(tree)
        values = machine.product(ProductKind.BRIGHT).values
        assert values["guide_star_yx_px"] == [490, 511]
        assert values["best_frame"] == {"file": 2, "frame": 47}
        assert values["signal_class"] == "high_flux"
        classes = dict(Observation.objects.values_list("name", "signal_class"))
        assert classes == {STAR: "high_flux", FAILED: "failed"}

    def test_observations_are_of_their_programmes_and_headers_and_nobody_else_sees_them(self, tree, take_over):
        take_over(tree)
        star = Observation.objects.get(name=STAR)
        assert (star.proposal_id, star.target_name, star.night) == ("4", "351_Yrsa", date(2016, 9, 25))
        assert (star.exposure_time, star.magnitude, star.azimuth_deg, star.altitude_deg) == (119.3, 12.5, 120.5, 63.25)
        assert star.position.y == pytest.approx(-(12 / 60 + 30 / 3600), abs=1e-3)
        assert Observation.objects.get(name=FAILED).proposal_id == "4.1"
        nobody, then = AnonymousUser(), datetime(2100, 1, 1, tzinfo=UTC)
        assert not Observation.objects.visible_to(nobody, at=then).exists()
        assert not Frame.objects.visible_to(nobody, at=then).exists()
        assert {f"{STAR}_{label}" for label in ("100p", "box", "summed", "simple_sum")} <= set(
            Frame.objects.values_list("basename", flat=True)
        )

    def test_to_repeat_it_changes_nothing(self, machine, tree, take_over):
        take_over(tree)
        rows, objects = exported(), list(machine.store.listing())
        report = take_over(tree)
        assert (exported(), list(machine.store.listing())) == (rows, objects)
        assert not report.rows

    def test_a_dry_run_keeps_nothing(self, machine, tree, take_over):
        report = take_over(tree, keeps=False)
        assert report.rows == {"product taken over": len(OF_STAR) + 3}
        assert (exported(), list(machine.store.listing())) == (b"", [])

    def test_a_text_that_is_none_is_told_and_the_rest_is_taken(self, machine, tree, take_over):
        path = tree / "20160925" / STAR / "automated" / "strehl" / f"{STAR}_strehl.txt"
        path.write_text("nothing\n", encoding="utf-8")
        report = take_over(tree)
        assert report.left_out["text"] == 1
        assert machine.product(ProductKind.BRIGHT_STREHL).state == "done"
        assert not StrehlMeasurement.objects.exists()

    def test_what_the_archive_made_itself_stays(self, reduced, tree, take_over):
        before = reduced.product(ProductKind.BRIGHT)
        report = take_over(tree)
        assert reduced.product(ProductKind.BRIGHT) == before
        assert report.left_out["bright"] == 1

    def test_it_comes_back_from_the_store_like_all_others(self, machine, tree, take_over):
        take_over(tree)
        keep(machine)
        before = exported()
        drop_all_rows()
        report = Restore(machine.store, machine.inspector, machine.now).run()
        assert exported() == before
        assert report.left_out == {}
        assert not Product.objects.filter(state__in=IN_WORK).exists()

    def test_raw_files_that_come_later_are_reduced_anew(self, machine, tree, take_over):
        take_over(tree)
        machine.take_calibrations()
        machine.take(STAR)
        machine.run()
        assert machine.product(ProductKind.BRIGHT).algorithm == "small-bright"
        assert Product.objects.get(subject=STAR, kind="bright", algorithm="original").state == "stale"


def test_by_the_command(db, machine, tree, capsys):
    call_command("restore", str(tree))
    assert f"{len(OF_STAR) + 3} product taken over" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "# only words\n", "1 2 3\n", "1 2 0.1 0.2 nine 0.3 OK\n", "1 2 0.1 0.2 9.0 0.3 GOOD\n"]
)
def test_a_strehl_text_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"columns|flag|float"):
        texts.strehl_of(text)


@pytest.mark.parametrize(
    ("last", "best"),
    [(f"{STAR}.fits[3]", (0, 3)), (f"{STAR}_0.fits[12]", (1, 12)), (f"{STAR}_11.fits.bz2[0]", (12, 0)), ("x", None)],
)
def test_the_best_frame_is_in_the_file_that_its_name_says(last, best):
    assert texts.best_frame_of(f"first line\n0.1 0.2 {last}\n") == best
