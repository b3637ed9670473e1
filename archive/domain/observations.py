"""Observations of the adaptive-optics camera: rows that follow from their raw files, whichever of these came last.

An observation is locked while one of its files is written or goes, after the frames' own rows, as all writers do: two
files at once write one observation, and it goes with its last file.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from archive.domain.refusals import plain_refusals
from archive.enums import RawKind
from archive.models import Frame, Headers, Observation, RawFile, StoredObject, sky
from ingest.headers import roboao
from ingest.headers.installations import installation_at
from ingest.headers.roboao import Facts
from ingest.roboao_names import RawName, raw_name

WHO_SEES_IT = frozenset({"proposal_id", "public_date"})


def register_raw(frame: Frame, name: RawName) -> RawFile:
    """Write what a raw frame shows, and its observation. In the transaction of its registration; safe to repeat."""
    with plain_refusals():
        observation = locked(name) if name.kind is RawKind.SCIENCE else None
        values = _columns_of(name, _header_of(frame))
        raw, _ = RawFile.objects.update_or_create(frame=frame, defaults={**values, "observation": observation})
        if observation is not None:
            settle(observation)
    return raw


def lock_observations_of(frame_ids: Iterable[int]) -> list[Observation]:
    """Lock what may go together with these frames, whose rows the caller has locked; in the order of names."""
    found = Observation.objects.filter(raw_files__frame__any_of=list(frame_ids)).values("pk")
    return list(Observation.objects.select_for_update().filter(pk__in=found).order_by("name"))


def settle_all(observations: Sequence[Observation]) -> list[StoredObject]:
    """Settle locked observations after some of their files went; those that have none left go too.

    Answers the bytes of products that have lost their rows with them, for the caller to forget.
    """
    objects: list[StoredObject] = []
    for observation in observations:
        if RawFile.objects.filter(observation=observation).exists():
            settle(observation)
            continue
        objects += StoredObject.objects.filter(product_file__product__observation=observation).order_by("pk")
        observation.delete()
    return objects


def settle(observation: Observation) -> None:
    """Let a locked observation say what its files say together.

    Of each fact counts the first file that knows it, of its end the last. It is public when all of its files are.
    """
    raws = list(RawFile.objects.filter(observation=observation).select_related("frame").order_by("file_number"))
    headers = dict(Headers.objects.filter(frame__in=[raw.frame_id for raw in raws]).values_list("frame_id", "data"))
    facts, ends = Facts(), []
    for raw in raws:
        of_file = roboao.facts_of(headers.get(raw.frame_id, {}))
        facts = facts.filled_by(of_file)
        ends.append(of_file.ended_at)
    frames = [raw.frame for raw in raws]
    name = raw_name(observation.name)
    values = _values_of(facts, target=name.target if name else "") | {
        "proposal_id": next(filter(None, (frame.proposal_id for frame in frames)), observation.proposal_id),
        "public_date": _latest([frame.public_date for frame in frames]),
        "ended_at": max(filter(None, ends), default=None),
    }
    changed = [column for column, value in values.items() if getattr(observation, column) != value]
    if changed:
        for column in changed:
            setattr(observation, column, values[column])
        observation.save(update_fields=[*changed, "modified_at"])
    if not WHO_SEES_IT.isdisjoint(changed):
        show_products_of(observation)


def describe_by_header(observation: Observation, header: dict[str, Any]) -> None:
    """Let a locked observation of which no raw file is here say what the header of its stack says."""
    name = raw_name(observation.name)
    values = _values_of(roboao.facts_of(header), target=name.target if name else "")
    for column, value in values.items():
        setattr(observation, column, value)
    observation.save(update_fields=[*values, "modified_at"])


def show_products_of(observation: Observation) -> None:
    """Let frames that were made of a locked observation be visible to whoever may see it, and to nobody else.

    Their names tell which they are.
    """
    who = {column: getattr(observation, column) for column in WHO_SEES_IT}
    made = Frame.objects.filter(basename__startswith=f"{observation.name}_", raw_file=None)
    made.exclude(**who).update(**who, modified_at=Now())


def locked(name: RawName) -> Observation:
    """The row of an observation, locked to the end of the transaction; made if there was none."""
    while True:
        Observation.objects.bulk_create([_unsaved(name)], ignore_conflicts=True)
        # No key changes: others may go on to make products of it.
        found = Observation.objects.select_for_update(no_key=True).filter(name=name.exposure).first()
        if found is not None:  # else its last file went just now, and it with that
            return found


def _unsaved(name: RawName) -> Observation:
    installation = installation_at(settings.INSTALLATIONS, instrument_id=roboao.INSTRUMENT, at=name.observed_at)
    return Observation(
        name=name.exposure,
        proposal_id=name.programme,
        target_name=name.target,
        camera=name.camera,
        primary_optical_element=name.filter_name,
        marker=name.marker,
        observed_at=name.observed_at,
        night=name.night,
        telescope_id=installation.telescope_id if installation else "",
    )


def _columns_of(name: RawName, header: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": name.kind,
        "file_number": name.file_number,
        "night": name.night,
        "observed_at": name.observed_at,
        "camera": name.camera,
        "primary_optical_element": name.filter_name,
        "detector_mode": roboao.detector_mode(name, header),
    }


def _values_of(facts: Facts, *, target: str) -> dict[str, Any]:
    return {
        "target_name": target or (facts.target_name or "")[:200],
        "exposure_time": facts.exposure_time,
        "ended_at": facts.ended_at,
        "magnitude": facts.magnitude,
        "position": None if facts.pointing is None else sky.point_of(*facts.pointing),
        "altitude_deg": facts.altitude_deg,
        "azimuth_deg": facts.azimuth_deg,
    }


def _header_of(frame: Frame) -> dict[str, Any]:
    return Headers.objects.filter(frame=frame).values_list("data", flat=True).first() or {}


def _latest(dates: Sequence[datetime | None]) -> datetime | None:
    """The last of these dates; None, which is never, when one of them is."""
    known = [date for date in dates if date is not None]
    return max(known) if known and len(known) == len(dates) else None
