"""Header cards of the simulated frames: key, value and comment, as the Observatory Control System writes them."""

from collections.abc import Iterator
from datetime import datetime

from astropy.io import fits
from astropy.wcs import WCS

from ingest.simulation.amplifiers import BIAS_SECTION, BINNING, DATA_SECTION, Amplifier
from ingest.simulation.ephemeris import J2000
from ingest.simulation.night import REDUCED_LEVEL, Exposure
from ingest.simulation.pointing import wcs_of

Card = tuple[str, str | int | float, str]

SITE_NUMBERS = {"lsc": 1, "cpt": 2, "ogg": 3}
J2000_MJD = 51544.5
UNKNOWN = "UNKNOWN"


def raw_header(exposure: Exposure) -> fits.Header:
    """Header of a raw image, without the cards that the file format itself brings."""
    camera = exposure.station.camera
    cards = [
        *_common_cards(exposure),
        ("RLEVEL", 0, "Reduction level"),
        ("GAIN", camera.gain, "[electrons/count] Pixel gain"),
        ("SATURATE", camera.saturation_counts, "[ADU] Saturation level"),
        ("BUNIT", "adu", "Unit of the pixels"),
    ]
    return fits.Header(cards)


def reduced_header(exposure: Exposure) -> fits.Header:
    """Header of a reduced image, in electrons."""
    camera = exposure.station.camera
    cards: list[Card] = [
        *_common_cards(exposure),
        ("RLEVEL", REDUCED_LEVEL, "Reduction level"),
        ("GAIN", 1.0, "[electrons/count] Pixel gain"),
        ("SATURATE", round(camera.saturation_counts * camera.gain), "[electrons] Saturation level"),
        ("BUNIT", "electron", "Unit of the pixels"),
        ("ORIGNAME", f"{exposure.raw_name}.fits", "Name of the raw frame"),
        ("L1IDBIAS", exposure.calibration_name("b"), "Bias used"),
        ("L1IDDARK", exposure.calibration_name("d"), "Dark used"),
        ("L1IDFLAT", exposure.calibration_name("f"), "Flat field used"),
        ("L1PUBDAT", _instant(exposure.public_at), "[UTC] Date the frame becomes public"),
    ]
    if exposure.has_catalogue_file:
        cards.append(("L1IDCAT", f"{exposure.catalogue_name}.fits", "Catalogue"))
    return fits.Header(cards)


def catalogue_header(exposure: Exposure) -> fits.Header:
    """Header of the catalogue file: that of the reduced image, pointing back to it."""
    header = reduced_header(exposure)
    header["OBSTYPE"] = "CATALOG"
    header["L1IDCAT"] = (exposure.reduced_name, "Catalogued frame")
    for key in ("BUNIT", "ORIGNAME"):
        del header[key]
    return header


def amplifier_cards(exposure: Exposure, amplifier: Amplifier, number: int) -> fits.Header:
    """What the extension of one amplifier adds; `number` counts from one."""
    return fits.Header(
        [
            ("CCDSUM", BINNING, "CCD on-chip summing"),
            ("DETSEC", amplifier.detector_section, "Detector section"),
            ("BIASSEC", BIAS_SECTION, "Section of overscan data"),
            ("DATASEC", DATA_SECTION, "Data section"),
            ("GAIN", round(exposure.station.camera.gain * amplifier.gain_factor, 4), "Pixel gain"),
            ("EXTNAME", "SCI", "Extension name"),
            ("EXTVER", number, "Extension instance"),
        ]
    )


def sexagesimal(value: float, *, decimals: int, signed: bool) -> str:
    """Hours or degrees as "HH:MM:SS.sss"; rounding never leaves 60 seconds."""
    units = round(abs(value) * 3600 * 10**decimals)
    seconds, part = divmod(units, 10**decimals)
    sign = ("-" if value < 0 else "+") if signed else ""
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{part:0{decimals}d}"


def _common_cards(exposure: Exposure) -> list[Card]:
    return [
        *_site_cards(exposure),
        *_time_cards(exposure),
        *_request_cards(exposure),
        *_camera_cards(exposure),
        *_target_cards(exposure),
    ]


def _site_cards(exposure: Exposure) -> Iterator[Card]:
    station = exposure.station
    yield "ORIGIN", "SIMULATED", "No telescope saw this"
    yield "SITEID", station.site.id, "ID code of the observatory site"
    yield "SITE", station.site.name, "Site of the observatory"
    yield "ENCID", station.enclosure_id, "ID code of the enclosure"
    yield "TELID", station.telescope_id, "ID code of the telescope"
    yield "TELESCOP", station.telescope, "Name of the telescope"
    yield "LATITUDE", station.site.latitude_deg, "[deg north] Telescope latitude"
    yield "LONGITUD", station.site.longitude_deg, "[deg east] Telescope longitude"
    yield "HEIGHT", station.site.height_m, "[m] Altitude above sea level"


