"""The loader of the benchmarks leaves the schema as it was, and rows that the archive itself could have written."""

import pytest
from django.db import connection
from django.utils import timezone

from archive.domain import tallies
from archive.errors import UsageError
from archive.models import Frame, Headers, Relation, SetupTally, StoredObject, Version
from archive.models.tally import Span
from benchmarks.load import load

N_FRAMES = 4000
SCHEMA = """
    SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'trigger', tgname::text, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
"""


def asked(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.fixture
def schema_before(transactional_db):
    return sorted(asked(SCHEMA))


@pytest.fixture
def loaded(schema_before):
    load(N_FRAMES)


def test_the_schema_is_as_it_was_and_nothing_is_written_over(schema_before, loaded):
    assert sorted(asked(SCHEMA)) == schema_before
    with pytest.raises(UsageError, match="empty"):
        load(N_FRAMES)


def test_frames_are_as_many_as_asked_and_whole(loaded):
    placeholders = Frame.objects.filter(observation_date__isnull=True, is_listed=False)
    assert Frame.objects.count() == N_FRAMES
    assert placeholders.count() == N_FRAMES // 2000
    assert not Frame.objects.listed().filter(versions__isnull=True).exists()
    assert Version.objects.count() == StoredObject.objects.count() > Frame.objects.listed().count()
    assert 0.05 * N_FRAMES < Headers.objects.count() < 0.15 * N_FRAMES
    assert Frame.objects.create(basename="new").pk > N_FRAMES


def test_raw_frame_and_product_belong_together_and_footprints_lie_about_their_centre(loaded):
    pairs = Relation.objects.filter(kind="raw-of", source__request_id__isnull=False).select_related("source", "derived")
    assert pairs.count() > N_FRAMES / 5
    for pair in pairs:
        raw, product = pair.source, pair.derived
        assert (raw.reduction_level, product.reduction_level) == (0, 91)
        assert (raw.request_id, raw.exposure_id, raw.observation_date) == (
            product.request_id,
            product.exposure_id,
            product.observation_date,
        )
    wrong = "NOT ST_Covers(area, centre) OR ST_Area(area, false) > 4e9"  # m2 on the sphere: 0.57 degrees by 0.57
    assert asked(f"SELECT count(*) FROM archive_frame WHERE {wrong}") == [(0,)]
    assert asked("SELECT count(*) > 1000 FROM archive_frame WHERE area IS NOT NULL") == [(True,)]


def test_flag_and_tallies_follow_the_rows(loaded):
    now = timezone.now()
    assert Frame.objects.filter(is_public=True).count() == Frame.objects.public(at=now).count() > N_FRAMES / 2
    tallied = sum(SetupTally.objects.filter(span=Span.ALL).values_list("n_frames", flat=True))
    assert tallied == Frame.objects.listed().count()
    Frame.objects.listed().first().delete()
    tallies.fold()
    after = sum(SetupTally.objects.filter(span=Span.ALL).values_list("n_frames", flat=True))
    assert after == tallied - 1
