"""The process that reads one foreign FITS file or JPEG, and says what its image is like: for `looking`.

Run as `python -m archive.downloads.look_child JOB`.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from astropy import log as astropy_log
from PIL import Image

from archive.downloads.unpacking import opened_fits
from archive.errors import UsageError
from ingest.one_job import do_job, limit_process
from pipeline.arrays.look import look_at
from pipeline.arrays.planes import Pixels, planes_of
from pipeline.arrays.previews import whole_image

MOST_PIXELS = 100_000_000
Image.MAX_IMAGE_PIXELS = None  # MOST_PIXELS is the limit here, and a refusal, not a warning


def main() -> None:
    job: dict[str, Any] = json.loads(sys.argv[1])
    astropy_log.setLevel("ERROR")
    limit_process(memory_bytes=job["memory_bytes"], file_bytes=0, cpu_s=job["cpu_s"])
    do_job(lambda: _look(Path(job["source"]), row=job["row"], column=job["column"]))


def _look(source: Path, *, row: int | None, column: int | None) -> dict[str, Any]:
    image = _of_jpeg(source) if source.suffix.lower() in {".jpg", ".jpeg"} else _of_fits(source)
    found = look_at(image, row=row, column=column)
    if found is None:
        raise UsageError("no pixel of this image has a value.")
    return asdict(found)


def _of_fits(source: Path) -> Pixels:
    with opened_fits(source) as hdus:
        image = whole_image(list(planes_of(hdus)))
        if image is None:
            raise UsageError("this file holds no image.")
        return np.array(image)


def _of_jpeg(source: Path) -> Pixels:
    """Brightness, 0 to 255, of a JPEG of any colours; its bottom row first, as in FITS."""
    try:
        with Image.open(source, formats=["JPEG"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise UsageError(f"this picture has more than {MOST_PIXELS} pixels.")
            return np.asarray(picture.convert("L"))[::-1]
    except (OSError, SyntaxError, ValueError) as error:  # PIL's ways of saying that a file is broken
        raise UsageError(f"this is no JPEG that can be read to its end ({error}).") from error


if __name__ == "__main__":
    main()
