"""What stays the same over the years: instruments, proposals and what they look at."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

SEED = 20161121
FIRST_NIGHT = date(2016, 11, 21)
LAST_NIGHT = date(2026, 11, 20)
N_NIGHTS = (LAST_NIGHT - FIRST_NIGHT).days + 1

SITES = ("lsc", "cpt", "coj", "ogg", "elp", "tfn", "tlv", "sqa", "ngq", "bpl", "sor", "mko")
FILTERS = (
    *("up", "gp", "rp", "ip", "zs", "w", "U", "B", "V", "R", "I", "Y"),
    *("H-Alpha", "OIII", "SII", "air", "solar", "ND", "gp*diffuser", "Skymapper-VS"),
)
NO_FILTER = FILTERS.index("air")
CLASSES = (("1m0a", "1m0", "fa"), ("0m4a", "0m4", "sq"), ("2m0a", "2m0", "ep"), ("0m4b", "0m4", "kb"))
N_INSTRUMENTS = 40
N_SPECTROGRAPHS = 4
FILTERS_OF_ONE = 7

N_PROPOSALS = 500
N_SEMESTERS = 20
POOL = 6  # proposals that share an instrument in a semester
TARGETS_OF_PROPOSAL = 32
N_SUBMITTERS = 300
SUBMITTERS_OF_PROPOSAL = 3
CALIBRATION_PROPOSAL = "calibrate"

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """Tables of the observatory; whatever ends in `_of` is indexed by what stands before it."""

    instruments: tuple[str, ...]
    telescopes: tuple[str, ...]
    sites: tuple[str, ...]
    prefixes: tuple[str, ...]  # of file names: lsc1m005-fa15
    field_deg: Floats  # side of the field of each instrument
    site_hours: Floats  # UTC of sunset at each instrument
    first_nights: Ints  # of each instrument
    filters: Ints  # (instrument, FILTERS_OF_ONE)
    proposals: tuple[str, ...]
    embargo_days: Ints  # of each proposal
    pools: Ints  # (semester, instrument, POOL): proposals
    proposal_targets: Ints  # (proposal, TARGETS_OF_PROPOSAL)
    proposal_submitters: Ints  # (proposal, SUBMITTERS_OF_PROPOSAL)
    targets: tuple[str, ...]
    target_ra_deg: Floats
    target_dec_deg: Floats

    def is_spectrograph(self, instrument: Ints) -> NDArray[np.bool_]:
        return instrument >= N_INSTRUMENTS - N_SPECTROGRAPHS


def submitter(number: int) -> str:
    return f"observer{number:03d}"


def make_world(n_frames: int) -> World:
    """The observatory; an archive of more frames has seen more targets, though not in proportion."""
    rng = np.random.default_rng(SEED)
    numbers = range(N_INSTRUMENTS)
    sites = tuple(SITES[number % len(SITES)] for number in numbers)
    classes = [CLASSES[number // 3 % len(CLASSES)] for number in numbers]
    instruments = tuple(f"{kind}{number + 1:02d}" for number, (_, _, kind) in zip(numbers, classes, strict=True))
    n_targets = max(200, int(4000 * (n_frames / 1e6) ** 0.5))
    ra_deg, dec_deg = _places(rng, n_targets)
    return World(
        instruments=instruments,
        telescopes=tuple(telescope for telescope, _, _ in classes),
        sites=sites,
        prefixes=tuple(
            f"{site}{size}{number % 17:02d}-{name}"
            for number, (site, (_, size, _), name) in enumerate(zip(sites, classes, instruments, strict=True))
        ),
        field_deg=rng.uniform(0.1, 0.5, N_INSTRUMENTS),
        site_hours=2.0 * (np.arange(N_INSTRUMENTS) % len(SITES)).astype(np.float64),
        first_nights=np.where(rng.random(N_INSTRUMENTS) < 0.3, 0, rng.integers(0, N_NIGHTS * 6 // 10, N_INSTRUMENTS)),
        filters=np.array([rng.permutation(len(FILTERS))[:FILTERS_OF_ONE] for _ in numbers]),
        proposals=tuple(_proposal(number) for number in range(N_PROPOSALS)),
        embargo_days=rng.choice([365, 730, 1095, 999 * 365], N_PROPOSALS, p=[0.45, 0.2, 0.17, 0.18]),
        pools=_pools(rng),
        proposal_targets=_drawn_by_fame(rng, n_targets, (N_PROPOSALS, TARGETS_OF_PROPOSAL)),
        proposal_submitters=_drawn_by_fame(rng, N_SUBMITTERS, (N_PROPOSALS, SUBMITTERS_OF_PROPOSAL)),
        targets=_names(rng, n_targets),
        target_ra_deg=ra_deg,
        target_dec_deg=dec_deg,
    )


def _proposal(number: int) -> str:
    semester, of_semester = divmod(number, N_PROPOSALS // N_SEMESTERS)
    who = ("LCO", "NOAO", "UH", "FTPEPO", "KEY")[of_semester % 5]
    return f"{who}{2016 + (semester + 1) // 2}{'BA'[semester % 2]}-{of_semester + 1:03d}"


def _pools(rng: np.random.Generator) -> Ints:
    """A proposal lives for one to four semesters; it starts with 24 others."""
    first = np.arange(N_PROPOSALS) * N_SEMESTERS // N_PROPOSALS
    last = first + rng.integers(0, 4, N_PROPOSALS)
    pools = np.empty((N_SEMESTERS, N_INSTRUMENTS, POOL), np.int64)
    for semester in range(N_SEMESTERS):
        (alive,) = np.nonzero((first <= semester) & (semester <= last))
        for instrument in range(N_INSTRUMENTS):
            pools[semester, instrument] = rng.choice(alive, POOL, replace=False)
    return pools


def _drawn_by_fame(rng: np.random.Generator, n: int, shape: tuple[int, int]) -> Ints:
    """Numbers below `n`, the first ones most often."""
    fame = 1.0 / (np.arange(n) + 10.0) ** 0.9
    return rng.choice(n, shape, p=fame / fame.sum())


def _places(rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    """Evenly over the sphere; some of the famous lie at the poles and on both sides of RA 0."""
    ra_deg = rng.uniform(0.0, 360.0, n)
    dec_deg = np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, n)))
    ra_deg[5:12] = [0.0, 0.0, 0.02, 359.98, 180.0, 179.99, 0.1]
    dec_deg[5:12] = [90.0, -90.0, 12.0, -35.0, 0.0, 60.0, 89.9]
    return ra_deg, dec_deg


def _names(rng: np.random.Generator, n: int) -> tuple[str, ...]:
    """Names as observers type them; some are another spelling of the one before."""
    names: dict[str, None] = {}
    kinds = rng.integers(0, 10, 4 * n).tolist()
    numbers = rng.integers(1, 10_000, 4 * n).tolist()
    for kind, number in zip(kinds, numbers, strict=True):
        names.setdefault(_name(kind, number))
        if len(names) == n:
            break
    return tuple(names)


def _name(kind: int, number: int) -> str:  # noqa: PLR0911 - one line a catalogue
    letters = "".join(chr(97 + number // power % 26) for power in (676, 26, 1))
    match kind:
        case 0 | 1:
            return f"NGC {number}"
        case 2:
            return f"ngc{number}"
        case 3:
            return f"HD {number * 7}"
        case 4:
            return f"WASP-{number % 200}b"
        case 5:
            return f"SN {2016 + number % 11}{letters}"
        case 6:
            return f"AT{2016 + number % 11}{letters}"
        case 7:
            return f"{2000 + number % 27} {letters[:2].upper()}{number % 300}"
        case 8:
            return f"TIC {number * 39_119}"
        case _:
            return f"Gaia DR3 {number * 473_982_113_977}"
