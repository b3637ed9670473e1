"""One record, whichever door: what the public ocs_ingester posts of a file, and what our own intake makes of it."""

import hashlib
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from archive.models import Frame, sky
from ingest.intake import ingest_file
from ingest.simulation.frames import files_of
from ingest.simulation.night import plan
from tests.flows.ocs_client import OcsIngester, Upload, recording_archive, require_ocs_ingester
from tests.synthetic import write_frame

LSC = "lsc1m005-fa15-20250310"
CORNER_DEG = 1e-6
# LCO's own tars are read by a class that the observatory names; without it the ingester repairs nothing in a tar.
TAR_OF_LCO = {"FILETYPE_MAPPING_OVERRIDES": "{'.tar.gz': 'ocs_archive.input.lcotarwithfitsfile.LcoTarWithFitsFile'}"}

NO_SKY = "lamps, darks and maps of the detector look at no place on the sky, so they have no footprint here"
OTHER_WCS = "the ingester reads CDi_j of one image only; here also CDELT, PC and the mosaic of several amplifiers"
NO_TYPES = "without CTYPE the ingester takes pixels for a flat sky; here it is no WCS of the sky"
ICRS = "footprints are ICRS here; the ingester posts whatever frame the header is in"
ONCE = "the ingester repeats names; here each stands once, and none is the frame itself"
EMPTY_NUMBER = "the ingester posts '' for an unknown exposure time; here it is null"
NULL_DATE = "an unknown L1PUBDAT ends in no public date at all there; here the rules give one, as for a missing one"
ZERO_LEVEL = "a level of 0 that the name contradicts is repaired here, as the interface is described; there it stays"
DASHES = "a night is one folder here, however it is written; for posted frames the client's own way of writing is kept"


@dataclass(frozen=True)
class Case:
    """A file, and why its two records differ, field by field; everything else must be equal."""

    name: str
    cards: Mapping[str, Any] = field(default_factory=dict)
    differs: Mapping[str, str] = field(default_factory=dict)
    inner: str = ""  # the FITS file inside, if it is a tar
    is_fpacked: bool = False

    def write(self, folder: Path, *, seed: int) -> Path:
        if not self.inner:
            path = write_frame(folder / self.name, seed=seed, **self.cards)
            return as_fpack_writes(path) if self.is_fpacked else path
        member = write_frame(folder / self.inner, seed=seed, **self.cards)
        with tarfile.open(folder / self.name, "w:gz") as tar:
            tar.add(member, member.name)
        return folder / self.name


def as_fpack_writes(path: Path) -> Path:
    """A compressed primary image, its own sums set aside, where astropy writes a compressed extension."""
    with fits.open(path, "update", disable_image_compression=True) as hdus:
        header = hdus[1].header
        for key in ("ZTENSION", "ZPCOUNT", "ZGCOUNT"):
            del header[key]
        header.update(ZSIMPLE=True, ZEXTEND=True, ZHECKSUM="9EbE9BZE9BbE9BZE", ZDATASUM="2503531142")
        header.update(TUNIT1="x", BLANK=-5, ZBLANK=-5, EXTNAME="COMPRESSED_IMAGE")
    return path


