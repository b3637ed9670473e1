"""Colour pictures: three public frames of one target to a JPEG, a small one, and their planes on common pixels."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings

from archive.domain import access, colour_pictures
from archive.domain.colour_pictures import ENDINGS, Made
from archive.errors import ConflictError, NotFoundError, TransientError, UsageError
from archive.models import ColourPicture, Version
from ingest.checksums import digest_of
from ingest.one_job import run_job
from pipeline.arrays.passbands import passband_of
from pipeline.reductions.colour_job import ColourJob, Shown

logger = structlog.get_logger(__name__)

CHILD = "pipeline.reductions.colour_child"
LONGEST_PX = 2048
THUMBNAIL_PX = 640
MEMORY_MEGABYTES = 3072  # beside the program: three frames of 8192 px a side, one after the other
FILE_MEGABYTES = 256
SECONDS = 240


def make_colour_picture(*, picture_id: int, at: datetime) -> bool:
    """Make one picture, unless that is done already or its frames are not all public. Answers whether it was made.

    What its files are to blame for is noted in its row. Raises TransientError when the store can not be reached, or
    the process that made it was ended from outside.
    """
    picture = colour_pictures.begin(picture_id, at=at)
    if picture is None:
        return False
    try:
        with tempfile.TemporaryDirectory(prefix="colour-") as folder:
            return colour_pictures.hand_over(picture, _made(picture, Path(folder)), at=at)
    except TransientError:
        colour_pictures.not_begun(picture_id)
        raise
    except (UsageError, ConflictError, NotFoundError) as error:
        colour_pictures.fail(picture_id, str(error))
        return False


def _made(picture: ColourPicture, folder: Path) -> Made:
    versions = [version for version in picture.versions if version is not None]
    sources = [_fetched(version, folder / f"{number}") for number, version in enumerate(versions)]
    files = {role: folder / f"made{ending}" for role, ending in ENDINGS.items()}
    job = _job(picture.target_name, versions, sources, files)
    shown = Shown(**run_job(CHILD, asdict(job), seconds=SECONDS, megabytes=MEMORY_MEGABYTES))
    return Made(files=files, **asdict(shown))


def _job(target_name: str, versions: Sequence[Version], sources: list[str], files: dict[str, Path]) -> ColourJob:
    frames = [version.frame for version in versions]
    bands = [passband_of(frame.primary_optical_element) for frame in frames]
    return ColourJob(
        sources=sources,
        exposures_s=[frame.exposure_time or 1.0 for frame in frames],
        filters=["" if band is None else band.label for band in bands],
        names=[frame.basename for frame in frames],
        target_name=target_name,
        credit=settings.GALLERY_CREDIT,
        **{role: str(file) for role, file in files.items()},
        longest_px=LONGEST_PX,
        thumbnail_px=THUMBNAIL_PX,
        memory_bytes=MEMORY_MEGABYTES << 20,
        file_bytes=FILE_MEGABYTES << 20,
        cpu_s=SECONDS,
    )


def _fetched(version: Version, folder: Path) -> str:
    """The version's bytes in a file under the frame's own name.

    Raises ConflictError when they are not those whose MD5 the archive was told.
    """
    folder.mkdir()
    local = folder / f"{version.frame.basename}{version.extension.lower()}"
    with local.open("wb") as target:
        for block in access.stream_of(version.object):
            target.write(block)
    if digest_of(local).md5 != version.md5:
        raise ConflictError(f"the stored file of {version.frame.basename} is not what was posted: tell the staff.")
    return str(local)
