"""What the camera looks at in each kind of exposure: light, frame by frame, and the truth about it."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Protocol
from zlib import crc32

import numpy as np

from pipeline.simulation.headers import elevation_deg
from pipeline.simulation.optics import Image, Optics
from pipeline.simulation.phase import Phase, Residual, static_phase
from pipeline.simulation.plan import Exposure, Kind, Night
from pipeline.simulation.planet import Disc, draw_air, point_strehl
from pipeline.simulation.psf import psf_of
from pipeline.simulation.scene import Mean, Scene, Shifts, random_shifts
from pipeline.simulation.seeing import air_fwhm_arcsec, fwhm_arcsec, seeing_image
from pipeline.simulation.star import companion_shape
from pipeline.simulation.targets import Target

STATIC_COMMON_RAD, STATIC_OWN_RAD = 0.4, 0.2
CENTRE_SPREAD = 0.03  # of the frame's side: how far from its middle a target lies, rms
MOST_WANDER = 0.05  # of the frame's side
PLANET_RADIUS_PX, PLANET_RADIUS_SHARE = 50.0, 0.2
FLAT_ELECTRON, LAMP_SPREAD = 3000.0, 0.05  # of a flat frame: in the middle of what 16 bits hold
SEEING_FLUX_ELECTRON, SEEING_SKY_ELECTRON, SEEING_WANDER_PX = 4e5, 20.0, 0.5


class Source(Protocol):
    """Light in front of the camera."""

    def lights(self, rng: np.random.Generator) -> Iterator[Image]:
        """Electrons expected in each pixel (side, side) of each frame."""

    def facts(self) -> dict[str, Any]:
        """What is true of it. To be asked when all frames were given."""


def source_of(exposure: Exposure, night: Night, *, side_px: int, rng: np.random.Generator) -> Source:
    """What an exposure shows. Where a target lies and how it moves is drawn."""
    target = exposure.target
    if exposure.kind is Kind.SEEING:
        return _SeeingStar(exposure, night, side_px, rng)
    if exposure.kind is Kind.FLAT:
        return _EvenLight(exposure.n_frames, side_px, FLAT_ELECTRON, LAMP_SPREAD)
    if target is None:
        return _EvenLight(exposure.n_frames, side_px, 0.0)
    if not target.flux_electron:
        return _EvenLight(exposure.n_frames, side_px, target.sky_electron_px, told=_what_is_told(target))
    return _Pointed(exposure, target, night, side_px, rng)


class _EvenLight:
    """The same everywhere: a lamp, the sky alone, or nothing."""

    def __init__(
        self, n_frames: int, side_px: int, level: float, spread: float = 0.0, told: dict[str, Any] | None = None
    ) -> None:
        self._n_frames, self._side, self._level, self._spread = n_frames, side_px, level, spread
        self._told = {"level_electron_px": level} if told is None else told

    def lights(self, rng: np.random.Generator) -> Iterator[Image]:
        for _ in range(self._n_frames):
            level = self._level * (1 + self._spread * rng.uniform(-1, 1))
            yield np.full((self._side, self._side), level, dtype=np.float32)

    def facts(self) -> dict[str, Any]:
        return self._told


class _Pointed:
    """A star or a planet behind the adaptive mirror."""

    def __init__(
        self, exposure: Exposure, target: Target, night: Night, side_px: int, rng: np.random.Generator
    ) -> None:
        self._target, self._side = target, side_px
        self._optics = night.telescope.optics(exposure.filter_name)
        self._disc = Disc(min(PLANET_RADIUS_PX, PLANET_RADIUS_SHARE * side_px)) if target.is_planet else None
        self._centre = _centre(side_px, rng)
        self._shifts = _shifts(exposure.n_frames, target.wander_px, side_px, rng)
        self._air = _air(target, exposure.n_frames, rng)
        self._scene = self._make_scene(night, rng)
        self._mean = Mean(self._optics)
        self._frame_strehls: list[float] = []

    def lights(self, rng: np.random.Generator) -> Iterator[Image]:
        frames = self._scene.frames(
            self._air, size_px=self._side, centre_yx=self._centre, shifts_yx=self._shifts, rng=rng
        )
        for seen in frames:
            self._mean.add(seen.image)
            self._frame_strehls.append(point_strehl(seen.image, self._optics))
            yield seen.light_electron

    def facts(self) -> dict[str, Any]:
        air = [asdict(residual) for residual in self._air] if self._disc else asdict(self._air[0])
        return {
            **_what_is_told(self._target),
            "strehl": self._mean.psf().strehl,
            "frame_strehls": self._frame_strehls,
            "centre_yx_px": self._centre,
            "shifts_yx_px": self._shifts,
            "air": air,
            "disc": asdict(self._disc) if self._disc else None,
            "companions": [
                {**asdict(companion), "offset_yx_px": companion.offset_yx_px(self._optics)}
                for companion in self._target.companions
            ],
        }

    def _make_scene(self, night: Night, rng: np.random.Generator) -> Scene:
        if self._disc is None:
            n = _samples(self._side)
            shape = companion_shape(self._optics, self._target.companions, n)
        else:
            n = 2 * _samples(self._side)  # its own width asks for more
            shape = self._disc.shape(n, rng=rng)
        return Scene(
            optics=self._optics,
            flux_electron=self._target.flux_electron,
            sky_electron_px=self._target.sky_electron_px,
            shape=shape,
            n=n,
            static_rad=_static(self._optics, n, night, rng),
        )


class _SeeingStar:
    """A star in long exposures without correction."""

    def __init__(self, exposure: Exposure, night: Night, side_px: int, rng: np.random.Generator) -> None:
        if exposure.seeing_arcsec is None:
            raise ValueError(f"{exposure.stem} states no seeing")
        self._seeing, self._side = exposure.seeing_arcsec, side_px
        self._elevation_deg = elevation_deg(exposure, night)
        self._optics = night.telescope.optics(exposure.filter_name)
        self._image = seeing_image(self._optics, seeing_arcsec=self._seeing, n=2 * _samples(side_px))
        self._centre = _centre(side_px, rng)
        self._shifts = _shifts(exposure.n_frames, SEEING_WANDER_PX, side_px, rng)

    def lights(self, rng: np.random.Generator) -> Iterator[Image]:
        scene = Scene(
            optics=self._optics,
            flux_electron=SEEING_FLUX_ELECTRON,
            sky_electron_px=SEEING_SKY_ELECTRON,
            psf=psf_of(self._image, self._optics),
        )
        air = [Residual(self._seeing, leak=1)] * len(self._shifts)
        frames = scene.frames(air, size_px=self._side, centre_yx=self._centre, shifts_yx=self._shifts, rng=rng)
        return (seen.light_electron for seen in frames)

    def facts(self) -> dict[str, Any]:
        zenith_share = np.sin(np.radians(self._elevation_deg)) ** 0.6
        return {
            "seeing_500nm_arcsec": self._seeing,
            "seeing_500nm_zenith_arcsec": float(self._seeing * zenith_share),
            "air_fwhm_arcsec": air_fwhm_arcsec(self._optics, seeing_arcsec=self._seeing),
            "image_fwhm_arcsec": fwhm_arcsec(self._image, self._optics),
            "flux_electron": SEEING_FLUX_ELECTRON,
            "sky_electron_px": SEEING_SKY_ELECTRON,
            "centre_yx_px": self._centre,
            "shifts_yx_px": self._shifts,
        }


def _what_is_told(target: Target) -> dict[str, Any]:
    return {
        "program": target.program,
        "target": target.name,
        "expected": target.expected,
        "why": target.why,
        "flux_electron": target.flux_electron,
        "sky_electron_px": target.sky_electron_px,
    }


def _samples(side_px: int) -> int:
    """Samples of a fine image that suit a frame: 9 arcsec, and less for the small frames of tests."""
    return 512 if side_px >= 256 else 256


def _centre(side_px: int, rng: np.random.Generator) -> tuple[float, float]:
    offset = np.clip(rng.normal(0, CENTRE_SPREAD, 2), -2 * CENTRE_SPREAD, 2 * CENTRE_SPREAD) * side_px
    return side_px // 2 + float(offset[0]), side_px // 2 + float(offset[1])


def _shifts(n_frames: int, rms_px: float, side_px: int, rng: np.random.Generator) -> Shifts:
    drawn = random_shifts(n_frames, rms_px=rms_px, rng=rng)
    return np.clip(drawn, -MOST_WANDER * side_px, MOST_WANDER * side_px)


def _air(target: Target, n_frames: int, rng: np.random.Generator) -> list[Residual]:
    if target.is_planet:
        return draw_air(n_frames, rng=rng)
    return [Residual(target.seeing_arcsec, target.leak)] * n_frames


def _static(optics: Optics, n: int, night: Night, rng: np.random.Generator) -> Phase:
    """What the instrument adds to every image of a night, and what it adds to this one."""
    of_the_night = np.random.default_rng([night.seed, crc32(b"static aberration")])
    common = static_phase(optics, rms_rad=STATIC_COMMON_RAD, rng=of_the_night, n=n)
    return common + static_phase(optics, rms_rad=STATIC_OWN_RAD, rng=rng, n=n)
