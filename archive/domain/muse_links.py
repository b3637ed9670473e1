"""MUSE exposures: rows that follow from their files, whichever of these came last.

Whoever writes a file of an exposure first takes the names that tie the files together (`hold_names`), then the rows of
exposures, then those of frames, as all writers do: of two files that come at once the later one finds the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Func, Q, QuerySet

from archive.domain import events, muse_targets
from archive.enums import EventName
from archive.models import AoFile, Frame, MuseExposure, MuseExposureQuerySet, MuseFit, MuseRaw, Version
from ingest import muse_names
from ingest.ao_content import AoContent
from ingest.ao_maps import MUSE_ID
from ingest.muse_names import TARGET_KEYS, MuseKind, exposure_names, is_source, provenance, raw_key
from ingest.muse_summary import LASERS, seeing_los, summary_of

PARAMETERS = "PSFPARS"  # table of a prm file
LOCK = 7_365_207  # first half of advisory locks, whose other half is a name's
FITS = {MuseKind.PRM: "prm", MuseKind.PSF: "psf"}
OF_EXPOSURES = (MuseKind.REDUCED, *FITS)
# What the files of a fit, which tell nothing of it, have from their cube.
OF_CUBE = frozenset(
    {
        "proposal_id",
        "public_date",
        "observation_date",
        "observation_day",
        "target_name",
        "site_id",
        "telescope_id",
    }
)

# Who may see an exposure follows from its files, where it has any.
WHO = ("proposal_id", "public_date")

HOLD = """
    SELECT pg_advisory_xact_lock(%(lock)s, name)
    FROM (SELECT DISTINCT hashtext(name) AS name FROM unnest(%(names)s) AS name ORDER BY 1) AS names
"""


def hold_names(*basenames: str, content: AoContent | None = None) -> None:
    """Let no other transaction write a file that may belong together with these, until this one ends.

    Call it once: names are held in an order, so that nobody waits for another in a ring.
    """
    names = set(basenames)
    for basename in basenames:
        names |= {*_names_of(basename), *filter(None, [raw_key(basename)])}
    if content is not None:
        names |= set(provenance(content.cards))
    with connection.cursor() as cursor:
        cursor.execute(HOLD, {"lock": LOCK, "names": sorted(names)})


def lock_exposures_of(basenames: Iterable[str]) -> list[MuseExposure]:
    """Lock every exposure that a file of one of these names may belong to, in the order of names."""
    found = exposures_of(basenames).order_by("name")
    return list(found.select_for_update(no_key=True))


def exposures_of(basenames: Iterable[str]) -> MuseExposureQuerySet:
    """Exposures that a file of one of these names may belong to."""
    named = list(basenames)
    keys = {key for basename in named if (key := raw_key(basename)) is not None}
    names = {(_names_of(basename) or (basename,))[0] for basename in named}
    wanted = Q(name__in=names) | Q(other_cube__in=named)
    if keys:
        wanted |= Q(pk__in=MuseRaw.objects.filter(key__in=keys).values("exposure"))
    return MuseExposure.objects.filter(wanted)


def locked(basename: str, content: AoContent | None) -> list[MuseExposure]:
    """The same for a file that is about to be written; the exposure that it makes is made if there was none.

    The names are held by the caller.
    """
    if content is not None and content.kind in OF_EXPOSURES:
        name, *others = _names_of(basename) or (basename,)
        new = MuseExposure(name=name, other_cube=others[0] if others else "")
        MuseExposure.objects.bulk_create([new], ignore_conflicts=True)
        if others:
            MuseExposure.objects.filter(name=name, other_cube="").update(other_cube=others[0])
    return lock_exposures_of([basename])


def register_file(version: Version, content: AoContent) -> AoFile:
    """Write what a version of a frame holds; safe to repeat."""
    columns = content.to_plain()
    file, _ = AoFile.objects.update_or_create(version=version, defaults=columns)
    return file


def settle(exposure: MuseExposure, *, at: datetime) -> None:
    """Let a locked exposure say what its files, and people, say together."""
    cube = _cube_of(exposure)
    cards: Mapping[str, Any] = cube.cards if cube else {}
    raws = _linked_raws(exposure, cards)
    fit = _settled_fit(exposure)
    if cube is not None:
        _follow_cube(exposure, cube.version.frame, at=at)
    values = _scalars(cards, raws) | _links(exposure, cube, raws, fit) | _who(cube, raws, fit)
    _write(exposure, values | _target_of(cards))


def settle_all(exposures: Sequence[MuseExposure], *, at: datetime) -> None:
    """Settle locked exposures after some of their files went; those go too that have none left and nobody made."""
    for exposure in exposures:
        if exposure.created_by or _has_files(exposure):
            settle(exposure, at=at)
        else:
            exposure.delete()


def _names_of(basename: str) -> tuple[str, ...]:
    return exposure_names(f"{basename}.fits")


def _newest(files: Iterable[AoFile]) -> AoFile | None:
    return max(files, key=lambda file: (file.version.created, file.version_id), default=None)


def _has_files(exposure: MuseExposure) -> bool:
    """Whether there is a cube or a file of a fit."""
    names = [exposure.name, exposure.other_cube, *(name for kind in FITS for name in fit_names(exposure, kind))]
    files = AoFile.objects.filter(version__frame__basename__in=names, kind__in=OF_EXPOSURES)
    return files.filter(instrument_id=MUSE_ID).exists()


def _files(frames: Q, kind: MuseKind) -> "QuerySet[AoFile]":
    found = AoFile.objects.filter(frames, kind=kind, instrument_id=MUSE_ID)
    unused = ("headers", "tables") if kind is MuseKind.REDUCED else ("headers", "tables", "cards")
    return found.select_related("version__frame").defer(*unused)


def _cube_of(exposure: MuseExposure) -> AoFile | None:
    """Newest version of the cube: by the exposure's own name, else by the other one."""
    for name in filter(None, (exposure.name, exposure.other_cube)):
        versions = _files(Q(version__frame__basename=name), MuseKind.REDUCED)
        found = versions.order_by("-version__created", "-version").first()
        if found is not None:
            return found
    return None


