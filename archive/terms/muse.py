"""Terms of the lists of MUSE's targets and exposures; all must hold."""

from collections.abc import Sequence
from typing import cast

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import QueryDict
from django_filters import rest_framework as filters

from archive.domain import muse_targets
from archive.models import AoFile, MuseExposure, MuseExposureQuerySet, MuseFit, MuseRaw, MuseTarget, MuseTargetName
from archive.terms.cards import HEADER_SAYS, card_terms
from archive.terms.fields import BIG_INTEGER, FlagFilter, InstantFilter, IntegerFilter
from archive.terms.ranges import both
from ingest.muse_names import MuseKind
from ingest.names import parted


class MuseExposureFilter(filters.FilterSet):
    """Terms of /muse/exposures/."""

    target = filters.CharFilter(method="filter_target", help_text="Name or alias of the target, in any spelling")
    target_id = IntegerFilter("target", within=BIG_INTEGER, help_text="The target's number")
    name = filters.CharFilter("name", "icontains", help_text="Part of the exposure's name, in any case")
    file = filters.CharFilter(method="filter_file", help_text="Name of one of its files, with extension or without")
    proposal_id = filters.CharFilter("proposal_id", help_text="Proposal")
    ins_mode = filters.CharFilter(method="filter_mode", help_text="Mode, or several with commas between")
    start = InstantFilter("observed_at", "gte", help_text="Observed at or after, UTC")
    end = InstantFilter("observed_at", "lte", help_text="Observed at or before, UTC")
    obs_id = IntegerFilter("obs_id", within=BIG_INTEGER, help_text="Observation block")
    is_complete = FlagFilter("is_complete", help_text="true: cube, fit, sources and every raw file are there")
    missing = filters.CharFilter(method="filter_missing", help_text="This file or keyword is missing")
    n_sources_min, n_sources_max = both("n_sources", "Sources in the newest fit")
    seeing_arcsec_min, seeing_arcsec_max = both("seeing_arcsec", "Seeing at the zenith, arcsec")
    airmass_min, airmass_max = both("airmass", "Airmass")
    seeing_los_arcsec_min, seeing_los_arcsec_max = both("seeing_los_arcsec", "Seeing along the line of sight, arcsec")
    tau0_s_min, tau0_s_max = both("tau0_s", "Coherence time, s")
    ground_layer_fraction_min, ground_layer_fraction_max = both(
        "ground_layer_fraction", "Ground-layer fraction, 0 to 1"
    )
    guide_star_flux_min, guide_star_flux_max = both("guide_star_flux", "Flux of the guide star, as the header has it")
    strehl_1_min, strehl_1_max = both("strehl_1", "Strehl ratio of laser 1, 0 to 1")
    strehl_2_min, strehl_2_max = both("strehl_2", "Strehl ratio of laser 2, 0 to 1")
    strehl_3_min, strehl_3_max = both("strehl_3", "Strehl ratio of laser 3, 0 to 1")
    strehl_4_min, strehl_4_max = both("strehl_4", "Strehl ratio of laser 4, 0 to 1")
    is_tip_tilt_closed = FlagFilter("is_tip_tilt_closed", help_text="The tip-tilt loop was closed")
    is_degraded = FlagFilter("is_degraded", help_text="A laser was simulated")
    header = filters.CharFilter(
        method="filter_header", help_text=f"A card of the cube's header; repeatable. {HEADER_SAYS}"
    )

    class Meta:
        model = MuseExposure
        fields: Sequence[str] = ()

    def filter_target(self, queryset: MuseExposureQuerySet, name: str, value: str) -> MuseExposureQuerySet:  # noqa: ARG002 - django-filter's signature
        key = muse_targets.key_of(value)
        return queryset.filter(target__in=MuseTargetName.objects.filter(key=key).values("target"))

    def filter_file(self, queryset: MuseExposureQuerySet, name: str, value: str) -> MuseExposureQuerySet:  # noqa: ARG002 - django-filter's signature
        basename = parted(value.strip())[0]
        raws = MuseRaw.objects.filter(key=basename, frame__isnull=False)
        fits = MuseFit.objects.filter(
            Q(prm__version__frame__basename=basename) | Q(psf__version__frame__basename=basename)
        )
        of_fits = Q(pk__in=fits.values("exposure"))
        return queryset.filter(Q(cube__basename=basename) | Q(pk__in=raws.values("exposure")) | of_fits)

    def filter_mode(self, queryset: MuseExposureQuerySet, name: str, value: str) -> MuseExposureQuerySet:  # noqa: ARG002 - django-filter's signature
        return queryset.filter(ins_mode__in=[mode.strip() for mode in value.split(",") if mode.strip()])

    def filter_missing(self, queryset: MuseExposureQuerySet, name: str, value: str) -> MuseExposureQuerySet:  # noqa: ARG002 - django-filter's signature
        return queryset.filter(missing__contains=[value])

    def filter_header(self, queryset: MuseExposureQuerySet, name: str, value: str) -> MuseExposureQuerySet:  # noqa: ARG002 - django-filter's signature
        given = card_terms(name, cast("QueryDict", self.data).getlist(name))
        cubes = AoFile.objects.filter(*(term.within_indexed("cards") for term in given), kind=MuseKind.REDUCED)
        newest = AoFile.objects.filter(version__frame=OuterRef("cube"), kind=MuseKind.REDUCED)
        newest = newest.order_by("-version__created", "-version")
        return queryset.alias(cube_version=Subquery(newest.values("pk")[:1])).filter(
            cube_version__in=cubes.values("pk")
        )


class MuseTargetFilter(filters.FilterSet):
    """Terms of /muse/targets/."""

    name = filters.CharFilter(method="filter_name", help_text="Part of its name or of an alias, in any spelling")

    class Meta:
        model = MuseTarget
        fields: Sequence[str] = ()

    def filter_name(self, queryset: QuerySet[MuseTarget], name: str, value: str) -> QuerySet[MuseTarget]:  # noqa: ARG002 - django-filter's signature
        known = MuseTargetName.objects.filter(target=OuterRef("pk"), key__contains=muse_targets.key_of(value))
        return queryset.filter(Exists(known))
