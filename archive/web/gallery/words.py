"""How a colour picture was made, in words for pupils, and the marks that are drawn over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Any

from archive.models import ColourPicture, Version
from archive.models.colour_picture import BANDS
from pipeline.arrays.passbands import passband_of

# Up to which wavelength, nm, light is called what.
KINDS = (
    (390.0, "ultraviolet light, which our eyes can not see"),
    (500.0, "blue light"),
    (570.0, "green light"),
    (600.0, "yellow light"),
    (700.0, "red light"),
    (float("inf"), "infrared light, which our eyes can not see"),
)
BARS_ARCSEC = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
LONGEST_BAR = 0.3  # of the picture's width
MOON_ARCMIN = 31.0


@dataclass(frozen=True, slots=True)
class Band:
    """One of the three frames, and the colour it became."""

    colour: str
    filter: str
    wavelength_nm: float | None
    light: str
    version: Version

    @property
    def frame(self) -> Any:
        return self.version.frame


def bands_of(picture: ColourPicture) -> list[Band]:
    """Red, green, blue."""
    return [_band(colour, version) for colour, version in zip(BANDS, picture.versions, strict=True) if version]


def _band(colour: str, version: Version) -> Band:
    name = version.frame.primary_optical_element
    passband = passband_of(name)
    if passband is None:
        return Band(colour, name, None, "light", version)
    light = next(kind for up_to_nm, kind in KINDS if passband.wavelength_nm < up_to_nm)
    return Band(colour, passband.label, passband.wavelength_nm, light, version)


def alternative(picture: ColourPicture, bands: Sequence[Band]) -> str:
    """What the picture shows, for those who do not see it."""
    filters = ", ".join(f"{band.filter} as {band.colour}" for band in bands)
    return (
        f"Colour picture of {picture.target_name} from three filters ({filters}), "
        f"observed {picture.observed_at:%Y-%m-%d} at {picture.site_id}"
    )


def field_of(picture: ColourPicture) -> dict[str, float]:
    """How large the piece of sky is, arcmin, and how many full moons stand side by side across it."""
    across, up = ((size or 0) * (picture.pixel_arcsec or 0) / 60.0 for size in (picture.width_px, picture.height_px))
    return {"width_arcmin": across, "height_arcmin": up, "moons": across / MOON_ARCMIN}


def marks_of(picture: ColourPicture) -> dict[str, Any]:
    """A bar of a round length, and arrows to north and east, in pixels of the picture; y counts downwards."""
    width, height = picture.width_px or 1, picture.height_px or 1
    unit = max(width, height) / 100.0
    fitting = [bar for bar in BARS_ARCSEC if bar / (picture.pixel_arcsec or 1.0) <= LONGEST_BAR * width]
    bar_arcsec = fitting[-1] if fitting else BARS_ARCSEC[0]
    up = radians(picture.up_deg or 0.0)
    # Both arrows and their letters stay inside, whichever way north is.
    from_x, from_y = width - 12 * unit, height - 12 * unit
    north, east = (sin(up), -cos(up)), (-cos(up), -sin(up))
    return {
        "unit": unit,
        "text": 3.2 * unit,
        "bar": {"x": 4 * unit, "y": height - 5 * unit, "length": bar_arcsec / (picture.pixel_arcsec or 1.0)},
        "bar_says": _angle(bar_arcsec),
        "from": {"x": from_x, "y": from_y},
        "arrows": [
            {
                "letter": letter,
                "x": from_x + 7 * unit * x,
                "y": from_y + 7 * unit * y,
                "letter_x": from_x + 9.4 * unit * x,
                "letter_y": from_y + 9.4 * unit * y + unit,
            }
            for letter, (x, y) in (("N", north), ("E", east))
        ],
    }


def _angle(arcsec: int) -> str:
    if arcsec < 60:
        return f"{arcsec}\N{DOUBLE PRIME}"
    return f"{arcsec // 60}\N{PRIME}" if arcsec < 3600 else f"{arcsec // 3600}°"