def _files_named(exposure: MuseExposure, kind: MuseKind) -> list[AoFile]:
    """Versions of the files of a fit, in the order in which they came."""
    names = fit_names(exposure, kind)
    found = _files(Q(version__frame__basename__in=names), kind)
    return sorted(found, key=lambda file: (file.version.created, file.version_id))


def fit_names(exposure: MuseExposure, kind: MuseKind) -> tuple[str, ...]:
    """Base names that a file of the exposure's fit may have."""
    return muse_names.fit_names(exposure.name, exposure.other_cube, kind)


def _linked_raws(exposure: MuseExposure, cards: Mapping[str, Any]) -> list[tuple[str, AoFile | None]]:
    """Raw files that the cube names, in its order, with the newest version of those that are there."""
    keys = provenance(cards)
    frames = {frame.basename: frame for frame in Frame.objects.filter(basename__in=keys)}
    by_key: dict[str, list[AoFile]] = {}
    for file in _files(Q(version__frame__basename__in=keys), MuseKind.RAW):
        by_key.setdefault(file.version.frame.basename, []).append(file)
    rows = [
        MuseRaw(exposure=exposure, place=place, key=key, frame=frames[key] if key in by_key else None)
        for place, key in enumerate(keys, start=1)
    ]
    MuseRaw.objects.filter(exposure=exposure, place__gt=len(rows)).delete()
    MuseRaw.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["exposure", "place"], update_fields=["key", "frame"]
    )
    return [(key, _newest(by_key.get(key, []))) for key in keys]


def _settled_fit(exposure: MuseExposure) -> MuseFit | None:
    """Write the fits that follow from all versions of both files, and answer the newest."""
    versions = [(file, kind) for kind in FITS for file in _files_named(exposure, kind)]
    fits: list[MuseFit] = []
    for file, kind in sorted(versions, key=lambda each: (each[0].version.created, each[0].version_id)):
        if not fits or fits[-1].inherited != FITS[kind]:
            fits.append(_next_fit(exposure, fits, kind, at=file.version.created))
        else:
            fits[-1].inherited = ""
        setattr(fits[-1], FITS[kind], file)
    MuseFit.objects.filter(exposure=exposure, number__gt=len(fits)).delete()
    MuseFit.objects.bulk_create(
        fits,
        update_conflicts=True,
        unique_fields=["exposure", "number"],
        update_fields=["prm", "psf", "inherited", "began_at"],
    )
    return fits[-1] if fits else None


def _next_fit(exposure: MuseExposure, fits: Sequence[MuseFit], kind: MuseKind, *, at: datetime) -> MuseFit:
    """A fit that begins with a file of this kind; its other file is that of the fit before, until it comes anew."""
    before = fits[-1] if fits else MuseFit()
    other = "psf" if kind is MuseKind.PRM else "prm"
    return MuseFit(
        exposure=exposure, number=len(fits) + 1, began_at=at, inherited=other, prm=before.prm, psf=before.psf
    )


