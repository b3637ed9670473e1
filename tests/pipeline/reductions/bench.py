"""Reductions run by hand on a folder of raw files: the jobs that the machine would give them, and what they made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from archive.enums import ProductKind, RawKind
from archive.models import Observation
from ingest.checksums import digest_of
from ingest.headers import roboao
from ingest.headers.installations import installation_at
from ingest.roboao_names import RawName, raw_name
from pipeline.graph import GRAPH
from pipeline.needs import _optics
from pipeline.reductions.job import Input, Job, Made
from tests.pipeline.reductions.simulated import first_header


@dataclass
class Bench:
    """What was made is kept and handed on; each product is made once unless it is asked for `anew`."""

    raws: Path
    folder: Path
    made: dict[tuple[ProductKind, str], Made] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def make(self, kind: ProductKind, subject: str) -> Made:
        if (kind, subject) not in self.made:
            self.made[kind, subject] = self.anew(kind, subject)
        return self.made[kind, subject]

    def anew(self, kind: ProductKind, subject: str, **changes: Any) -> Made:
        made: Made = import_string(GRAPH[kind].make)(replace(self.job(kind, subject), **changes))
        return made

    def job(self, kind: ProductKind, subject: str) -> Job:
        step = GRAPH[kind]
        raws = self.raws_of(subject)
        name = raw_name(raws[0].name.removesuffix(".fits.bz2"))
        assert name is not None
        installation = installation_at(settings.INSTALLATIONS, instrument_id="roboao", at=name.observed_at)
        assert installation is not None
        inputs = [self._raw_input(path) for path in raws] if step.takes_raws else []
        inputs += [self._master(each.kind, name, raws[0]) for each in step.masters]
        for each in step.upstream:
            inputs += self._upstream(each.kind, each.roles, subject)
        folder = self.folder / str(len(list(self.folder.iterdir())))
        folder.mkdir()
        return Job(
            kind=kind,
            subject=subject,
            night=name.night,
            observation=_observation(name, raws[0]) if name.kind is RawKind.SCIENCE else None,
            installation=installation,
            inputs=tuple(inputs),
            parameters={**step.parameters, "installation": _optics(installation), **self.parameters},
            algorithm=step.algorithm,
            version=step.version,
            fingerprint=f"{len(inputs):064x}",
            folder=folder,
        )

    def raws_of(self, subject: str) -> list[Path]:
        masters = self.raws.glob(f"{subject}_*.fits.bz2") if subject.startswith(("dark", "flat")) else ()
        found = list(masters) or [self.raws / f"{subject}.fits.bz2", *self.raws.glob(f"{subject}_[0-9]*.fits.bz2")]
        return sorted(found, key=lambda path: (len(path.name), path.name))

    def _raw_input(self, path: Path) -> Input:
        name = raw_name(path.name.removesuffix(".fits.bz2"))
        assert name is not None
        values = {
            "file_number": name.file_number,
            "observed_at": name.observed_at.isoformat(),
            "camera": name.camera,
            "primary_optical_element": name.filter_name,
            "detector_mode": roboao.detector_mode(name, first_header(path)),
            "exposure_time": roboao.facts_of(first_header(path)).exposure_time,
        }
        return Input(path.name, digest_of(path).sha256, "raw", path, values)

    def _master(self, kind: ProductKind, name: RawName, raw: Path) -> Input:
        what = roboao.detector_mode(name, first_header(raw)) if kind is ProductKind.DARK else name.filter_name
        (file,) = self.make(kind, f"{kind}_{what}").files
        return Input(file.filename, digest_of(file.path).sha256, kind.value, file.path)

    def _upstream(self, kind: ProductKind, roles: tuple[str, ...], subject: str) -> list[Input]:
        made = self.make(kind, subject)
        files = {file.role: file for file in made.files}
        values = dict(made.values)
        if made.signal_class is not None:
            values["signal_class"] = made.signal_class.value
        handed = [
            Input(files[role].filename, digest_of(files[role].path).sha256, role, files[role].path) for role in roles
        ]
        return [*handed, Input(f"{kind.value} values", "0" * 64, "values", None, values)]


def _observation(name: RawName, raw: Path) -> Observation:
    return Observation(
        name=name.exposure,
        target_name=name.target,
        camera=name.camera,
        primary_optical_element=name.filter_name,
        observed_at=name.observed_at,
        night=name.night,
    )
