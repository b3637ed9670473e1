"""Frames in the database, made through the archive's own door for rows; observations and what is made of them."""

import itertools
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.db import transaction

from archive.domain.frames import NewVersion, register_frame
from archive.domain.objects import NewObject, object_row
from archive.enums import ProductKind, ProductState, RawKind, SignalClass
from archive.models import (
    Companion,
    ContrastCurve,
    Frame,
    Observation,
    Product,
    ProductFile,
    RawFile,
    SeeingMeasurement,
    StrehlMeasurement,
    sky,
)
from ingest.checksums import digest_of
from ingest.headers.record import FrameRecord
from ingest.stores.base import FileStore, Upload
from ingest.stores.keys import key_for

COUNTER = itertools.count(1)
OBSERVED_AT = datetime(2025, 3, 10, 1, 8, 31, tzinfo=UTC)
AO_OBSERVED_AT = datetime(2016, 9, 25, 2, 0, 7, 40912, tzinfo=UTC)
FITS_ROLES = frozenset({"stack", "stack50", "stack10", "simple_sum", "master", "psf", "residual", "snr"})


@dataclass
class FrameFactory:
    """`frame_factory(site_id="cpt", public_date=None, content=b"…")` gives a frame with bytes in the store."""

    store: FileStore
    defaults: dict[str, Any] = field(
        default_factory=lambda: {
            "extension": ".fits.fz",
            "observation_date": OBSERVED_AT,
            "observation_day": date(2025, 3, 9),
            "public_date": datetime(2026, 3, 10, tzinfo=UTC),
            "configuration_type": "EXPOSE",
            "proposal_id": "PROP001",
            "site_id": "lsc",
            "telescope_id": "1m0a",
            "instrument_id": "fa15",
            "target_name": "M 51",
            "primary_optical_element": "rp",
            "exposure_time": 60.0,
            "headers": {"OBJECT": "M 51", "SITEID": "lsc"},
        }
    )

    def __call__(self, *, content: bytes | None = None, versions: int = 1, **changes: Any) -> Frame:
        number = next(COUNTER)
        values = {"basename": f"lsc1m005-fa15-20250309-{number:04d}-e00", **self.defaults, **changes}
        record = FrameRecord(**values)
        new = [self._stored(record, content or f"bytes {number} {turn}".encode()) for turn in range(versions)]
        with transaction.atomic():
            return register_frame(record=record, versions=new, at=OBSERVED_AT).frame

    def _stored(self, record: FrameRecord, content: bytes) -> NewVersion:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "file")
            path.write_bytes(content)
            digest = digest_of(path)
            stored = self.store.put(path, Upload(key_for(record), digest, "image/fits"))
        new = NewObject(self.store.name, stored.path, stored.version_id, digest.md5, digest)
        return NewVersion(new, record.extension)


