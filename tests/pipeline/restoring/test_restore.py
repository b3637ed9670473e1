"""The database is dropped and comes back out of the store, byte for byte; nothing is computed and nobody told."""

import pytest

from archive.models import Event, Frame, Product
from tests.pipeline.restoring.conftest import drop_all_rows, exported, keep

IN_WORK = ("pending", "queued", "running")


@pytest.mark.django_db
class TestAll:
    def test_every_science_row_comes_back_as_it_was_and_no_job_waits(self, night, restore):
        keep(night)
        before, ids = exported(), dict(Frame.objects.values_list("basename", "pk"))
        settled = Product.objects.exclude(state__in=IN_WORK).count()
        drop_all_rows()
        assert exported() == b""
        night.later(days=1)
        report = restore()
        assert exported() == before
        assert report.left_out == {}
        assert dict(Frame.objects.values_list("basename", "pk")) == ids
        assert not Event.objects.exists()
        assert Product.objects.count() == settled
        assert not Product.objects.filter(state__in=IN_WORK).exists()
        assert night.dispatch() == []

    def test_to_repeat_it_changes_nothing(self, night, restore):
        keep(night)
        before = exported()
        drop_all_rows()
        restore()
        restore()
        assert exported() == before

    def test_a_dry_run_tells_the_same_and_keeps_nothing(self, night, restore):
        keep(night)
        drop_all_rows()
        tried = restore(keeps=False)
        assert exported() == b""
        assert tried.rows == restore().rows