CASES = [
    Case(f"{LSC}-0001-e00.fits"),
    Case(f"{LSC}-0002-e91.fits.fz"),  # no level: it stands in the name
    Case(f"{LSC}-0032-e91.fits.fz", is_fpacked=True),
    Case(f"{LSC}-0003-e11-1d.fits.fz"),
    Case(f"{LSC}-0004-e91.fits.fz", {"RLEVEL": "N/A"}),
    Case(f"{LSC}-0005-e91.fits.fz", {"RLEVEL": 0}, {"reduction_level": ZERO_LEVEL, "headers.RLEVEL": ZERO_LEVEL, "path": ZERO_LEVEL}),
    Case(f"{LSC}-0006-b00.fits.fz", {"OBSTYPE": "BIAS"}, {"footprint": NO_SKY}),
    Case(f"{LSC}-0007-b00.fits.fz", {"OBSTYPE": "UNKNOWN"}, {"footprint": NO_SKY}),  # not public at once for its name
    Case(f"{LSC}-0008-x00.fits.fz", {"OBSTYPE": "UNKNOWN"}, {"footprint": NO_SKY}),
    Case(f"{LSC}-0009-e00.fits.fz", {"OBSTYPE": "N/A"}),
    Case("ogg2m001-en06-20250309-0011-e00.fits.fz", {"OBSTYPE": "UNKNOWN"}),
    Case("lscnrs01-fa09-20250309-0012-e00.fits.fz", {"OBSTYPE": "UNKNOWN", "TELID": "igla"}),
    Case("lscnrs01-fa09-20250309-0012-a00.fits.fz", {"OBSTYPE": "UNKNOWN", "ENCID": "igla"}, {"footprint": NO_SKY}),
    Case(f"{LSC}-0013-e91_cat.fits.fz"),
    Case(f"{LSC}-0014-e91_cat.fits.fz", {"L1IDCAT": "N/A", "OBSTYPE": "CATALOG", "RLEVEL": 91}),
    Case("lsc-fa15-20250309-bpm-full.fits.fz", {"OBSTYPE": "UNKNOWN"}, {"footprint": NO_SKY}),
    Case("lsc_fa15_bpm_full.fits.fz"),
    Case("bpm-lsc-fa15.fits"),  # by night: only LCO's own masks have a folder of theirs
    Case(f"{LSC}-0015-e00.fits.fz", {"EXTNAME": "BPM"}),
    Case(
        f"{LSC}-0016-e91.fits",
        {"PROPID": "N/A", "OBJECT": "UNKNOWN", "FILTER": "N/A", "REQNUM": "UNSPECIFIED", "TRACKNUM": "NONE", "MOLUID": "N/A",
         "BLKUID": "NONE", "EXPTIME": "N/A"},
        {"exposure_time": EMPTY_NUMBER},
    ),
    Case(f"{LSC}-0017-e91.fits", {"DAY__OBS": "", "OBJECT": "NONE", "REQNUM": 77, "BLKUID": "000123", "RLEVEL": "91"}),
    Case(f"{LSC}-0018-e91.fits", {"DAY__OBS": "2025-03-09"}, {"path": DASHES}),
    Case(f"{LSC}-0019-e91.fits", {"FLAG": True, "SMALL": 1e-30, "TEXT": "it's ", "EMPTY": "", "LONG": "x" * 150, "WHOLE": 3}),
    Case(f"{LSC}-0020-e91.fits", {"PROPID": "LCOEngineering", "DATE__OBS": "2025-03-10T01:08:31"}),
    Case(f"{LSC}-0021-e91.fits", {"PROPID": "LCOEPO2014B-010"}),
    Case(f"{LSC}-0022-x00.fits", {"PROPID": "LCO2025A-007"}),
    Case(f"{LSC}-0023-e91.fits", {"L1PUBDAT": "2025-09-01T00:00:00.000"}),
    Case(f"{LSC}-0024-e91.fits", {"L1PUBDAT": "N/A"}, {"public_date": NULL_DATE, "headers.L1PUBDAT": NULL_DATE}),
    Case(
        f"{LSC}-0025-e91.fits.fz",
        {"L1IDBIAS": "a-b00.fits.fz", "L1IDDARK": "c.d.fits", "L1IDFLAT": "a-b00", "ORIGNAME": f"{LSC}-0025-e00.fits",
         "L1IDCAT": f"{LSC}-0025-e91_cat", "TARFILE": "N/A", "GUIDETAR": "g.tar.gz", "L1IDMASK": f"{LSC}-0025-e91.fits"},
        {"related": ONCE},
    ),
    Case(f"{LSC}-0026-e91.fits", {"CD1_2": 0.003, "CD2_1": 0.004, "CRVAL1": 0.1, "CRVAL2": 89.9}),
    Case(f"{LSC}-0027-e91.fits", {"CD1_1": None, "CD1_2": None, "CD2_1": None, "CD2_2": None, "CDELT1": -1 / 60, "CDELT2": 1 / 60},
         {"footprint": OTHER_WCS}),
    Case(f"{LSC}-0028-e91.fits", {"CTYPE1": None, "CTYPE2": None}, {"footprint": NO_TYPES}),
    Case(f"{LSC}-0029-e91.fits", {"RADESYS": "FK5", "EQUINOX": 1975.0}, {"footprint": ICRS}),
    Case("KEY2025A-003_0000001_ftn_20250309_5800x.tar.gz", {"OBSTYPE": "SPECTRUM"}, inner="ogg2m001-en06-20250309-0030-e00.fits"),
    Case("ogg2m001-en06-20250309-0031-e90.tar.gz", {"OBSTYPE": "UNKNOWN"}, inner="ogg2m001-en06-20250309-0031-e00.fits.fz"),
]  # fmt: skip
SAMPLES = {
    "lsc1m005-fa15-20250309-0001-b00.fits.fz": {},  # four amplifiers under one primary header
    "lsc1m005-fa15-20250309-0004-e00.fits.fz": {"footprint": OTHER_WCS},
    "lsc1m005-fa15-20250309-0004-e91.fits.fz": {},
    "cpt1m010-fa06-20250309-0001-b00.fits.fz": {},
    "cpt1m010-fa06-20250309-0004-s91.fits.fz": {},  # right ascension passes through zero
    "cpt1m010-fa06-20250309-0004-s91_cat.fits": {},
    "ogg0m404-kb27-20250309-0004-e00.fits": {},  # with distortion
    "ogg0m404-kb27-20250309-0004-e91_cat.fits": {},
}


@dataclass(frozen=True)
class Posted:
    """What the ingester made of one file: the body that it posted, and the path under which it stored the bytes."""

    file: Path
    body: Mapping[str, Any]
    path: str


