"""Synthetic MUSE exposures, and the door that they come through."""

import itertools
from datetime import timedelta

import pytest

from archive.models import MuseExposure
from ingest.intake import ingest_file
from tests import muse_set


@pytest.fixture
def take(db, store, inspector, now):
    """Take in one file, a second after the one before."""
    clock = itertools.count()

    def take(path, **given):
        at = now + timedelta(seconds=next(clock))
        return ingest_file(path, store=store, inspector=inspector, now=at, given=given).frame

    return take


@pytest.fixture(scope="session")
def muse_tree(tmp_path_factory):
    """Six exposures of three targets, small ones. The files are never changed."""
    folder = tmp_path_factory.mktemp("muse")
    return [muse_set.write_exposure(folder, number) for number in range(6)]


@pytest.fixture
def take_exposure(take):
    """Take in all files of an exposure, and answer its row."""

    def take_exposure(made, kinds=muse_set.ALL_FILES, **given):
        for kind in kinds:
            take(made.paths[kind], **given)
        return MuseExposure.objects.get(name=made.stem)

    return take_exposure
