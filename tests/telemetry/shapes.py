"""What the messages of the test bundle hold, written down apart from its `.fbs` texts: encoders stand on this alone.

A type is `f32`, `u8`, `str` and so on, `i8=-1` with a default, a dict for a nested table, a list of one type for a vector.
"""

from pathlib import Path
from typing import Any

BUNDLE = Path(__file__).parent / "bundle"

Shape = dict[str, Any]

# By schema, in the order of the fields.
SHAPES: dict[str, Shape] = {
    # Names that the archive's own code, or a test of bytes given by the specification, relies on.
    "string_log": {"message": "str"},
    "user_log": {"email": "str", "message": "str"},
    "state_change": {"from": "i16", "to": "i16"},
    "config_log": {"name": "str", "code": "u32", "value": "str", "source": "str"},
    "telem_observer": {"email": "str", "obsName": "str", "observing": "bool"},
    "telem_telpos": {"epoch": "f64", "ra": "f64", "dec": "f64", "el": "f64", "ha": "f64", "am": "f64", "rotoff": "f64"},
    # Our own, one for each shape that real ones have.
    "sky_pointing": {"ra": "f64", "dec": "f64", "el": "f64", "am": "f64", "slewing": "bool"},
    "stage_place": {"place": "f32", "steps": "f32", "warmth": "f32"},
    "preset_choice": {"moving": "i8", "preset": "f32", "presetName": "str"},
    "camera_setup": {
        "mode": "str",
        "roi": {"xcen": "f32", "ycen": "f32", "w": "i32", "h": "i32", "xbin": "i32", "ybin": "i32"},
        "exptime": "f32",
        "fps": "f32",
        "emGain": "f32",
        "cooling": {"temp": "f32", "setpt": "f32", "on": "bool", "onTarget": "bool", "says": "str"},
        "shutter": {"says": "str", "state": "i32"},
        "synchro": "u8",
        "cropMode": "i8=-1",
    },
    "plate_temps": {"temps": ["f32"]},
    "core_loads": {"loads": ["f32"]},
    "speckle_pattern": {
        "modulating": "bool",
        "trigger": "bool",
        "frequency": "f32",
        "separations": ["f32"],
        "angles": ["f32"],
        "crosses": ["bool"],
    },
    "drive_temps": {"driveName": ["str"], "driveTemp": ["f32"]},
    "saving_progress": {"state": "i16", "frameNo": "u64"},
    "saving_rates": {"rawSize": "u32", "packedSize": "u32", "rate": "f32"},
    "motor_counts": {"counts": ["i64"]},
    "loop_gain": {"state": "u8", "gain": "f32", "leak": "f32=1.0", "limit": "f32"},
    "zone_gains": {"gains": ["f32"], "fixed": ["u8"], "offsets": ["i16"]},
    "frame_timings": {"atime": "f64", "jitter": "f64", "wtime": "f64", "wjitter": "f64"},
    "clock_offset": {"source": "str", "lastOffset": "f64", "skew": "f64", "stratum": "u16"},
    "water_cooler": {"liquidTemp": "f32", "flowRate": "f32", "pumpLevel": "u8", "pumpSpeed": "u16"},
    "lab_air": {"temp": "f32", "humidity": "f32"},
    "status_report": {"text": "str", "cycle": "u64"},
    "zone_alarms": {"zones": [{"name": "str", "level": "f32", "limits": ["f64"]}], "total": "i64"},
}

EMPTY = "empty"  # schema of events whose message has no bytes

# Code and schema by event type; as in `bundle/codes.txt`, where a test compares them.
EVENTS: dict[str, tuple[int, str]] = {
    "text_log": (10, "string_log"),
    "user_log": (12, "user_log"),
    "state_change": (20, "state_change"),
    "config_log": (60, "config_log"),
    "process_begun": (140, EMPTY),
    "process_ended": (141, EMPTY),
    "saving_begun": (30500, "saving_progress"),
    "saving_ended": (30501, "saving_progress"),
    "telem_telpos": (20000, "telem_telpos"),
    "telem_observer": (20070, "telem_observer"),
    "sky_pointing": (30001, "sky_pointing"),
    "stage_place": (30002, "stage_place"),
    "preset_choice": (30003, "preset_choice"),
    "camera_setup": (30004, "camera_setup"),
    "plate_temps": (30005, "plate_temps"),
    "core_loads": (30006, "core_loads"),
    "speckle_pattern": (30007, "speckle_pattern"),
    "drive_temps": (30008, "drive_temps"),
    "saving_rates": (30009, "saving_rates"),
    "motor_counts": (30010, "motor_counts"),
    "loop_gain": (30011, "loop_gain"),
    "zone_gains": (30012, "zone_gains"),
    "frame_timings": (30013, "frame_timings"),
    "clock_offset": (30014, "clock_offset"),
    "water_cooler": (30015, "water_cooler"),
    "lab_air": (30016, "lab_air"),
    "zone_alarms": (30017, "zone_alarms"),
    "status_report": (30018, "status_report"),
}
# In the code table, and its schema is not in the bundle.
WITHOUT_SCHEMA = {"schema_to_come": (30900, "not_yet_written")}
