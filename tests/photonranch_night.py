"""A night of a Photon Ranch site: families of files whose right record is known, and messages that announce them.

Everything follows from the seed. `ptr_night` gives the files as bytes under the keys of the bucket; what they say is in
`header`, as typed values, never read back by the code under test.
"""

import bz2
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import quote_plus

import numpy as np
from astropy.io import fits
from PIL import Image

BLOCK_BYTES = 2880
NIGHT = date(2026, 11, 20)
FILTERS = ("PL", "ip", "r'")
USERNAME = "Tim / O'B"
USER_ID = "google-oauth2|100354044221813550027"
LONG_TEXT = "a remark of the observer, longer than one card can hold, " * 3 + "with a slash / and its end"


@dataclass(frozen=True, slots=True)
class MadeFamily:
    """One exposure. `files` maps keys such as `data/tst-…-EX10.jpg` to their bytes, the text header first."""

    base: str
    site: str
    header: Mapping[str, Any]
    ra_deg: float
    files: dict[str, bytes] = field(default_factory=dict)

    def key(self, ending: str) -> str:
        """Key of the one file whose name ends so: `key("10.jpg")`."""
        [found] = [key for key in self.files if key.endswith(ending)]
        return found


def ptr_night(
    *,
    site: str = "tst",
    instrument: str = "kb001ms",
    n: int = 50,
    seed: int = 1,
    first: int = 1,
    night: date = NIGHT,
    data_type: str = "EX",
    directory: str = "data",
    large: str = "01",
    medium: str = "10",
    packings: Sequence[str] = (".fits.bz2", ".fits.fz"),
    large_px: int = 64,
    picture_px: int = 768,
    changes: Mapping[str, Any] | None = None,
) -> Iterator[MadeFamily]:
    """Families of a night, one after the other. `changes` are header cards; None leaves one out."""
    for number in range(first, first + n):
        base = f"{site}-{instrument}-{night:%Y%m%d}-{number:08d}"
        random = Random(f"{seed} {base}")
        header, ra_deg = _header(base, site, instrument, night=night, number=number, random=random)
        header.update(changes or {})
        header = {key: value for key, value in header.items() if value is not None}
        family = MadeFamily(base, site, header, ra_deg)
        pixels = np.random.default_rng([seed, number])
        stem = f"{directory}/{base}-{data_type}"
        family.files[f"{stem}{large}.txt"] = text_header(header)
        for packing in packings:
            family.files[f"{stem}{large}{packing}"] = fits_bytes(header, pixels, size_px=large_px, packing=packing)
        family.files[f"{stem}{medium}.fits.bz2"] = fits_bytes(header, pixels, size_px=32, packing=".fits.bz2")
        family.files[f"{stem}{medium}.jpg"] = jpeg_bytes(pixels, width_px=picture_px, height_px=picture_px)
        yield family


def _header(
    base: str, site: str, instrument: str, *, night: date, number: int, random: Random
) -> tuple[dict[str, Any], float]:
    start = datetime(night.year, night.month, night.day, 23, tzinfo=UTC) + timedelta(seconds=40 * number)
    hours = random.randrange(24)
    minutes = random.randrange(60)
    # Both ways in which sites write it: a number of hours, and hours, minutes and seconds.
    ra = f"{hours:02d} {minutes:02d} 00.0" if number % 2 else round(hours + minutes / 60, 6)
    header: dict[str, Any] = {
        "DATE-OBS": start.replace(tzinfo=None).isoformat(),
        "DAY-OBS": f"{night:%Y%m%d}",
        "SITEID": site,
        "INSTRUME": instrument,
        "ORIGIN": "SYNTH",
        "OBJECT": f"Field {random.randrange(100)}",
        "OBJCTRA": ra,
        "OBJCTDEC": f"{random.choice('+-')}{random.randrange(80):02d} {random.randrange(60):02d} 00.0",
        "ALTITUDE": round(random.uniform(30, 90), 3),
        "AZIMUTH": round(random.uniform(0, 360), 3),
        "FILTER": random.choice(FILTERS),
        "AIRMASS": round(random.uniform(1.0, 2.9), 2),
        "EXPTIME": float(random.randrange(1, 300)),
        "USERID": USER_ID,
        "USERNAME": USERNAME,
        "ORIGNAME": f"{base}-EX00.fits.fz",
        "SMARTSTK": "no",
        "SSTKNUM": "1",
        "CRVAL1": round(15 * (hours + minutes / 60), 6),
        "CRVAL2": 10.0,
        "IMAGETYP": "light",
        "REMARK": LONG_TEXT,
    }
    header.update({f"FILL{n:04d}": round(random.random(), 6) for n in range(150)})
    return header, 15 * (hours + minutes / 60)


def fits_header(header: Mapping[str, Any]) -> fits.Header:
    made = fits.Header()
    for key, value in header.items():
        made[key] = value
    return made


def text_header(header: Mapping[str, Any]) -> bytes:
    """The header as sites send it: cards of 80 characters without line ends, END, padded as in a file."""
    return fits_header(header).tostring(sep="", endcard=True, padding=True).encode("ascii")


def fits_bytes(header: Mapping[str, Any], pixels: np.random.Generator, *, size_px: int, packing: str) -> bytes:
    data = pixels.normal(1000, 10, (size_px, size_px)).astype(np.int16)
    if packing == ".fits.fz":
        hdus = fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, header=fits_header(header))])
    else:
        hdus = fits.HDUList([fits.PrimaryHDU(data, header=fits_header(header))])
    stream = io.BytesIO()
    hdus.writeto(stream)
    return bz2.compress(stream.getvalue(), 1) if packing == ".fits.bz2" else stream.getvalue()


def jpeg_bytes(pixels: np.random.Generator, *, width_px: int, height_px: int, mode: str = "L") -> bytes:
    """A noisy picture of any mode that a JPEG can have: L, RGB or CMYK."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    shape = (height_px, width_px) if bands == 1 else (height_px, width_px, bands)
    stream = io.BytesIO()
    Image.fromarray(pixels.integers(0, 256, shape, dtype=np.uint8), mode=None if bands == 1 else mode).save(
        stream, "JPEG", quality=60
    )
    return stream.getvalue()


def object_event(
    key: str,
    *,
    bucket: str,
    size_bytes: int,
    version_id: str,
    sequencer: str,
    at: datetime,
    name: str = "ObjectCreated:Put",
    etag: str = "",
) -> dict[str, Any]:
    """The message of S3 about one object, as its public documentation shows it."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventTime": at.isoformat().replace("+00:00", "Z"),
                "eventName": name,
                "s3": {
                    "bucket": {"name": bucket},
                    "object": {
                        "key": quote_plus(key, safe="/"),
                        "size": size_bytes,
                        "eTag": etag,
                        "sequencer": sequencer,
                        "versionId": version_id,
                    },
                },
            }
        ]
    }


def deliveries(
    messages: Sequence[Any], *, seed: int = 1, twice: float = 0.1, withheld: float = 0.02
) -> tuple[list[Any], list[Any]]:
    """Messages as a bad night delivers them: shuffled, some twice, some never. Answers those that come, and the lost."""
    random = Random(seed)
    shuffled = random.sample(messages, len(messages))
    n_lost = round(withheld * len(messages))
    lost, come = shuffled[:n_lost], shuffled[n_lost:]
    come += random.sample(come, round(twice * len(come)))
    random.shuffle(come)
    return come, lost
