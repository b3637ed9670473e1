"""MUSE files through the one door become exposures by target, in whatever order they come."""

import itertools
from datetime import timedelta

import numpy as np
import pytest

from archive.domain import muse_views
from archive.domain.removal import delete_frame
from archive.models import Frame, MuseExposure, MuseTarget
from ingest.intake import ingest_file
from tests import muse_set

KINDS = ("raw", "reduced", "prm", "psf")


@pytest.fixture
def take(db, store, inspector, now):
    clock = itertools.count()
    return lambda path: (
        ingest_file(path, store=store, inspector=inspector, now=now + timedelta(seconds=next(clock))).frame
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("muse")
    return [muse_set.write_exposure(folder, number) for number in range(6)]


def exposure_of(made):
    return MuseExposure.objects.get(name=made.stem)


def described():
    """All that the rows say, whatever their ids."""
    exposures = {
        row.pop("name"): {
            key: value for key, value in row.items() if key not in {"id", "cube_id", "modified_at", "target_id"}
        }
        for row in MuseExposure.objects.values()
    }
    return exposures, sorted(MuseExposure.objects.values_list("name", "target__name", "cube__basename"))


def test_six_exposures_of_three_targets_are_what_the_generator_wrote(take, tree):
    for made in tree:
        for kind in KINDS:
            take(made.paths[kind])
    assert sorted(MuseTarget.objects.values_list("name", flat=True)) == sorted(muse_set.TARGETS)
    assert MuseExposure.objects.count() == len(tree)
    for made in tree:
        row = exposure_of(made)
        assert (row.target.name, row.ins_mode, row.obs_id) == (made.target, made.mode, made.cards["ESO OBS ID"])
        assert row.observed_at == made.observed_at
        assert (row.missing, row.is_complete) == ([], True)
        assert row.n_sources == len(made.sources)
        data = muse_views.data_of(row)
        assert {key: data["PRIMARY"][key] for key in made.cards} == made.cards
        for name, columns in made.tables.items():
            for key, truth in columns.items():
                nulls = np.array([value is None for value in data[name][key]])
                if truth.dtype.kind == "f":
                    np.testing.assert_array_equal(nulls, np.isnan(truth))
                    np.testing.assert_array_equal(np.array(data[name][key], truth.dtype)[~nulls], truth[~nulls])
                else:
                    assert data[name][key] == truth.tolist()


@pytest.mark.parametrize("order", list(itertools.permutations(KINDS))[::5])
def test_whatever_comes_first_the_rows_say_the_same(take, tree, order):
    made = tree[1]
    for kind in KINDS:
        take(made.paths[kind])
    expected = described()
    for frame in Frame.objects.filter(versions__isnull=False):
        delete_frame(frame_id=frame.pk, at=frame.modified_at, by="test")
    assert not MuseExposure.objects.exists()
    for kind in order:
        take(made.paths[kind])
    found = described()
    assert found == expected