def _follow_cube(exposure: MuseExposure, cube: Frame, *, at: datetime) -> None:
    """Let the frames of a fit say of its observation, and of who may see it, what their cube says; and report it."""
    names = [name for kind in FITS for name in fit_names(exposure, kind)]
    values = {column: getattr(cube, column) for column in sorted(OF_CUBE)} | {
        "is_listed": cube.observation_date is not None
    }
    frames = Frame.objects.filter(basename__in=names, instrument_id=MUSE_ID, versions__isnull=False)
    stale = list(Frame.objects.filter(pk__in=frames.exclude(**values).values("pk")).order_by("basename"))
    for frame in stale:
        Frame.objects.filter(pk=frame.pk).update(**values, modified_at=at)
        events.record_event(EventName.FRAME_UPDATED, frame=frame, body={"frameid": frame.pk}, at=at)


def _scalars(cards: Mapping[str, Any], raws: Sequence[tuple[str, AoFile | None]]) -> dict[str, Any]:
    """Numbers of the summary; each is of the exposure's own header, or null."""
    found = summary_of(cards, *(file.strehl_sums for _, file in raws if file is not None))
    values = {name: getattr(found, name) for name in found.__slots__ if name != "strehl"}
    values |= {f"strehl_{laser}": found.strehl[laser] for laser in LASERS}
    block = cards.get("ESO OBS ID")
    values["ins_mode"] = str(cards.get("ESO INS MODE") or "").strip()[:32]
    values["obs_id"] = (
        block if isinstance(block, int) and not isinstance(block, bool) and abs(block) < 1 << 63 else None
    )
    return values


def _links(
    exposure: MuseExposure,
    cube: AoFile | None,
    raws: Sequence[tuple[str, AoFile | None]],
    fit: MuseFit | None,
) -> dict[str, Any]:
    prm, psf = (fit.prm, fit.psf) if fit else (None, None)
    missing = muse_names.missing_of(
        exposure.name,
        raws={key: file is not None for key, file in raws} if cube else None,
        has_prm=prm is not None,
        has_psfpars=prm is not None and PARAMETERS in table_names(prm),
        has_psf=psf is not None,
    )
    return {
        "cube": cube.version.frame if cube else None,
        "observed_at": cube.version.frame.observation_date if cube else None,
        "missing": missing,
        "is_complete": not missing,
        "n_sources": sum(map(is_source, table_names(psf))) if psf else None,
    }


def table_names(file: AoFile) -> list[str]:
    """Names of a file's tables, without their layouts."""
    found = AoFile.objects.filter(pk=file.pk).annotate(name=Func("tables", function="jsonb_object_keys"))
    return list(found.values_list("name", flat=True))


def _who(cube: AoFile | None, raws: Sequence[tuple[str, AoFile | None]], fit: MuseFit | None) -> dict[str, Any]:
    """Whose it is, if all of its files are of one proposal, and when it becomes public: when all of its files are.

    Nothing where it has no file.
    """
    files = [cube, *(file for _, file in raws), *((fit.prm, fit.psf) if fit and cube is None else ())]
    frames = [file.version.frame for file in files if file is not None]
    if not frames:
        return {}
    dates = [frame.public_date for frame in frames]
    known = [date for date in dates if date is not None]
    proposals = {frame.proposal_id for frame in frames if frame.proposal_id}
    return {
        "proposal_id": proposals.pop() if len(proposals) == 1 else "",
        "public_date": max(known) if known and len(known) == len(dates) else None,
    }


def _target_of(cards: Mapping[str, Any]) -> dict[str, Any]:
    """The target that a header names; none where it names none."""
    texts = (str(cards.get(key) or "") for key in TARGET_KEYS)
    name = next(filter(muse_targets.key_of, texts), "")
    return {"target": muse_targets.named(name) if name else None}


def _write(exposure: MuseExposure, values: Mapping[str, Any]) -> None:
    """Write what follows from the files, and over it what people said."""
    by_files = WHO if "proposal_id" in values else ()
    said = {
        column: field_of(column).to_python(value)
        for column, value in exposure.said.items()
        if column not in {"target", *by_files}
    }
    values = {"proposal_id": "", "public_date": None, **values, **said}
    if "target" in exposure.said:
        values.pop("target")
    if "seeing_los_arcsec" not in said:
        values["seeing_los_arcsec"] = seeing_los(values["seeing_arcsec"], values["airmass"])
    for column, value in values.items():
        setattr(exposure, column, value)
    exposure.save()


def field_of(column: str) -> Any:
    return MuseExposure._meta.get_field(column)  # noqa: SLF001 - a documented interface
