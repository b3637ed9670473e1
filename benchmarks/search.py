"""How soon a list of frames is there."""

import time
from collections.abc import Iterator

import requests
from django.db import connection
from tqdm import trange

from archive.errors import FatalError
from benchmarks import baselines
from benchmarks.report import Figure, latencies_of
from benchmarks.services import Bench

N_FRAMES = 10_000
N_REQUESTS = 100
N_WARMING = 10
LIMIT = 100

# A raw frame and its product in turn, evenly over the sky and over the nights: the same rows each time, at any number.
FRAMES = """
    INSERT INTO archive_frame (
        basename, observation_date, observation_day, public_date, proposal_id, site_id, telescope_id, instrument_id,
        target_name, primary_optical_element, configuration_type, reduction_level, exposure_time, observation_id,
        request_id, area, centre, is_listed, modified_at
    )
    SELECT 'lsc1m005-fa15-' || to_char(at, 'YYYYMMDD') || '-' || lpad((n / 2)::text, 8, '0') || '-e' || level,
           at, at::date, at, 'PROP' || mod(n, 50), 'lsc', '1m0a', 'fa15', 'Target ' || mod(n, 500), 'rp', 'EXPOSE',
           level::int, 60, n, n, ST_MakeEnvelope(ra - 0.2, dec - 0.2, ra + 0.2, dec + 0.2, 4326)::geography,
           ST_SetSRID(ST_MakePoint(ra, dec), 4326)::geography, true, now()
    FROM (
        SELECT n,
               CASE mod(n, 2) WHEN 0 THEN '00' ELSE '91' END AS level,
               timestamptz '2016-01-01T00:00Z' + n / 2 * interval '1 minute' AS at,
               mod(n * 0.6180339887, 1) * 359 - 179.5 AS ra,
               degrees(asin(1.98 * mod(n * 0.7548776662, 1) - 0.99)) AS dec
        FROM generate_series(0, %s - 1) AS n
    ) AS made
"""
HEADERS = """
    INSERT INTO archive_headers (frame_id, data)
    SELECT id, (SELECT jsonb_object_agg('BENCH' || lpad(key::text, 3, '0'), key / 7.0) FROM generate_series(0, 249) key)
    FROM archive_frame
"""
OBJECTS = """
    INSERT INTO archive_storedobject (
        store, path, version_id, size_bytes, md5, sha256, crc32, stored_at, verified_at, fault
    )
    SELECT 'local', 'lsc/fa15/' || to_char(observation_day, 'YYYYMMDD') || '/raw/' || basename || '.fits.fz',
           to_char(observation_date, 'YYYYMMDD"T"HH24MISSUS"Z"') || '-' || substr(md5(basename), 1, 8), 1000000,
           md5(basename), encode(sha256(basename::bytea), 'hex'), id, observation_date, observation_date, ''
    FROM archive_frame
    ORDER BY id
"""
VERSIONS = """
    INSERT INTO archive_version (frame_id, object_id, extension, md5, is_fits, created)
    SELECT frame.id, object.id, '.fits.fz', object.md5, true, frame.observation_date
    FROM archive_frame AS frame JOIN archive_storedobject AS object ON object.md5 = md5(frame.basename)
"""
RELATIONS = """
    INSERT INTO archive_relation (source_id, derived_id, kind)
    SELECT raw.id, product.id, 'raw-of'
    FROM archive_frame AS raw JOIN archive_frame AS product ON product.observation_id = raw.observation_id + 1
    WHERE raw.reduction_level = 0
"""


def measure(bench: Bench) -> Iterator[Figure]:
    bench.empty()
    fill(N_FRAMES)
    with bench.running("web"):
        _warm(bench.url)
        baseline = baselines.empty_request(bench.url)
        latencies_s = [_time_of_list(bench.url) for _ in trange(N_REQUESTS, desc="lists", disable=None, leave=False)]
    yield from latencies_of(f"GET /frames/?limit={LIMIT}, {N_FRAMES:,} frames", latencies_s, baseline=baseline)


def fill(n_frames: int) -> None:
    """Write rows of public frames, a header, a version and its object each; every product has its raw frame."""
    with connection.cursor() as cursor:
        cursor.execute(FRAMES, [n_frames])
        for statement in (HEADERS, OBJECTS, VERSIONS, RELATIONS, "VACUUM ANALYZE"):
            cursor.execute(statement)


def _warm(url: str) -> None:
    """Let both workers of gunicorn load what they load at first use, and make sure that the answer is whole."""
    for _ in range(N_WARMING):
        answer = requests.get(f"{url}/frames/?limit={LIMIT}", timeout=60).json()
    if (answer["count"], len(answer["results"])) != (N_FRAMES, LIMIT):
        raise FatalError(f"The list has {len(answer['results'])} of {answer['count']} frames: the measurement is void.")


def _time_of_list(url: str) -> float:
    started_s = time.perf_counter()
    requests.get(f"{url}/frames/?limit={LIMIT}", timeout=60).raise_for_status()
    return time.perf_counter() - started_s
