"""How soon 100,000 observations of the adaptive-optics camera are searched, and how fast they leave as a table."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.authtoken.models import Token
from tqdm import tqdm

from archive.enums import ProductKind
from archive.models import Proposal
from benchmarks import baselines
from benchmarks.report import Aim, Baseline, Figure, latencies_of, median_of
from benchmarks.services import Bench

N_OBSERVATIONS = 100_000
PER_NIGHT = 100
N_TARGETS = 20_000
N_PROGRAMMES = 40
N_RUNS = 9
N_EXPORTS = 3
AIM_MS = 250.0
BLOCK_BYTES = 1 << 20
KINDS = (
    ProductKind.BRIGHT,
    ProductKind.FAINT,
    ProductKind.BRIGHT_STREHL,
    ProductKind.FAINT_STREHL,
    ProductKind.BRIGHT_PREVIEW,
    ProductKind.BRIGHT_PCA,
)
MEMBER = "member"
# What a search asks for, from the narrow to what nearly all meet.
QUESTIONS = (
    "",
    "night=2016-03-01",
    "proposal_id=7",
    "target_name_exact=T77",
    "target_name=T77",
    "ra=12:30:00&dec=-12:30&radius=30&radius_unit=arcmin",
    "ra=0&dec=90&radius=20",
    "start=2016-01-01&end=2016-06-01&primary_optical_element=Si",
    "seeing_median_max=1.1",
    "seeing_nearest_min=0.8&seeing_nearest_max=1.5",
    "bright_strehl_min=0.4",
    "bright_strehl_min=0.03",
    "strehl_min=0.03&strehl_flag=OK",
    "done=bright",
    "done=bright&done=bright-pca&not_done=faint",
    "ordering=-bright_strehl_ratio",
    "ordering=ra_deg",
    "bright_strehl_min=0.03&seeing_median_max=2&magnitude_max=14&azimuth_min=10&done=bright&ordering=-magnitude",
)


def measure(bench: Bench) -> Iterator[Figure]:
    bench.empty()
    populate()
    session = requests.Session()
    session.headers["Authorization"] = f"Token {_token_of_member()}"
    with bench.running("web"):
        empty = baselines.empty_request(bench.url)
        address = f"{bench.url}/observations/"
        for question in QUESTIONS:
            times = [_time_of(session, f"{address}?{question}") for _ in range(N_RUNS + 1)][1:]
            yield from _latency(question, times, empty)
        for form in ("csv", "json-table"):
            rates = [_rate(session, f"{address}?format={form}") for _ in range(N_EXPORTS)]
            yield median_of(f"GET /observations/?format={form}, {N_OBSERVATIONS:,}", rates, "rows/s", baseline=empty)


def populate() -> None:
    """Fill the tables: two in three observations are public, of the others a member sees one programme's."""
    numbers = {"n": N_OBSERVATIONS, "programmes": N_PROGRAMMES, "targets": N_TARGETS, "per_night": PER_NIGHT}
    steps: Sequence[tuple[str, Mapping[str, Any]]] = (
        (OBSERVATIONS, numbers),
        (PRODUCTS, {"kinds": [kind.value for kind in KINDS]}),
        (STREHLS, {}),
        (OBJECTS, {}),
        (FILES, {}),
    )
    with connection.cursor() as cursor:
        for statement, values in tqdm(steps, desc="observations", disable=None, leave=False):
            cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE")


def _token_of_member() -> str:
    member = User.objects.create_user(MEMBER)
    Proposal.objects.create(id="7").members.add(member)
    return str(Token.objects.get_or_create(user=member)[0].key)


def _time_of(session: requests.Session, address: str) -> float:
    started_s = time.perf_counter()
    session.get(address, timeout=60).raise_for_status()
    return time.perf_counter() - started_s


def _latency(question: str, times_s: Sequence[float], empty: Baseline) -> Iterator[Figure]:
    median, _ = latencies_of(f"/observations/?{question}"[:56], times_s, baseline=empty)
    yield Figure(median.name, median.value, median.unit, empty, aim=(Aim.AT_MOST, AIM_MS))


def _rate(session: requests.Session, address: str) -> float:
    started_s = time.perf_counter()
    n_lines = 0
    with session.get(address, stream=True, timeout=600) as answer:
        answer.raise_for_status()
        for block in answer.iter_content(BLOCK_BYTES):
            n_lines += block.count(b"\n")
    return n_lines / (time.perf_counter() - started_s)


