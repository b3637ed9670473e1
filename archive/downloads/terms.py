"""Frames by the terms of a list, all pages of them at once."""

from datetime import datetime
from typing import cast

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from archive.domain import search
from archive.errors import UsageError
from archive.models import Frame, FrameQuerySet
from archive.terms.frames import FrameFilter


class FrameTerms(GenericAPIView[Frame]):
    """A view whose address takes the terms of /frames/. `limit`, `offset` and `ordering` change nothing here."""

    queryset = Frame.objects.none()
    filterset_class = FrameFilter
    filter_backends = [DjangoFilterBackend]
    pagination_class = None

    def found(self, request: Request, *, at: datetime, needs_terms: bool = True) -> FrameQuerySet:
        """Frames with files that the caller may see and the terms find.

        Raises UsageError when there must be a term and none is known: a misspelt one would mean the whole archive.
        """
        given = {name for name, value in request.query_params.items() if value}
        if needs_terms and not given & FrameFilter.base_filters.keys():
            raise UsageError("give frame_ids, or at least one of the terms that /frames/ takes, such as start and end.")
        frames = search.frames_for(request.user, at=at).listed()
        return cast("FrameQuerySet", self.filter_queryset(frames))
