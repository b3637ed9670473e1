"""The process that reads one foreign file and makes one image of it, for `archive.downloads.making`.

It has no secrets in its environment and is limited in memory, time and what it may write. It answers in JSON: "made",
or why not. Run as `python -m archive.downloads.image_child JOB`.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any, BinaryIO

from astropy import log as astropy_log

from archive.downloads.image_job import ImageJob
from archive.downloads.unpacking import opened_fits, write_unpacked
from archive.errors import TransientError, UsageError
from pipeline.arrays.planes import planes_of
from pipeline.arrays.previews import previews, whole_image
from pipeline.arrays.sixteen_bits import asinh_sixteen_bits, linear_sixteen_bits, write_tiff
from pipeline.arrays.stretch import Curve

NO_IMAGE = "this file holds no image: download it as it is."


def main() -> None:
    job = ImageJob(**json.loads(sys.argv[1]))
    astropy_log.setLevel("ERROR")
    _limit_process(job)
    json.dump(_answer(job), sys.stdout)


def _answer(job: ImageJob) -> dict[str, Any]:
    try:
        with Path(job.target).open("wb") as target:
            _write(job, target)
    except UsageError as error:
        return {"usage": str(error)}
    except MemoryError:
        return {"memory": True}
    except TransientError as error:
        return {"transient": str(error)}
    return {"made": True}


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


def _limit_process(job: ImageJob) -> None:
    """Everything is loaded by now: what the limit leaves is for the image."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    address_space = pages * resource.getpagesize() + job.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (job.most_bytes, job.most_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (job.cpu_s, job.cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
