"""MUSE's targets and exposures as answers give them."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from archive.domain import muse_views
from archive.domain.muse_editing import SCALARS
from archive.models import AoFile, MuseExposure, MuseFit, MuseTarget

LARGE = ("cards", "headers", "tables", "strehl_sums")  # columns of a file that no form needs
OWN_COLUMNS = (
    "id",
    "name",
    "proposal_id",
    "public_date",
    "observed_at",
    "ins_mode",
    "obs_id",
    *SCALARS,
    "n_sources",
    "is_complete",
    "missing",
    "comment",
    "modified_at",
)


class TargetNameSchema(serializers.Serializer[Any]):
    """The target of an exposure."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class MuseExposureSchema(serializers.ModelSerializer[MuseExposure]):
    """An exposure, without arrays."""

    target = TargetNameSchema(allow_null=True, help_text="null: no header names one, and nobody said it")
    address = serializers.CharField(help_text="The exposure by itself")

    class Meta:
        model = MuseExposure
        fields = (*OWN_COLUMNS[:2], "target", *OWN_COLUMNS[2:], "address")


class MuseFileSchema(serializers.Serializer[Any]):
    """A file that an exposure is linked with."""

    frame = serializers.IntegerField(help_text="Id of its frame")
    filename = serializers.CharField()
    key = serializers.CharField(help_text="Version of its bytes, as the store names it")
    md5 = serializers.CharField()
    sha256 = serializers.CharField(allow_null=True)
    size_bytes = serializers.IntegerField(allow_null=True)


class MuseRawSchema(serializers.Serializer[Any]):
    """A raw file that the cube was made of."""

    place = serializers.IntegerField(help_text="1 for PROV1, and on: ?raw= of the view data")
    key = serializers.CharField(help_text="Its name, as the cube has it")
    frame = serializers.IntegerField(allow_null=True, help_text="Id of its frame; null: it is not here yet")


class MuseFitSchema(serializers.Serializer[Any]):
    """One fit of the PSF."""

    number = serializers.IntegerField(help_text="?fit= of the views psfParams and sources; the highest is shown")
    began_at = serializers.DateTimeField(help_text="When its first file came, UTC")
    prm = MuseFileSchema(allow_null=True)
    psf = MuseFileSchema(allow_null=True)
    inherited = serializers.CharField(help_text="prm or psf: that file is of the fit before, or yet to come")


class MuseAloneSchema(MuseExposureSchema):
    """An exposure by itself; `?views=` puts data, psfParams and sources beside these."""

    cube = MuseFileSchema(allow_null=True)
    raws = MuseRawSchema(many=True)
    fits = MuseFitSchema(many=True, help_text="Newest first")
    source_names = serializers.ListField(child=serializers.CharField(), help_text="Sources of the newest fit")
    said = serializers.JSONField(help_text="Columns that a person set by hand, and their values")
    created_by = serializers.CharField(help_text="Who made it by hand; else empty")

    class Meta(MuseExposureSchema.Meta):
        fields = (*MuseExposureSchema.Meta.fields, "cube", "raws", "fits", "source_names", "said", "created_by")  # type: ignore[assignment] # more of them


class MuseTargetSchema(serializers.Serializer[Any]):
    """A target, under its one name."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField(), help_text="Other names that mean it")
    comment = serializers.CharField()
    exposure_count = serializers.IntegerField(help_text="How many of its exposures you may see")
    address = serializers.CharField(help_text="The target by itself")


def exposure_form(row: MuseExposure) -> dict[str, Any]:
    """One row of a list."""
    target = None if row.target is None else {"id": row.target.pk, "name": row.target.name}
    found = {name: getattr(row, name) for name in OWN_COLUMNS}
    return {**found, "target": target, "address": reverse("muse-exposure", args=[row.name])}


def alone_form(row: MuseExposure, cube: AoFile | None) -> dict[str, Any]:
    """An exposure with what it is linked with: four statements more."""
    fits = row.fits.select_related("prm__version__object", "prm__version__frame")
    fits = fits.select_related("psf__version__object", "psf__version__frame").order_by("-number")
    found = list(fits.defer(*(f"{part}__{column}" for part in ("prm", "psf") for column in LARGE)))
    return {
        **exposure_form(row),
        "cube": _file_form(cube),
        "raws": [{"place": raw.place, "key": raw.key, "frame": raw.frame_id} for raw in row.raws.order_by("place")],
        "fits": [_fit_form(fit) for fit in found],
        "source_names": muse_views.source_names(found[0]) if found else [],
        "said": row.said,
        "created_by": row.created_by,
    }


def target_form(row: MuseTarget) -> dict[str, Any]:
    """One row of a list; its names are prefetched and its exposures counted."""
    return {
        "id": row.pk,
        "name": row.name,
        "aliases": sorted(name.name for name in row.names.all() if name.name != row.name),
        "comment": row.comment,
        "exposure_count": getattr(row, "exposure_count"),  # noqa: B009 - an annotation
        "address": reverse("muse-target", args=[row.pk]),
    }


def _fit_form(fit: MuseFit) -> dict[str, Any]:
    return {
        "number": fit.number,
        "began_at": fit.began_at,
        "prm": _file_form(fit.prm),
        "psf": _file_form(fit.psf),
        "inherited": fit.inherited,
    }


def _file_form(file: AoFile | None) -> dict[str, Any] | None:
    if file is None:
        return None
    version = file.version
    return {
        "frame": version.frame_id,
        "filename": version.frame.basename + version.extension,
        "key": version.object.version_id,
        "md5": version.md5,
        "sha256": version.object.sha256,
        "size_bytes": version.object.size_bytes,
    }
