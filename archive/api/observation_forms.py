"""How observations, nights and what was made of them look in JSON."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.urls import reverse
from rest_framework.request import Request

from archive.api.representations import links_of
from archive.domain.observing import ObservationRow
from archive.domain.observing_nights import Night, NightSummary
from archive.domain.progress import Progress
from archive.domain.reduced import Reduction, WholeProduct, bytes_of
from archive.domain.seeing import NightSeeing, mean_of, median_of
from archive.models import Observation, ProductFile

OBSERVATION_COLUMNS = (
    "name",
    "proposal_id",
    "target_name",
    "alternative_names",
    "camera",
    "primary_optical_element",
    "marker",
    "observed_at",
    "night",
    "public_date",
    "telescope_id",
    "exposure_time",
    "magnitude",
)
PLACE_COLUMNS = ("altitude_deg", "azimuth_deg", "signal_class", "comment", "modified_at")
PRODUCT_COLUMNS = (
    "kind",
    "subject",
    "night",
    "state",
    "reason",
    "error",
    "attempts",
    "algorithm",
    "version",
    "fingerprint",
    "parameters",
    "values",
    "created_at",
    "started_at",
    "finished_at",
)
INPUT_FACTS = ("name", "role", "sha256")
ATTEMPT_COLUMNS = ("lease", "worker", "forced_by", "forced_reason", "started_at", "finished_at", "error")
SEEING_COLUMNS = (
    "observed_at",
    "primary_optical_element",
    "exposure_time",
    "fwhm_arcsec",
    "fwhm_error_arcsec",
    "fwhm_y_arcsec",
    "fwhm_x_arcsec",
    "zenith_500nm_arcsec",
    "model",
    "measured_at",
)


class Forms:
    """Forms for the answer to one request, with its links."""

    def __init__(self, request: Request) -> None:
        self._links = links_of(request)
        self._base = request.build_absolute_uri("/").rstrip("/")

    def observation(self, row: ObservationRow) -> dict[str, Any]:
        """One of a list."""
        observation = row.observation
        return {
            **_columns(observation, OBSERVATION_COLUMNS),
            **_place(observation),
            **_columns(observation, PLACE_COLUMNS),
            "seeing": self._seeing_of(row),
            "products": [
                {
                    "kind": each.kind,
                    "state": each.state,
                    "reason": each.reason,
                    "error": each.error,
                    "attempts": each.attempts,
                    "finished_at": each.finished_at,
                }
                for each in row.products
            ],
            "strehl": [{"kind": each.kind, **each.values} for each in row.strehls],
            "previews": [
                {
                    "kind": each.kind,
                    "role": each.role,
                    "filename": each.filename,
                    "url": self._links.to(each.store, each.path, each.version_id),
                }
                for each in row.previews
            ],
            "address": self._address("observation", observation.name),
        }

    def reduction(self, found: Reduction) -> dict[str, Any]:
        """One observation by itself: products whole, raw files, relations."""
        return {
            **self.observation(found.row),
            "products": [self.product(each) for each in found.products],
            "raw_files": [self._raw_file(found, number) for number in range(len(found.raw_files))],
            "relations": [relation._asdict() for relation in found.relations],
        }

    def product(self, found: WholeProduct) -> dict[str, Any]:
        """One product with its files; its attempts where they were asked for."""
        inputs = [{name: each.get(name) for name in INPUT_FACTS} for each in found.product.inputs]
        answer = {**_columns(found.product, PRODUCT_COLUMNS), "inputs": inputs, "files": self._files(found)}
        if found.history is not None:
            answer["history"] = [_columns(attempt, ATTEMPT_COLUMNS) for attempt in found.history]
        return answer

    def summary(self, found: NightSummary) -> dict[str, Any]:
        """One night of a list."""
        return {
            "night": found.night,
            "n_observations": sum(each.n_observations for each in found.programmes.values()),
            "programmes": [
                {
                    "proposal_id": proposal_id,
                    "n_observations": each.n_observations,
                    "signal_classes": each.by_class,
                    "products": each.by_state,
                }
                for proposal_id, each in found.programmes.items()
            ],
            "seeing": _statistics(found.seeing),
            "address": self._address("night", found.night.isoformat()),
        }

    def night(self, found: Night) -> dict[str, Any]:
        """One night by itself."""
        figures = {each.product.pk: self._files(each) for each in found.products}
        subjects = {each.product.pk: each.product.subject for each in found.products}
        return {
            "night": found.night,
            "n_observations": len(found.observations),
            "programmes": [
                {"proposal_id": proposal_id, "observations": [self.observation(row) for row in rows]}
                for proposal_id, rows in found.by_programme().items()
            ],
            "failed": [
                {
                    "subject": each.subject,
                    "proposal_id": each.proposal_id,
                    "kind": each.kind,
                    "error": each.error,
                    "attempts": each.attempts,
                }
                for each in found.failures()
            ],
            "seeing": {
                **_statistics(found.seeing),
                "measurements": [
                    {"subject": subjects[each.pk], **_columns(each, SEEING_COLUMNS), "files": figures[each.pk]}
                    for each in found.measurements
                ],
            },
            "calibrations": [self.product(each) for each in found.calibrations],
            "plots": [self.product(each) for each in found.plots],
            "progress": self._address("night-progress", found.night.isoformat()),
        }

    def _files(self, found: WholeProduct) -> list[dict[str, Any]]:
        observation = found.product.observation_id is not None
        return [self._file(file, found, with_address=observation) for file in found.files]

    def _file(self, file: ProductFile, found: WholeProduct, *, with_address: bool) -> dict[str, Any]:
        answer = {
            "role": file.role,
            "filename": file.filename,
            "size_bytes": file.size_bytes,
            "sha256": file.sha256,
            "frame": None if file.version is None else file.version.frame_id,
            "url": self._links.to_object(bytes_of(file)),
        }
        if with_address:
            product = found.product
            answer["address"] = self._address("observation-file", product.subject, product.kind, file.role)
        return answer

    def _raw_file(self, found: Reduction, number: int) -> dict[str, Any]:
        raw = found.raw_files[number]
        version = found.versions.get(raw.frame_id)
        return {
            "frame": raw.frame_id,
            "basename": raw.frame.basename,
            "filename": None if version is None else raw.frame.basename + version.extension,
            "file_number": raw.file_number,
            "observed_at": raw.observed_at,
            "detector_mode": raw.detector_mode,
            "size_bytes": None if version is None else version.object.size_bytes,
            "url": None if version is None else self._links.to_object(version.object),
        }

    def _seeing_of(self, row: ObservationRow) -> dict[str, Any]:
        nearest = row.seeing.nearest(row.observation.observed_at)
        return {
            **_statistics(row.seeing),
            "nearest_arcsec": None if nearest is None else nearest.fwhm_arcsec,
            "nearest_at": None if nearest is None else nearest.at,
        }

    def _address(self, name: str, *parts: str) -> str:
        return self._base + reverse(name, args=parts)


def progress_form(night: date, found: Progress) -> dict[str, Any]:
    """How far a night is: numbers of products in each state, together and by kind."""
    states: Counter[str] = Counter()
    for counts in found.by_kind.values():
        states.update(counts)
    return {"night": night, "total": found.total, "open": found.open, "states": states, "kinds": found.by_kind}


def _columns(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _place(observation: Observation) -> dict[str, float | None]:
    point = observation.position
    if point is None:
        return {"ra_deg": None, "dec_deg": None}
    return {"ra_deg": point.x if point.x >= 0.0 else (point.x + 360.0) % 360.0, "dec_deg": point.y}


def _statistics(seeing: NightSeeing) -> dict[str, Any]:
    return {
        "n": len(seeing.measurements),
        "median_arcsec": median_of(seeing.widths_arcsec),
        "mean_arcsec": mean_of(seeing.widths_arcsec),
        "median_zenith_500nm_arcsec": median_of(seeing.zenith_widths_arcsec),
        "mean_zenith_500nm_arcsec": mean_of(seeing.zenith_widths_arcsec),
    }
