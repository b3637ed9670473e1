"""A night to plot: two devices, twelve hours, a gap for each reason, three spans; the values are sines of the time."""

from tests.telemetry.rows import Rows, S

NIGHT = "2025-10-31"
START_S = 1_761_955_200  # 2025-11-01T00:00:00Z
HOURS = 10
CAMERA, WHEEL = "camsci1:telem_stdcam", "fwsci1:telem_stage"
KEYS = [f"{CAMERA}:fps", f"{CAMERA}:tempCtrl.temp", f"{WHEEL}:presetName"]
# Minutes from the start: the camera is off, is silent, and its process does not run.
OFF, SILENT, NO_FILE = (120, 150), (260, 275), (400, 430)


def lay_night(rows: Rows) -> None:
    """Commit nothing: rows as the connection has them."""
    rows.run("SELECT telemetry.ensure_month(to_timestamp(%s))", START_S)
    first, second = (rows.recording("camsci1", path=f"/opt/camsci1_{part}") for part in (1, 2))
    for start, end, recording in (
        (0, OFF[0], first), (OFF[1], SILENT[0], first), (SILENT[1], NO_FILE[0], first), (NO_FILE[1], HOURS * 60, second),
    ):  # fmt: skip
        _camera(rows, start * 60, end * 60, recording)
        rows.run(
            "UPDATE telemetry.recording SET first_ns = least(first_ns, %s), last_ns = greatest(last_ns, %s) WHERE id = %s",
            (START_S + start * 60) * S, (START_S + end * 60 - 10) * S, recording,
        )  # fmt: skip
    rows.say("camsci1", "state_change", (START_S + OFF[0] * 60) * S, {"from": 35, "to": 4}, kind="binlog")
    rows.say("camsci1", "state_change", (START_S + OFF[1] * 60 - 1) * S, {"from": 4, "to": 35}, kind="binlog")
    _wheel(rows)
    for start, end, title in ((15, 170, "beta Pictoris"), (180, 390, "HD 142527"), (440, 520, "PDS 70")):
        for minute, observing in ((start, True), (end, False)):
            msg = {"email": "observer@example.edu", "obsName": title, "observing": observing}
            rows.say("observers", "telem_observer", (START_S + minute * 60) * S, msg)


def _camera(rows: Rows, start_s: int, end_s: int, recording: int) -> None:
    """A heartbeat each ten seconds; frame rates in three steps, a temperature that swings and has a spike."""
    _heartbeats(
        rows, rows.channel("camsci1", "telem_stdcam"), recording, start_s, end_s,
        """jsonb_build_object(
            'fps', CASE WHEN t < 9000 THEN 12.5 WHEN t < 22000 THEN 250.0 ELSE 30.0 END + 0.02 * sin(t / 13.0),
            'tempCtrl', jsonb_build_object('temp', -40.0 + 0.4 * sin(t / 900.0) + 0.15 * sin(t / 37.0)
                + CASE WHEN t BETWEEN 18000 AND 18200 THEN 3.0 ELSE 0 END),
            'roi', jsonb_build_object('xcen', 511.5, 'ycen', 511.5), 'temps', jsonb_build_array(1.5, 2.5))""",
    )  # fmt: skip


def _wheel(rows: Rows) -> None:
    _heartbeats(
        rows, rows.channel("fwsci1", "telem_stage"), rows.recording("fwsci1", path="/opt/fwsci1"), 0, HOURS * 3600,
        "jsonb_build_object('presetName', (ARRAY['open','z','Halpha','ND3'])[1 + mod(t / 5400, 4)], 'preset', 1.5)",
    )  # fmt: skip


def _heartbeats(rows: Rows, channel: int, recording: int, start_s: int, end_s: int, message: str) -> None:
    rows.run(
        f"""INSERT INTO telemetry.record (ts, channel_id, ns, priority, recording_id, seq, msg)
        SELECT to_timestamp(%s + t), %s, 0, 64, %s, t, {message} FROM generate_series(%s, %s - 10, 10) AS t""",
        START_S, channel, recording, start_s, end_s,
    )  # fmt: skip
