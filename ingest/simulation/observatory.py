"""The sites, cameras and targets of the simulated nights."""

from dataclasses import dataclass

from ingest.simulation.detector import Camera
from ingest.simulation.ephemeris import Site
from ingest.simulation.sky import Galaxy


@dataclass(frozen=True, slots=True)
class Station:
    """One telescope and the camera on it."""

    site: Site
    prefix: str  # of file names
    enclosure_id: str
    telescope_id: str
    telescope: str
    camera: Camera
    filter: str
    seeing_arcsec: float

    @property
    def fwhm_px(self) -> float:
        return self.seeing_arcsec / self.camera.scale_arcsec


@dataclass(frozen=True, slots=True)
class Target:
    """Where to point, and what is there beside the stars."""

    name: str
    ra_deg: float
    dec_deg: float
    n_stars: int
    exposure_s: float
    galaxies: tuple[Galaxy, ...] = ()
    cluster_stars: int = 0


FA15 = Camera("fa15", (1024, 1024), 0.778, 1.2, 6.3, 7.0, 1000, 0.02, 40000, 23.4, has_amplifiers=True)
FA06 = Camera("fa06", (1024, 1024), 0.778, 180.7, 6.2, 7.5, 1040, 0.02, 40000, 23.4)
KB27 = Camera("kb27", (512, 768), 1.142, -3.5, 1.6, 13.5, 1210, 0.08, 46000, 21.6, has_distortion=True)

LSC = Station(
    Site("lsc", "Cerro Tololo", -30.1673833, -70.8047889, 2198),
    prefix="lsc1m005", enclosure_id="doma", telescope_id="1m0a", telescope="1m0-05",
    camera=FA15, filter="rp", seeing_arcsec=1.9,
)  # fmt: skip
CPT = Station(
    Site("cpt", "Sutherland", -32.3805542, 20.8101083, 1804),
    prefix="cpt1m010", enclosure_id="domb", telescope_id="1m0a", telescope="1m0-10",
    camera=FA06, filter="V", seeing_arcsec=2.1,
)  # fmt: skip
OGG = Station(
    Site("ogg", "Haleakala", 20.7069444, -156.2575, 3037),
    prefix="ogg0m404", enclosure_id="clma", telescope_id="0m4b", telescope="0m4-04",
    camera=KB27, filter="gp", seeing_arcsec=2.8,
)  # fmt: skip

M51 = Target(
    "M 51", 202.469575, 47.195258, 160, 180,
    galaxies=(
        Galaxy(202.469575, 47.195258, 8.8, 105, 1.1, 0.85, 165, arms=0.55),
        Galaxy(202.498, 47.26606, 10.2, 22, 1.8, 0.8, 79),  # NGC 5195
    ),
)  # fmt: skip
M74 = Target(
    "M 74", 24.173946, 15.783641, 180, 180, galaxies=(Galaxy(24.173946, 15.783641, 9.6, 110, 1.2, 0.95, 25, arms=0.6),)
)
NGC2903 = Target(
    "NGC 2903",
    143.042125,
    21.500833,
    150,
    180,
    galaxies=(Galaxy(143.042125, 21.500833, 9.3, 95, 1.3, 0.5, 17, arms=0.4),),
)
OMEGA_CENTAURI = Target("NGC 5139", 201.697, -47.479472, 500, 60, cluster_stars=3500)
NGC104 = Target("NGC 104", 6.022329, -72.081444, 350, 60, cluster_stars=3500)
SIGMA_OCTANTIS = Target("sigma Oct", 317.195, -88.95650, 300, 90)  # a degree from the pole
RA_ZERO = Target("blank 0000-6930", 0.02, -69.5, 300, 120)  # right ascension passes through zero in the frame
