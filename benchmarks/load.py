"""Fill an empty, migrated database with made-up frames."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction
from tqdm import tqdm

from archive.domain import tallies
from archive.errors import UsageError
from archive.models import Frame, Proposal
from benchmarks.bare_tables import bare
from benchmarks.population.frames import make_block
from benchmarks.population.lines import COLUMNS
from benchmarks.population.plan import Plan, make_plan
from benchmarks.population.rows import text_of
from benchmarks.population.world import World, make_world

BLOCK = 20_000  # frames; two such blocks are in memory at a time
WITH_SEQUENCE = ("archive_exposure", "archive_frame", "archive_storedobject", "archive_version", "archive_relation")


def load(n_frames: int) -> None:
    """Write so many frames, and what belongs to them. Raises UsageError when there are frames already."""
    if Frame.objects.exists():
        raise UsageError("The database has frames: load into an empty one.")
    world = make_world(n_frames)
    plan = make_plan(world, n_frames)
    Proposal.objects.bulk_create(Proposal(id=name) for name in world.proposals)
    with bare(tuple(COLUMNS)):
        _copy(world, plan)
    tallies.recount()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _copy(world: World, plan: Plan) -> None:
    """One transaction, with rows that are frozen from the start: nothing rewrites them later."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(COLUMNS)}")
        for texts in _texts(world, plan):
            for table, columns in COLUMNS.items():
                cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN WITH (FREEZE)", io.StringIO(texts[table]))
        for table in WITH_SEQUENCE:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest(1, (SELECT max(id) FROM {table})))"
            )


def _texts(world: World, plan: Plan) -> Iterator[dict[str, str]]:
    """Text of each block; the next one is made while PostgreSQL reads the last."""
    blocks = plan.blocks(BLOCK)

    def made(part: slice) -> dict[str, str]:
        return text_of(world, plan, make_block(world, plan, part))

    with ThreadPoolExecutor(1) as pool, tqdm(total=plan.n_frames, unit="frame", desc="loading", disable=None) as bar:
        coming = pool.submit(made, blocks[0])
        for place, part in enumerate(blocks):
            texts = coming.result()
            if place + 1 < len(blocks):
                coming = pool.submit(made, blocks[place + 1])
            yield texts
            bar.update(int(plan.first_id[part.stop] - plan.first_id[part.start]))
