"""A simulated night, reduced by the real graph: its database is dropped and comes back from a real bucket."""

from datetime import timedelta

import pytest

from archive.enums import ProductState
from archive.models import Event, Product, SeeingMeasurement, StrehlMeasurement
from ingest.intake import ingest_file
from pipeline import planning
from pipeline.restoring.restore import Restore
from pipeline.restoring.tree_export import export_tree
from tests.pipeline.conftest import Machine
from tests.pipeline.restoring.conftest import IN_WORK, drop_all_rows, exported, keep
from tests.pipeline.restoring.test_stores import s3_store  # noqa: F401 - a fixture


@pytest.mark.django_db
def test_a_simulated_night_comes_back_byte_for_byte_and_nothing_is_made_again(
    s3_store,  # noqa: F811
    settings,
    simulated_night,
    tmp_path,
    inspector,
    now,
):
    settings.AO_SETTLE_TIME = timedelta(0)
    machine = Machine(s3_store, inspector, tmp_path, tmp_path, now)
    for path in sorted(simulated_night.raws.iterdir()):
        frame = ingest_file(path, store=s3_store, inspector=inspector, now=now).frame
        planning.plan_frame(frame.pk, at=now)
    machine.run()
    keep(machine)
    before = exported()
    exported_files = [export_tree(tmp_path / "tree", night=None) for _ in range(2)]
    assert exported_files[1].n_written == 0  # no two things are written under one name
    assert exported_files[1].n_there == exported_files[0].n_written
    settled = Product.objects.exclude(state__in=IN_WORK).count()
    assert Product.objects.filter(state=ProductState.DONE).count() > 20
    assert StrehlMeasurement.objects.exists()
    assert SeeingMeasurement.objects.exists()
    drop_all_rows()
    report = Restore(s3_store, inspector, now + timedelta(days=1)).run()
    assert exported() == before
    assert report.left_out == {}
    assert Product.objects.count() == settled
    assert not Event.objects.exists()
    assert machine.dispatch() == []