def _time_cards(exposure: Exposure) -> Iterator[Card]:
    days = (exposure.started_at - J2000).total_seconds() / 86400
    yield "OBSTYPE", exposure.kind, "Observation type"
    yield "FRAMENUM", exposure.number, "Running frame number"
    yield "TIMESYS", "UTC", "Time system used"
    yield "DATE", _instant(exposure.ended_at), "[UTC] Date this file was written"
    yield "DATE-OBS", _instant(exposure.started_at), "[UTC] Start of the observation"
    yield "DAY-OBS", f"{exposure.night:%Y%m%d}", "Local date at the start of the night"
    yield "UTSTART", _instant(exposure.started_at).split("T")[1], "[UTC] Start time"
    yield "UTSTOP", _instant(exposure.ended_at).split("T")[1], "[UTC] Finish time"
    yield "MJD-OBS", round(J2000_MJD + days, 7), "[UTC days] Start of the observation"
    yield "EXPTIME", exposure.exposure_s, "[s] Exposure length"


def _request_cards(exposure: Exposure) -> Iterator[Card]:
    block = exposure.night.toordinal() * 100 + SITE_NUMBERS[exposure.station.site.id] * 10 + exposure.number
    is_science = exposure.target is not None
    yield "PROPID", exposure.proposal_id, "Proposal ID"
    yield "BLKUID", str(block), "Group unique ID"
    yield "MOLUID", str(block * 10 + 1), "Molecule unique ID"
    yield "REQNUM", f"{block % 10_000_000:010d}" if is_science else "UNSPECIFIED", "Request number"
    yield "TRACKNUM", f"{block % 1_000_000:010d}" if is_science else "UNSPECIFIED", "Request group number"


def _camera_cards(exposure: Exposure) -> Iterator[Card]:
    camera = exposure.station.camera
    yield "INSTRUME", camera.name, "Instrument used"
    yield "FILTER", exposure.filter, "Filter used"
    yield "RDNOISE", camera.read_noise_electron, "[electrons/pixel] Read noise"
    yield "DARKCURR", camera.dark_electron_s, "[electrons/pixel/s] Dark current"
    yield "CCDSUM", BINNING, "CCD on-chip summing"
    yield "PIXSCALE", camera.scale_arcsec, "[arcsec/pixel] Nominal pixel scale on sky"


def _target_cards(exposure: Exposure) -> Iterator[Card]:
    target = exposure.target
    if target is None:
        yield "OBJECT", "N/A", "Object name"
        for key in ("RA", "DEC", "AIRMASS"):
            yield key, UNKNOWN, "The telescope was not pointed at a target"
        return
    yield "OBJECT", target.name, "Object name"
    yield "RA", sexagesimal(target.ra_deg / 15, decimals=3, signed=False), "[HH:MM:SS.sss] Where the telescope points"
    yield "DEC", sexagesimal(target.dec_deg, decimals=2, signed=True), "[sDD:MM:SS.ss] Where the telescope points"
    yield "RADESYS", "ICRS", "Coordinate system of RA and DEC"
    yield "AIRMASS", round(exposure.airmass or 0.0, 4), "Effective mean airmass"
    yield from _wcs_cards(wcs_of(exposure.station.camera, target))


def _wcs_cards(wcs: WCS) -> Iterator[Card]:
    for n in (1, 2):
        yield f"CTYPE{n}", wcs.wcs.ctype[n - 1], "Type of WCS projection"
        yield f"CUNIT{n}", "deg", "Unit of CRVAL and CD"
        yield f"CRPIX{n}", float(wcs.wcs.crpix[n - 1]), "[pixels] Reference pixel"
        yield f"CRVAL{n}", float(wcs.wcs.crval[n - 1]), "[deg] Place of the reference pixel"
        for m in (1, 2):
            yield f"CD{n}_{m}", float(wcs.wcs.cd[n - 1, m - 1]), "[deg/pixel] Transformation matrix"
    if wcs.sip is None:
        return
    for name, matrix in (("A", wcs.sip.a), ("B", wcs.sip.b)):
        yield f"{name}_ORDER", matrix.shape[0] - 1, "Order of the distortion"
        for (p, q), value in ((at, matrix[at]) for at in zip(*matrix.nonzero(), strict=True)):
            yield f"{name}_{p}_{q}", float(value), "Distortion coefficient"


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}"
