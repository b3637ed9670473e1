"""Headers as the instrument writes them."""

from datetime import timedelta

from pipeline.simulation.files import Header
from pipeline.simulation.plan import CAMERA_NAME, Exposure, Kind, Night
from pipeline.simulation.sky import azimuth_elevation_deg, sexagesimal, sidereal_deg

UNKNOWN = "9999"
POINTING_ERROR_DEG = (3e-4, -2e-4)  # of the telescope from the object: right ascension and declination
SEEING_TARGET = (5.0, 28.0)  # hour angle and declination, degrees


def header_of(exposure: Exposure, night: Night) -> Header:
    """Cards of the first HDU of each file of an exposure."""
    ended_at = exposure.started_at + timedelta(seconds=exposure.exposure_s)
    target = exposure.target
    return [
        ("INSTRUME", "Robo-AO", ""),
        ("TELESCOP", night.telescope.name, ""),
        ("CAM_NAME", CAMERA_NAME, "camera"),
        ("OBJECT", target.name if target else exposure.kind.value, ""),
        ("PROGRAM", target.program if target else "", "science programme"),
        ("IMAGETYP", "object" if target else exposure.kind.value, ""),
        ("FILTER", exposure.filter_name or "dark", ""),
        ("DATE-OBS", _moment(exposure, 0), "[UTC] start of the exposure"),
        ("UTSHUT", _moment(exposure, 0), "[UTC] shutter opened"),
        ("END_TIME", ended_at.isoformat(timespec="microseconds").removesuffix("+00:00"), "[UTC] last frame ended"),
        ("EXPOSURE", round(exposure.exposure_s, 3), "[s] all frames together"),
        ("FRAMETIM", exposure.mode.frame_s, "[s] one frame"),
        ("NFRAMES", exposure.n_frames, "frames of the exposure, in all files"),
        ("MAGNITUD", target.magnitude if target else UNKNOWN, "of the target, as the observer stated it"),
        *_pointing(exposure, night),
        ("MODE_NUM", exposure.mode.number, "detector mode"),
        ("DETSIZE", f"[1:{night.size_px},1:{night.size_px}]", "whole detector, also of sub-arrays"),
        ("GAIN", exposure.mode.electron_per_adu, "[electron/adu] with multiplication"),
        ("BUNIT", "adu", ""),
    ]


def frame_header_of(exposure: Exposure, number: int) -> Header:
    """Cards of every HDU."""
    return [("FRAME", number, "from zero"), ("FRAMEUTC", _moment(exposure, number), "[UTC] start of the frame")]


def right_ascension_deg(exposure: Exposure, night: Night) -> float:
    hour_angle_deg, _ = _place_in_sky(exposure)
    return (sidereal_deg(night.place, exposure.started_at) - hour_angle_deg) % 360


def elevation_deg(exposure: Exposure, night: Night) -> float:
    hour_angle, dec = _place_in_sky(exposure)
    return azimuth_elevation_deg(night.place, hour_angle_deg=hour_angle, dec_deg=dec)[1]


def _pointing(exposure: Exposure, night: Night) -> Header:
    hour_angle, dec = _place_in_sky(exposure)
    azimuth, elevation = azimuth_elevation_deg(night.place, hour_angle_deg=hour_angle, dec_deg=dec)
    is_known = exposure.kind in {Kind.SCIENCE, Kind.SEEING}
    has_angles = is_known and (exposure.target is None or exposure.target.is_pointing_known)
    ra = right_ascension_deg(exposure, night)
    telescope, target = (ra + POINTING_ERROR_DEG[0], dec + POINTING_ERROR_DEG[1]), (ra, dec)
    return [
        ("TELRA", _hours(telescope[0]) if is_known else UNKNOWN, "telescope"),
        ("TELDEC", _degrees(telescope[1]) if is_known else UNKNOWN, ""),
        ("OBJRA", _hours(target[0]) if is_known else UNKNOWN, "object"),
        ("OBJDEC", _degrees(target[1]) if is_known else UNKNOWN, ""),
        ("EQUINOX", 2000.0, ""),
        ("AZIMUTH", f"{azimuth:.4f}" if has_angles else UNKNOWN, "[deg]"),
        ("ELVATION", f"{elevation:.4f}" if has_angles else UNKNOWN, "[deg]"),
    ]


def _place_in_sky(exposure: Exposure) -> tuple[float, float]:
    if exposure.target is None:
        return SEEING_TARGET
    return exposure.target.hour_angle_deg, exposure.target.dec_deg


def _hours(angle_deg: float) -> str:
    return sexagesimal(angle_deg % 360 / 15, decimals=3, sign=False)


def _degrees(angle_deg: float) -> str:
    return sexagesimal(angle_deg, decimals=2, sign=True)


def _moment(exposure: Exposure, frame: int) -> str:
    at = exposure.started_at + timedelta(seconds=frame * exposure.mode.frame_s)
    return at.replace(tzinfo=None).isoformat(timespec="microseconds")
