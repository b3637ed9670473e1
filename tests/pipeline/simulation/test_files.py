from datetime import UTC, datetime

import numpy as np
import pytest
from astropy.io import fits

from pipeline.simulation.files import file_names, observation_name, write_files

FRAMES = np.random.default_rng(1).integers(0, 65536, (7, 30, 50), dtype=np.uint16)
HEADER = [("MODE_NUM", 1, "detector mode"), ("OBJECT", "351_Yrsa", "")]


def write(folder, frames=FRAMES, frames_per_file=3):
    names = file_names("4_351_Yrsa", -(-len(FRAMES) // frames_per_file))
    write_files(
        iter(frames),
        folder=folder,
        names=names,
        frames_per_file=frames_per_file,
        header=HEADER,
        frame_header=lambda number: [("FRAME", number, "")],
    )
    return [folder / name for name in names]


def test_an_observation_is_named_by_what_it_is():
    name = observation_name(
        program="4",
        target="351_Yrsa",
        camera="VIC",
        filter_name="lp600",
        mark="o",
        at=datetime(2016, 9, 25, 11, 4, 27, 40912, tzinfo=UTC),
    )
    assert name == "4_351_Yrsa_VIC_lp600_o_20160925_110427.040912"  # the specification's example


def test_the_first_file_has_no_number_and_the_next_one_is_zero():
    assert file_names("a", 1) == ["a.fits.bz2"]
    assert file_names("a", 12)[-2:] == ["a_9.fits.bz2", "a_10.fits.bz2"]


def test_each_frame_is_one_hdu_and_none_is_lost_between_files(tmp_path):
    paths = write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "4_351_Yrsa.fits.bz2",
        "4_351_Yrsa_0.fits.bz2",
        "4_351_Yrsa_1.fits.bz2",
    ]
    found = []
    for path, n_frames in zip(paths, (3, 3, 1), strict=True):
        with fits.open(path) as hdus:
            hdus.verify("exception")
            assert len(hdus) == n_frames
            assert hdus[0].header["OBJECT"] == "351_Yrsa"
            assert all("OBJECT" not in hdu.header for hdu in hdus[1:])
            found += [(hdu.header["FRAME"], hdu.data) for hdu in hdus]
    assert [number for number, _ in found] == list(range(7))
    assert np.array_equal(np.array([data for _, data in found]), FRAMES)
    assert found[0][1].dtype == np.uint16


def test_the_same_frames_make_the_same_bytes(tmp_path):
    (tmp_path / "again").mkdir()
    for one, again in zip(write(tmp_path), write(tmp_path / "again"), strict=True):
        assert one.read_bytes() == again.read_bytes()


def test_a_file_that_was_not_finished_is_not_there(tmp_path):
    def stopped():
        yield from FRAMES[:5]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, frames=stopped())
    whole = [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert whole == ["4_351_Yrsa.fits.bz2"]
    write(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
