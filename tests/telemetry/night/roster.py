"""Who is on which computer, and what they write."""

from dataclasses import dataclass

HOSTS = {"aoc": 27, "rtc": 58, "icc": 77}  # processes of the instrument's public process lists
PYTHON_DEVICES = {"bell_py": "aoc", "sequence_py": "rtc"}
BURSTING = 8  # one device in so many writes its first event type upon change too

# By host: kinds of devices and their event types. The first of each kind comes first, then as many more as are asked for.
KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "aoc": {
        "observers": ("telem_observer",),
        "bell_py": (),
        "telescope": ("sky_pointing", "telem_telpos"),
        "cooler": ("water_cooler", "plate_temps"),
        "machine_aoc": ("core_loads", "drive_temps", "clock_offset"),
        "lab_air": ("lab_air",),
        "bench_temps": ("plate_temps",),
    },
    "rtc": {
        "loop": ("loop_gain", "zone_gains"),
        "sequence_py": (),
        "reporter": ("status_report",),
        "machine_rtc": ("core_loads", "drive_temps", "clock_offset"),
        "timing": ("frame_timings",),
        "speckles": ("speckle_pattern",),
        "zones": ("zone_alarms", "plate_temps"),
    },
    "icc": {
        "camera": ("camera_setup", "plate_temps"),
        "saver": ("saving_rates", "saving_begun"),
        "stage": ("stage_place", "preset_choice"),
        "filter_wheel": ("preset_choice",),
        "motor": ("motor_counts",),
        "machine_icc": ("core_loads", "drive_temps", "clock_offset"),
    },
}
ONLY_ONE = {"observers", "telescope", "reporter", "machine_aoc", "machine_rtc", "machine_icc", *PYTHON_DEVICES}


@dataclass(frozen=True, slots=True)
class Device:
    name: str
    host: str
    kind: str
    events: tuple[str, ...]
    bursts: bool

    @property
    def is_python(self) -> bool:
        return self.kind in PYTHON_DEVICES


def roster(*, hosts: int, devices: int) -> list[Device]:
    """Devices of the first `hosts` computers, as many of each as its share in the instrument's list, by name."""
    shares = dict([*HOSTS.items()][:hosts])
    total, given = sum(shares.values()), 0
    found: list[Device] = []
    for host, share in shares.items():
        count = round(devices * (given + share) / total) - round(devices * given / total)
        given += share
        found += _of_host(host, count)
    return sorted(found, key=lambda device: device.name)


def _of_host(host: str, count: int) -> list[Device]:
    kinds = KINDS[host]
    if count < len(kinds):
        raise SystemExit(f"{host} would have {count} devices, and it has {len(kinds)} kinds: ask for more devices.")
    many = [kind for kind in kinds if kind not in ONLY_ONE]
    found: list[Device] = []
    for place in range(count):
        kind = [*kinds][place] if place < len(kinds) else many[(place - len(kinds)) % len(many)]
        number = sum(device.kind == kind for device in found) + 1
        name = kind if kind in ONLY_ONE else f"{kind}_{number:02}"
        bursts = place % BURSTING == 3 and kind not in PYTHON_DEVICES
        found.append(Device(name, host, kind, kinds[kind], bursts))
    return found
