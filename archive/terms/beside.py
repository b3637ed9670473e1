"""Terms of frames on what stands beside them: their headers, and what was measured of their observations."""

from collections.abc import Sequence
from typing import cast

from django.http import QueryDict
from django_filters import rest_framework as filters

from archive.models import Frame, FrameQuerySet
from archive.terms.cards import HEADER_SAYS, card_terms
from archive.terms.measured import MeasuredFilter


class BesideFilter(MeasuredFilter):
    """What a header says; how sharp the observation is that a frame is a raw file of."""

    header = filters.CharFilter(method="filter_header", help_text=f"A card of the header; repeatable. {HEADER_SAYS}")

    class Meta:
        model = Frame
        fields: Sequence[str] = ()

    def filter_header(self, queryset: FrameQuerySet, name: str, value: str) -> FrameQuerySet:  # noqa: ARG002 - django-filter's signature
        given = cast("QueryDict", self.data).getlist(name)
        return queryset.filter(*(term.within("headers__data") for term in card_terms(name, given)))