@dataclass
class AOFactory:
    """One method per model of the adaptive-optics camera. Nothing is computed: the values are the caller's.

    `ao.observation(proposal_id="4", public_date=None)`, `ao.product(observation, kind=…)`, `ao.file(product, "stack")`.
    """

    frames: FrameFactory

    def observation(self, **changes: Any) -> Observation:
        """An observation of programme PROP001, named after itself; `ra_deg` and `dec_deg` say where it pointed."""
        number = next(COUNTER)
        observed_at = changes.get("observed_at", AO_OBSERVED_AT + timedelta(milliseconds=number))
        values: dict[str, Any] = {
            "proposal_id": "PROP001",
            "target_name": "351_Yrsa",
            "camera": "VIC",
            "primary_optical_element": "Si",
            "marker": "o",
            "observed_at": observed_at,
            "night": observed_at.date(),
            "public_date": datetime(2017, 9, 25, tzinfo=UTC),
            "telescope_id": "kpno-2.1m",
            "exposure_time": 90.0,
            "magnitude": 11.5,
            "altitude_deg": 60.0,
            "azimuth_deg": 180.0,
            "signal_class": SignalClass.HIGH_FLUX,
        } | changes
        ra_deg, dec_deg = values.pop("ra_deg", 300.0), values.pop("dec_deg", 20.0)
        if ra_deg is not None:
            values["position"] = sky.point_of(ra_deg, dec_deg)
        time = f"{observed_at:%Y%m%d_%H%M%S}.{observed_at.microsecond:06d}"
        name = f"4.1_{values['target_name']}_{values['camera']}_{values['primary_optical_element']}_o_{time}"
        return Observation.objects.create(**{"name": name, **values})

    def raw_file(self, observation: Observation, *, file_number: int = 0, **of_frame: Any) -> RawFile:
        """A raw file of an observation, whose frame obeys the same rule."""
        who = {"proposal_id": observation.proposal_id, "public_date": observation.public_date}
        frame = self.frames(**{"extension": ".fits.bz2", **who, **of_frame})
        # Named afterwards: by that name the intake would make an observation of its own.
        frame.basename = observation.name if not file_number else f"{observation.name}_{file_number - 1}"
        frame.save(update_fields=["basename"])
        return RawFile.objects.create(
            frame=frame,
            kind=RawKind.SCIENCE,
            observation=observation,
            file_number=file_number,
            night=observation.night,
            observed_at=observation.observed_at,
            camera=observation.camera,
            primary_optical_element=observation.primary_optical_element,
            detector_mode="1",
        )

    def product(
        self,
        observation: Observation | None = None,
        *,
        kind: ProductKind = ProductKind.BRIGHT,
        state: ProductState = ProductState.DONE,
        **changes: Any,
    ) -> Product:
        """A product of an observation, or of a night (`night`, `subject`)."""
        number = next(COUNTER)
        of_whom: dict[str, Any] = {"subject": f"exposure-{number}", "night": AO_OBSERVED_AT.date()}
        if observation is not None:
            of_whom = {"observation": observation, "subject": observation.name, "night": observation.night}
        values = {
            "fingerprint": "" if state == ProductState.PENDING else sha256(f"{number}".encode()).hexdigest(),
            "algorithm": kind.value,
            "version": "1",
            "not_before": AO_OBSERVED_AT,
            "created_at": AO_OBSERVED_AT,
            "error": "no star was found in the image." if state == ProductState.FAILED else "",
            "lease_until": AO_OBSERVED_AT if state == ProductState.RUNNING else None,
            "is_current": state != ProductState.STALE,
        }
        return Product.objects.create(**{**of_whom, **values, "kind": kind, "state": state, **changes})

    def file(
        self, product: Product, role: str, *, content: bytes = b"", filename: str = "", **of_frame: Any
    ) -> ProductFile:
        """A file of a product: a frame's version for the roles of FITS files, else bytes of the store."""
        content = content or f"{role} {next(COUNTER)}".encode()
        facts = {"role": role, "sha256": sha256(content).hexdigest(), "size_bytes": len(content)}
        if role in FITS_ROLES:
            of = product.observation
            who = {} if of is None else {"proposal_id": of.proposal_id, "public_date": of.public_date}
            frame = self.frames(**{"content": content, "extension": ".fits", **who, **of_frame})
            filename = filename or f"{frame.basename}.fits"
            return ProductFile.objects.create(product=product, version=frame.versions.get(), filename=filename, **facts)
        filename = filename or f"{product.subject}_{role}{'.json' if role == 'product' else '.png'}"
        stored = object_row(self._put(f"archive/products/{product.pk}/{filename}", content), at=AO_OBSERVED_AT)
        stored.save()
        return ProductFile.objects.create(product=product, object=stored, filename=filename, **facts)

    def strehl(self, product: Product, **changes: Any) -> StrehlMeasurement:
        """What a product measured of its observation."""
        values = {
            "strehl_ratio": 0.18,
            "strehl_error": 0.01,
            "core_arcsec": 0.085,
            "halo_arcsec": 0.3,
            "fwhm_arcsec": 0.1,
            "signal_to_noise": 250.0,
            "flag": "OK",
            "y_px": 1023.5,
            "x_px": 1024.25,
            "measured_at": AO_OBSERVED_AT,
        }
        of = {"product": product, "observation": product.observation}
        return StrehlMeasurement.objects.create(**{**of, **values, **changes})

    def contrast(self, product: Product, **changes: Any) -> ContrastCurve:
        """Limits of contrast that a product found for its observation."""
        values = {
            "separations_arcsec": [0.2, 0.5, 1.0],
            "delta_mags": [2.9, 4.7, None],
            "throughputs": [0.8, 0.9, None],
            "thresholds": [6.7, 5.6, 5.4],
            "sigma": 5.0,
            "fwhm_arcsec": 0.083,
            "delta_mag_0p5": 4.7,
            "delta_mag_1p0": None,
            "component_count": 3,
            "reference_count": 40,
            "library_version": "0" * 64,
            "measured_at": AO_OBSERVED_AT,
        }
        of = {"product": product, "observation": product.observation}
        return ContrastCurve.objects.create(**{**of, **values, **changes})

    def companion(self, product: Product, **changes: Any) -> Companion:
        """Something that a product found beside the star of its observation."""
        values = {
            "number": 1,
            "separation_arcsec": 0.9,
            "separation_error_arcsec": 0.002,
            "position_angle_deg": 128.0,
            "position_angle_error_deg": 0.2,
            "delta_mag": 2.5,
            "delta_mag_error": 0.05,
            "t": 40.0,
            "threshold": 5.5,
            "y_px": -31.5,
            "x_px": -40.3,
        }
        of = {"product": product, "observation": product.observation}
        return Companion.objects.create(**{**of, **values, **changes})

    def candidate(self, observation: Observation, **of_frame: Any) -> Product:
        """An observation's star, cut out."""
        product = self.product(observation, kind=ProductKind.BRIGHT_PSF)
        self.file(product, "psf", **of_frame)
        self.file(product, "picture")
        return product

    def seeing(self, product: Product | None = None, **changes: Any) -> SeeingMeasurement:
        """Seeing from one exposure of a night, with a product of its own unless one is given."""
        observed_at = changes.get("observed_at", AO_OBSERVED_AT + timedelta(milliseconds=next(COUNTER)))
        product = product or self.product(kind=ProductKind.SEEING, night=observed_at.date())
        values = {
            "night": product.night,
            "observed_at": observed_at,
            "primary_optical_element": "Si",
            "exposure_time": 10.0,
            "fwhm_arcsec": 1.2,
            "fwhm_error_arcsec": 0.02,
            "fwhm_y_arcsec": 1.25,
            "fwhm_x_arcsec": 1.15,
            "zenith_500nm_arcsec": 1.1,
            "model": "moffat",
            "measured_at": observed_at,
        }
        return SeeingMeasurement.objects.create(**{"product": product, **values, **changes})

    def _put(self, path: str, content: bytes) -> NewObject:
        store = self.frames.store
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder, "file")
            local.write_bytes(content)
            digest = digest_of(local)
            stored = store.put(local, Upload(path, digest, "application/octet-stream"))
        return NewObject(store.name, stored.path, stored.version_id, digest.md5, digest)
