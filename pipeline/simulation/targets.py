"""What was asked for in a simulated night, and what truly is there."""

from dataclasses import dataclass

from pipeline.simulation.camera import FAST, FAST_SUBARRAY, DetectorMode
from pipeline.simulation.star import Companion

FIRST_HIP, REFERENCE_STEPS = 80_101, 7
SATURATING_ELECTRON = 40_000.0  # three times what 16 bits hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an observer asked for, and what truly is there."""

    program: str
    name: str
    expected: str  # how a reduction should class it; `planet` has no class
    why: str = ""
    filter_name: str = "Si"
    mode: DetectorMode = FAST
    n_frames: int = 40
    n_frames_full: int = 517  # a minute
    magnitude: float
    flux_electron: float  # a frame; 0: nothing but sky
    sky_electron_px: float = 2.0  # a frame
    seeing_arcsec: float = 1.2
    leak: float = 0.05
    wander_px: float = 3.0  # rms of each axis
    companions: tuple[Companion, ...] = ()
    is_planet: bool = False
    dec_deg: float = 20.0
    hour_angle_deg: float = -15.0
    is_pointing_known: bool = True


TARGETS = (
    Target(
        program="4",
        name="HD_1984",
        expected="high_flux",
        magnitude=9.2,
        flux_electron=5e4,
        seeing_arcsec=0.9,
        leak=0.03,
        companions=(Companion(0.9, 128.0, 2.5),),
        dec_deg=34.2051,
    ),
    Target(
        program="4",
        name="KOI_271",
        expected="high_flux",
        filter_name="lp600",
        n_frames=60,
        n_frames_full=1034,
        magnitude=10.3,
        flux_electron=2e4,
        wander_px=2.0,
        dec_deg=-0.504217,
        hour_angle_deg=12.0,
    ),
    Target(
        program="12.1",
        name="GJ1093",
        expected="high_flux",
        mode=FAST_SUBARRAY,
        magnitude=11.0,
        flux_electron=1e4,
        dec_deg=19.3519,
    ),
    Target(
        program="12.1",
        name="LP_88_a",
        expected="faint",
        n_frames=100,
        n_frames_full=1034,
        magnitude=14.5,
        flux_electron=4e2,
        dec_deg=-12.5083,
        hour_angle_deg=8.0,
    ),
    Target(
        program="12.1",
        name="351_Yrsa",
        expected="zero_flux",
        n_frames=20,
        n_frames_full=258,
        magnitude=17.1,
        flux_electron=0.0,
        dec_deg=5.7,
        is_pointing_known=False,
    ),
    Target(
        program="4",
        name="HD_2451",
        expected="failed",
        n_frames=8,
        n_frames_full=52,
        magnitude=2.1,
        flux_electron=0.0,
        sky_electron_px=SATURATING_ELECTRON,
        why="every pixel of every frame is saturated",
        dec_deg=48.02,
    ),
    Target(
        program="24",
        name="Uranus",
        expected="planet",
        mode=FAST_SUBARRAY,
        magnitude=5.7,
        flux_electron=5e5,
        wander_px=3.0,
        is_planet=True,
        dec_deg=15.1,
        hour_angle_deg=-30.0,
    ),
)


def reference(number: int) -> Target:
    """A single bright star of the programme of the first target, whose image others can be compared with.

    The air of each is a little another, and so are their places: no two show the same sky.
    """
    step = number % REFERENCE_STEPS / REFERENCE_STEPS
    return Target(
        program=TARGETS[0].program,
        name=f"HIP_{FIRST_HIP + 17 * number}",
        expected="high_flux",
        mode=FAST_SUBARRAY,
        magnitude=round(8.5 + step, 1),
        flux_electron=5e4,
        seeing_arcsec=0.85 + 0.2 * step,
        leak=0.03,
        dec_deg=-10.0 + 2.5 * number,
        hour_angle_deg=-20.0 + 3.0 * number,
    )
