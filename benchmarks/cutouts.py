"""How soon a region of a large frame in S3 is there: pixels at full resolution, means of all of it, directions."""

import io
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import numpy as np
import requests
from astropy.io import fits
from botocore.config import Config

from archive.domain.store import the_store
from archive.models import Frame
from benchmarks import baselines
from benchmarks.report import Baseline, Figure, median_of
from benchmarks.services import Bench
from deploy.local.testing import S3Server
from tests.factories import FrameFactory

SIDE_PX, TILE_PX = 4096, 512
N_RUNS = 15
MEBIBYTE = 1 << 20
WCS = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 202.47, "CRVAL2": 47.2, "CRPIX1": 2048.5, "CRPIX2": 2048.5,
    "CD1_1": -1e-4, "CD2_2": 1e-4,
}  # fmt: skip


def measure(bench: Bench) -> Iterator[Figure]:
    bench.empty()
    with bench.s3() as server:
        plain, packed = _frames()
        with bench.running("web"):
            empty = baselines.empty_request(bench.url)
            yield from _plain(bench.url, plain, _range_of_s3(server, plain), empty)
            yield from _packed(bench.url, packed, empty)


def _plain(url: str, frame: Frame, raw: Baseline, empty: Baseline) -> Iterator[Figure]:
    tile = [_time_ms(url, frame, _tile(at)) for at in range(N_RUNS + 1)]
    read_mib = ((TILE_PX - 1) * SIDE_PX + TILE_PX) * 4 / MEBIBYTE
    of = f"{TILE_PX}² of {SIDE_PX}² float32 in S3"
    yield Figure(f"GET /frames/<id>/cutout/, {of}, the first", tile[0], "ms", empty)
    yield median_of(f"the same, later ({read_mib:.1f} MiB read, 1.0 sent)", tile[1:], "ms", baseline=raw)
    overview = [_time_ms(url, frame, "cutout/?bin=4") for _ in range(N_RUNS)]
    yield median_of("all of it by bin=4 (64 MiB read, 4 sent)", overview, "ms", baseline=empty)
    sky = [_time_ms(url, frame, "cutout/sky/") for _ in range(N_RUNS + 1)]
    yield Figure("GET /frames/<id>/cutout/sky/, the first of a process", sky[0], "ms", empty)
    yield median_of("the same, later", sky[1:], "ms", baseline=empty)


def _packed(url: str, frame: Frame, empty: Baseline) -> Iterator[Figure]:
    runs = [_time_ms(url, frame, _tile(at)) for at in range(N_RUNS + 1)]
    yield Figure("a packed frame (.fits.fz), the first region", runs[0], "ms", empty)
    yield median_of("the same, later", runs[1:], "ms", baseline=empty)


def _tile(number: int) -> str:
    x0, y0 = (number * 173) % (SIDE_PX - TILE_PX), (number * 419) % (SIDE_PX - TILE_PX)
    return f"cutout/?x0={x0}&y0={y0}&width={TILE_PX}&height={TILE_PX}"


def _time_ms(url: str, frame: Frame, what: str) -> float:
    started_s = time.perf_counter()
    requests.get(f"{url}/frames/{frame.pk}/{what}", timeout=60).raise_for_status()
    return 1000.0 * (time.perf_counter() - started_s)


def _frames() -> tuple[Frame, Frame]:
    """The same noise as plain FITS and packed by tiles."""
    pixels = np.random.default_rng(1).normal(1000, 30, (SIDE_PX, SIDE_PX)).astype("f4")
    plain, packed = io.BytesIO(), io.BytesIO()
    fits.PrimaryHDU(pixels, header=fits.Header(WCS)).writeto(plain)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "packed.fits")
        image = fits.CompImageHDU(pixels, header=fits.Header(WCS), compression_type="RICE_1")
        fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
        packed.write(path.read_bytes())
    make = FrameFactory(the_store())
    return make(content=plain.getvalue(), extension=".fits"), make(content=packed.getvalue(), extension=".fits.fz")


def _range_of_s3(server: S3Server, frame: Frame) -> Baseline:
    """The same bytes asked of the store itself."""
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name=server.region,
        config=Config(s3={"addressing_style": "path"}),
    )
    path = frame.versions.get().object.path
    size_bytes = ((TILE_PX - 1) * SIDE_PX + TILE_PX) * 4
    took = []
    for _ in range(N_RUNS):
        started_s = time.perf_counter()
        client.get_object(Bucket=server.bucket, Key=path, Range=f"bytes=2880-{2880 + size_bytes - 1}")["Body"].read()
        took.append(1000.0 * (time.perf_counter() - started_s))
    return Baseline(sorted(took)[N_RUNS // 2], "ms", "the same range asked of S3")
