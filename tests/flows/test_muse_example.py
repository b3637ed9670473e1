"""docs/examples/muse_client.py and muse_strehl_seeing.py, used as their readers use them, against a running archive."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from PIL import Image
from rest_framework.authtoken.models import Token

from archive.models import Frame, MuseExposure, MuseTarget
from tests import muse_set
from tests.processes import ROOT

EXAMPLES = ROOT / "docs" / "examples"
NUMBERS = (0, 2, 3)  # two of NGC 3201, and one of 47 Tuc without adaptive optics


@pytest.fixture(scope="module")
def client():
    spec = importlib.util.spec_from_file_location("muse_client", EXAMPLES / "muse_client.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("muse")
    return [muse_set.write_exposure(folder, number, sources=3, channels=12, cards=40) for number in NUMBERS]


@pytest.fixture
def token(archive, transactional_db, use_store, made):
    """Token of a superuser of an archive that holds what was made."""
    archive.empty_store(use_store)
    call_command("muse", "load", str(made[0].paths["prm"].parents[1]), verbosity=0)
    return Token.objects.get(user=User.objects.create_superuser("admin")).key


@pytest.fixture
def muse(client, archive, token):
    return client.Archive(archive.url, token=token)


def test_what_is_read_is_what_was_written(muse, made):
    truth = made[0]
    assert [row["name"] for row in muse.targets()] == ["47 Tuc", "NGC 3201"]
    exposure = muse.exposure(truth.stem)
    assert (exposure["target"]["name"], exposure["ins_mode"], exposure["missing"]) == (truth.target, truth.mode, [])
    assert exposure.data["PRIMARY"]["ESO TEL AMBI TAU0"] == truth.cards["ESO TEL AMBI TAU0"]
    seeing = exposure.data["ASM_DATA"]["DIMM_SEEING"]
    np.testing.assert_array_equal(seeing, truth.tables["ASM_DATA"]["DIMM_SEEING"])
    np.testing.assert_array_equal(exposure.psf_params["wavelength"], truth.wavelength_nm)
    np.testing.assert_array_equal(exposure.psf_params["fwhm"], truth.params["fwhm"])
    assert set(exposure.sources) == set(truth.sources)
    for name, columns in truth.sources.items():
        np.testing.assert_array_equal(exposure.sources[name]["snr"], columns["snr"])
        assert set(exposure.sources[name]) == set(columns)
    fluxes = exposure.sources.columns("flux")
    np.testing.assert_array_equal(fluxes["PM_17"]["flux"], truth.sources["PM_17"]["flux"])
    with pytest.raises(KeyError):
        exposure.sources["PM_99"]


def test_exposures_are_found_by_what_was_measured_and_tabled(muse, made):
    ours = {truth.stem: truth for truth in made if truth.target == "NGC 3201"}
    assert {exposure.name for exposure in muse.exposures(target="ngc3201")} == set(ours)
    least = min(truth.cards["ESO TEL AMBI TAU0"] for truth in made)
    found = muse.exposures(header=f"ESO TEL AMBI TAU0>{least}", limit=1)  # the second page as well
    assert len(list(found)) == len(made) - 1
    keys = ["seeing_arcsec", "strehl_1", "ESO TEL AMBI TAU0", "sources.*.flux"]
    table = muse.table(keys, stat=["mean", "n"], target="NGC 3201")
    assert sorted(table["exposure"]) == sorted(ours)
    for row, name in enumerate(table["exposure"]):
        cards, strehl = ours[name].cards, ours[name].tables["SPARTA_ATM_DATA"]["LGS1_STREHL"].astype(float)
        seeing = (cards["ESO TEL AMBI FWHM START"] + cards["ESO TEL AMBI FWHM END"]) / 2
        flux = np.concatenate([columns["flux"] for columns in ours[name].sources.values()])
        assert table["seeing_arcsec"][row] == pytest.approx(seeing, rel=1e-12)
        assert table["strehl_1"][row] == pytest.approx(np.nanmean(strehl), rel=1e-12)
        assert table["ESO TEL AMBI TAU0"][row] == cards["ESO TEL AMBI TAU0"]
        assert table["sources.*.flux"][row] == pytest.approx(np.nanmean(flux), rel=1e-12)
        assert table["sources.*.flux.n"][row] == np.isfinite(flux).sum()
    assert {name: len(column) for name, column in muse.table(["airmass"], target="M 31").items()} == {
        "exposure": 0,
        "airmass": 0,
    }


def test_exposures_are_made_filled_moved_and_deleted_by_hand(client, muse, made):
    exposure = muse.create("by_hand", target="M 54", seeing_arcsec=0.7)
    assert (exposure["seeing_arcsec"], exposure["is_complete"]) == (0.7, False)
    exposure.update(airmass=1.2, comment="a test")
    assert (exposure["airmass"], exposure["comment"]) == (1.2, "a test")
    exposure.move("NGC 3201")
    assert exposure["target"]["name"] == "NGC 3201"
    view = {"PM_1": {"snr": np.array([1.5, np.nan])}, "PM_5": {"snr": np.array([2.0, 3.0])}}
    assert exposure.fill("sources", view)
    assert not exposure.fill("sources", view)
    np.testing.assert_array_equal(exposure.sources["PM_1"]["snr"], view["PM_1"]["snr"])
    with pytest.raises(client.Refused, match="colour"):
        exposure.update(colour="red")
    exposure.delete(files=True)
    with pytest.raises(client.Refused, match="404"):
        muse.exposure("by_hand")
    muse.delete_target("47 Tuc")
    assert sorted(MuseTarget.objects.values_list("name", flat=True)) == ["M 54", "NGC 3201"]


def test_wiping_asks_first(client, muse, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _asked: "no")
    with pytest.raises(client.Refused, match="nothing was deleted"):
        muse.wipe()
    muse.wipe(yes=True)
    assert not MuseExposure.objects.exists()
    assert Frame.objects.filter(versions__isnull=False).count() == 4 * len(NUMBERS)


def run(archive, token, *words):
    environment = {**os.environ, "ARCHIVE": archive.url, "ARCHIVE_TOKEN": token}
    command = [sys.executable, str(EXAMPLES / "muse_strehl_seeing.py"), *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_strehl_is_plotted_against_seeing(archive, token, tmp_path):
    path = tmp_path / "strehl.png"
    done = run(archive, token, "NGC 3201", path)
    assert (done.returncode, done.stdout) == (0, f"{path}: 2 of 2 exposures have a Strehl ratio.\n"), done.stderr
    with Image.open(path) as picture:
        assert picture.size == (1050, 675)
        assert len(picture.getcolors(1 << 16)) > 10
    none = run(archive, token, "M 31", path)
    assert (none.returncode, none.stderr) == (1, "There are no exposures of M 31 that you may see.\n")
