"""The process that reads one foreign file and makes one image of it, for `archive.downloads.making`.

It has no secrets in its environment and is limited in memory, time and what it may write. It answers in JSON: "made",
or why not. Run as `python -m archive.downloads.image_child JOB`.
"""

import json
import sys
from pathlib import Path
from typing import Any, BinaryIO

from astropy import log as astropy_log

from archive.downloads.image_job import ImageJob
from archive.downloads.unpacking import opened_fits, write_unpacked
from archive.errors import UsageError
from ingest.one_job import do_job, limit_process
from pipeline.arrays.planes import planes_of
from pipeline.arrays.previews import previews, whole_image
from pipeline.arrays.sixteen_bits import asinh_sixteen_bits, linear_sixteen_bits, write_tiff
from pipeline.arrays.stretch import Curve

NO_IMAGE = "this file holds no image: download it as it is."


def main() -> None:
    job = ImageJob(**json.loads(sys.argv[1]))
    astropy_log.setLevel("ERROR")
    limit_process(memory_bytes=job.memory_bytes, file_bytes=job.most_bytes, cpu_s=job.cpu_s)
    do_job(lambda: _made(job))


def _made(job: ImageJob) -> dict[str, Any]:
    with Path(job.target).open("wb") as target:
        _write(job, target)
    return {}


def _write(job: ImageJob, target: BinaryIO) -> None:
    source = Path(job.source)
    if job.kind == "fits":
        write_unpacked(source, target, limit_bytes=job.most_bytes)
    elif job.kind == "tiff":
        _write_tiff(source, target, stretch=job.stretch)
    else:
        _write_jpeg(source, target, job)


def _write_tiff(source: Path, target: BinaryIO, *, stretch: str) -> None:
    with opened_fits(source) as hdus:
        image = whole_image(list(planes_of(hdus)))
        if image is None:
            raise UsageError(NO_IMAGE)
        write_tiff(linear_sixteen_bits(image) if stretch == "linear" else asinh_sixteen_bits(image), target)


def _write_jpeg(source: Path, target: BinaryIO, job: ImageJob) -> None:
    curve: Curve = "linear" if job.stretch == "linear" else "asinh"
    with opened_fits(source) as hdus:
        made = previews(list(planes_of(hdus)), {"asked for": job.size_px}, curve=curve)
    if not made:
        raise UsageError(NO_IMAGE)
    target.write(made["asked for"].jpeg)


if __name__ == "__main__":
    main()
