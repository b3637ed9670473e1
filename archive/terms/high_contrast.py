"""Terms of the PSF library, of limits of contrast and of companions; all must hold."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F
from django_filters import rest_framework as filters

from archive.enums import OF_REFERENCES
from archive.models import Companion, ContrastCurve, Product
from archive.terms.fields import FlagFilter
from archive.terms.observations import OfObservationFilter
from archive.terms.ranges import both

PCA_KINDS = [(kind.value, kind.value) for kind in OF_REFERENCES]


class CandidateFilter(OfObservationFilter):
    """Terms of /psf-library/, on candidates as `archive.domain.psf_candidates` has them."""

    telescope_id = filters.CharFilter("observation__telescope_id", help_text="Telescope")
    in_library = FlagFilter(
        method="filter_in_library", help_text="true: those that are in the library; false: those that are not"
    )
    outdated = FlagFilter(method="filter_outdated", help_text="true: those of which the library holds an older image")

    class Meta:
        model = Product
        fields: Sequence[str] = ()

    def filter_in_library(self, queryset: Any, name: str, value: bool) -> Any:  # noqa: ARG002, FBT001 - django-filter's signature
        return queryset.filter(member_sha256__isnull=not value)

    def filter_outdated(self, queryset: Any, name: str, value: bool) -> Any:  # noqa: ARG002, FBT001 - django-filter's signature
        held = queryset.filter(member_sha256__isnull=False)
        return held.exclude(member_sha256=F("image_sha256")) if value else held.filter(member_sha256=F("image_sha256"))


class ContrastFilter(OfObservationFilter):
    """Terms of /quality/contrast/."""

    kind = filters.ChoiceFilter(field_name="product__kind", choices=PCA_KINDS, help_text="Of which stack")
    limit_0p5_min, limit_0p5_max = both("delta_mag_0p5", "Limit at 0.5 arcsec, mag")
    limit_1p0_min, limit_1p0_max = both("delta_mag_1p0", "Limit at 1 arcsec, mag")
    library_version = filters.CharFilter("library_version", help_text="Version of the PSF library")

    class Meta:
        model = ContrastCurve
        fields: Sequence[str] = ()


class CompanionFilter(OfObservationFilter):
    """Terms of /quality/companions/."""

    kind = filters.ChoiceFilter(field_name="product__kind", choices=PCA_KINDS, help_text="Of which stack")
    separation_min, separation_max = both("separation_arcsec", "Distance from the star, arcsec")
    delta_mag_min, delta_mag_max = both("delta_mag", "Fainter than the star by so much, mag")
    t_min, t_max = both("t", "How far it stands out of its ring: Student's t")

    class Meta:
        model = Companion
        fields: Sequence[str] = ()