@pytest.fixture(scope="session")
def posted(tmp_path_factory) -> dict[str, Posted]:
    """Every case, by a key of its own, as the ingester saw it."""
    require_ocs_ingester()
    files = {
        f"case {case.name}": case.write(tmp_path_factory.mktemp("case"), seed=seed) for seed, case in enumerate(CASES)
    }
    files |= {f"sample {path.name}": path for path in write_samples(tmp_path_factory.mktemp("samples"))}
    root = tmp_path_factory.mktemp("root")
    local = {"FILESTORE_TYPE": "local", "FILESYSTEM_STORAGE_ROOT_DIR": str(root), "AUTH_TOKEN": "any", **TAR_OF_LCO}
    with recording_archive() as server:
        answers = OcsIngester({"API_ROOT": server.url, **local}).upload(*[Upload(file) for file in files.values()])
    assert [answer.message for answer in answers] == [""] * len(files)
    bodies = {body["version_set"][0]["md5"]: body for body in server.bodies}
    paths = {md5_of(file): str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()}
    return {key: Posted(file, bodies[md5_of(file)], paths[md5_of(file)]) for key, file in files.items()}


def write_samples(folder: Path) -> list[Path]:
    for exposure in plan(date(2026, 10, 1)):
        if wanted := SAMPLES.keys() & set(exposure.filenames):
            contents = files_of(exposure, seed=1)
            for name in wanted:
                (folder / name).write_bytes(contents[name])
    return sorted(folder.iterdir())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "declared"),
    [
        *(pytest.param(f"case {case.name}", case.differs, id=case.name) for case in CASES),
        *(pytest.param(f"sample {name}", differs, id=f"sample {name}") for name, differs in SAMPLES.items()),
    ],
)
def test_both_doors_make_the_same_record_but_for_what_is_declared(key, declared, posted, store, inspector, now):
    frame = ingest_file(posted[key].file, store=store, inspector=inspector, now=now).frame
    ours, theirs = record_of(Frame.objects.get(pk=frame.pk)), record_of_posted(posted[key])
    found = {
        name: (theirs.get(name), ours.get(name)) for name in ours.keys() | theirs.keys() if differ(name, ours, theirs)
    }
    assert found.keys() == declared.keys(), found


TEXTS = (
    "basename", "proposal_id", "instrument_id", "target_name", "site_id", "telescope_id", "primary_optical_element",
    "configuration_type",
)  # fmt: skip


def record_of(frame: Frame) -> dict[str, Any]:
    """The archive's row of a frame, its header and relations, under the names that `record_of_posted` uses."""
    (version,) = frame.versions.all()
    area = sky.geojson_of(frame.area)
    return {
        **{name: getattr(frame, name) for name in TEXTS},
        "observation_date": frame.observation_date,
        "observation_day": frame.observation_day,
        "public_date": frame.public_date,
        "reduction_level": frame.reduction_level,
        "exposure_time": frame.exposure_time,
        "observation_id": frame.observation_id,
        "request_id": frame.request_id,
        "related": sorted(related_to(frame)),
        "extension": version.extension,
        "path": version.object.path,
        "footprint": area and area["coordinates"][0],
        **headers_of(frame.headers.data),
    }


def related_to(frame: Frame) -> list[str]:
    sources = frame.relations_in.values_list("source__basename", flat=True)
    return [*sources, *frame.relations_out.values_list("derived__basename", flat=True)]


def record_of_posted(posted: Posted) -> dict[str, Any]:
    body = posted.body
    (version,) = body["version_set"]
    return {
        **{name: body[name] for name in TEXTS},
        "observation_date": instant(body["observation_date"]),
        "observation_day": date.fromisoformat(body["observation_day"]),
        "public_date": instant(body["public_date"]),
        "reduction_level": int(body["reduction_level"]),
        "exposure_time": body["exposure_time"],
        "observation_id": number(body["observation_id"]),
        "request_id": number(body["request_id"]),
        "related": sorted(body["related_frame_filenames"]),
        "extension": version["extension"],
        "path": posted.path,
        "footprint": body["area"] and body["area"]["coordinates"][0],
        **headers_of(body["headers"]),
    }


def headers_of(header: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON writes them, so that 1, 1.0 and true are three; a public date as the instant that it is."""
    values = {f"headers.{key}": json.dumps(value) for key, value in header.items()}
    return {**values, "headers.L1PUBDAT": instant(header.get("L1PUBDAT"))}


def differ(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    if name != "footprint":
        return name not in ours or name not in theirs or ours[name] != theirs[name]
    one, other = ours[name], theirs[name]
    if one is None or other is None:
        return one is not other
    return len(one) != len(other) or any(apart(a, b) for a, b in zip(one, other, strict=True))


def apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two corners, RA and Dec in degrees, are not the same; RA may be written in two ways."""
    ra_deg = (one[0] - other[0] + 180) % 360 - 180
    return abs(ra_deg) > CORNER_DEG or abs(one[1] - other[1]) > CORNER_DEG


def instant(value: str | None) -> datetime | None:
    if not value:
        return None
    parsed = datetime.fromisoformat(value)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed


def number(value: str | int | None) -> int | None:
    return None if value in {None, ""} else int(value)


def md5_of(file: Path) -> str:
    return hashlib.md5(file.read_bytes()).hexdigest()