# All kinds of products of each observation, two Strehl ratios, and two nights' seeing in each of three.
OBSERVATIONS = """
INSERT INTO archive_observation (name, proposal_id, target_name, alternative_names, camera, primary_optical_element,
    marker, observed_at, night, public_date, telescope_id, exposure_time, magnitude, position, altitude_deg,
    azimuth_deg, signal_class, comment, modified_at, seeing_median_arcsec, seeing_mean_arcsec, seeing_nearest_arcsec,
    seeing_nearest_at)
SELECT format('%%s_T%%s_VIC_Si_o_%%s.%%s', i %% %(programmes)s, i * 7919 %% %(targets)s,
        to_char(at, 'YYYYMMDD_HH24MISS'), lpad(i::text, 6, '0')),
    (i %% %(programmes)s)::text, 'T' || i * 7919 %% %(targets)s,
    CASE WHEN i %% 500 = 0 THEN ARRAY['HD ' || i] ELSE '{}' END, 'VIC', (ARRAY['Si', 'Sz', 'lp600', 'Sr'])[1 + i %% 4],
    'o', at, at::date, CASE WHEN i %% 3 = 0 THEN NULL ELSE at + interval '1 year' END, 'kpno-2.1m',
    CASE WHEN i %% 50 = 0 THEN NULL ELSE 30 + i %% 270 END, 6 + random() * 10,
    ST_SetSRID(ST_MakePoint(360 * random() - 180, degrees(asin(2 * random() - 1))), 4326)::geography,
    20 + 70 * random(), 360 * random(), (ARRAY['high_flux', 'high_flux', 'faint', 'zero_flux'])[1 + i %% 4], '', at,
    CASE WHEN i %% 300 < 200 THEN 0.7 + (i / %(per_night)s * 37 %% 100) / 50.0 END, 1,
    CASE WHEN i %% 300 < 200 THEN 0.6 + random() * 2 END, at
FROM (SELECT i, timestamptz '2015-01-01 02:00Z' + interval '1 day' * (i / %(per_night)s)
    + interval '6 minutes' * (i %% %(per_night)s) AS at FROM generate_series(1, %(n)s) AS i) AS made
"""
PRODUCTS = """
INSERT INTO archive_product (observation_id, night, kind, subject, is_current, state, fingerprint, inputs, parameters,
    algorithm, version, "values", attempts, error, reason, not_before, lease, worker, forced_by, forced_reason,
    created_at, finished_at)
SELECT o.id, o.night, kind, o.name, true, CASE WHEN (o.id + place) %% 50 = 0 THEN 'pending' ELSE 'done' END,
    CASE WHEN (o.id + place) %% 50 = 0 THEN '' ELSE encode(sha256(format('%%s %%s', o.id, kind)::bytea), 'hex') END,
    '[]', '{}', kind, '1', '{}', 1, '', '', o.observed_at, 1, '', '', '', o.observed_at, o.observed_at
FROM archive_observation AS o, unnest(%(kinds)s) WITH ORDINALITY AS made (kind, place)
"""
STREHLS = """
INSERT INTO archive_strehlmeasurement (product_id, observation_id, strehl_ratio, strehl_error, flag, warnings, y_px,
    x_px, measured_at)
SELECT id, observation_id, 0.02 + 0.5 * power(random(), 3), 0.01, CASE WHEN id %% 7 = 0 THEN 'BAD?' ELSE 'OK' END, '[]',
    1024, 1024, created_at
FROM archive_product WHERE kind IN ('bright-strehl', 'faint-strehl') AND state = 'done'
"""
OBJECTS = """
INSERT INTO archive_storedobject (store, path, version_id, size_bytes, md5, stored_at, storage_class, fault)
SELECT 'local', 'archive/products/' || id, '1', 1, md5(id::text), created_at, '', ''
FROM archive_product WHERE kind = 'bright-preview' AND state = 'done'
"""
FILES = """
INSERT INTO archive_productfile (product_id, role, filename, object_id, sha256, size_bytes)
SELECT p.id, 'cropped', p.subject || '_cropped.png', s.id, p.fingerprint, 1
FROM archive_product AS p JOIN archive_storedobject AS s ON s.path = 'archive/products/' || p.id
"""
