"""Telemetry at a frame's exposure: when that was, which keys there are then, and whether there is anything at all."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from archive.domain import telemetry_access
from archive.errors import NotFoundError
from archive.models import Frame, Reader
from telemetry.errors import TransientError
from telemetry.queries.channels import Channel, Channels, described, have_records
from telemetry.queries.exposure import Exposure
from telemetry.queries.keys import Key, leaves_of
from telemetry.queries.times import NS_PER_S, Window, ns_of

NEAR = timedelta(minutes=10)  # records so far from an exposure still say something of it


def exposure_of(frame: Frame, *, max_age_s: float | None = None) -> Exposure:
    """From the start of the observation on, for the open-shutter time. Raises NotFoundError for a frame without one."""
    if frame.observation_date is None or frame.exposure_time is None:
        raise NotFoundError("this frame does not say how long it was exposed: ask /telemetry/at/ with start and end.")
    start_ns = ns_of(frame.observation_date)
    return Exposure(start_ns, start_ns + round(frame.exposure_time * 1e9), max_age_s)


def opened(
    wanted: Iterable[tuple[Channel, Key | None]], exposure: Exposure, *, using: str
) -> list[tuple[Channel, Key]]:
    """Each key alone: where none is named, those of the channel's last record before the end of the exposure."""
    pairs = list(wanted)
    whole = [channel for channel, key in pairs if key is None]
    until = Window(end_ns=exposure.end_ns + 1)
    messages = {each.channel.id: each.msg for each in described(whole, until=until, using=using)} if whole else {}
    found: list[tuple[Channel, Key]] = []
    for channel, key in pairs:
        if key is not None:
            found.append((channel, key))
        else:
            found += [(channel, leaf) for leaf, _ in leaves_of(messages.get(channel.id))]
    return found


def window_around(exposure: Exposure) -> Window:
    """The exposure with ten minutes on both sides."""
    near_ns = round(NEAR.total_seconds() * NS_PER_S)
    return Window(max(0, exposure.start_ns - near_ns), exposure.end_ns + near_ns)


def is_there(frame: Frame, reader: Reader, *, at: datetime) -> bool:
    """Whether `reader` would find a record near the exposure of a frame that they may see."""
    if frame.observation_date is None or frame.exposure_time is None:
        return False
    window = window_around(exposure_of(frame))

    def question(known: Channels) -> bool:
        return have_records(known.of(), window, using=known.using)

    try:
        return telemetry_access.asked(question, reader, at=at)
    except TransientError:
        return False  # the page of a frame is there also when telemetry is busy
