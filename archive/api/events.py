"""/events/replay/: events of the past, for a pipeline that was down while they happened."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from archive.domain import stream
from archive.domain.envelope import envelope_of
from archive.domain.stream import ForgottenError
from archive.terms.frames import FrameFilter
from archive.terms.listening import ear_for

LARGEST_POSITION = 2**63 - 1


class ReplaySerializer(serializers.Serializer[Any]):
    """What is asked beside the terms of /frames/."""

    after = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=LARGEST_POSITION,
        help_text="Position of the last event that you have; without it: everything that is kept",
    )
    limit = serializers.IntegerField(
        required=False, min_value=1, help_text="Most events of a page, at most PAGINATION_MAX_LIMIT"
    )


class EventSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="The same in every telling: the message id of RabbitMQ")
    event = serializers.CharField(help_text="What happened, such as frame.ingested")
    position = serializers.IntegerField(help_text="Place in the stream")
    created_at = serializers.DateTimeField(help_text="When it happened, UTC")
    frame_id = serializers.IntegerField(allow_null=True, help_text="Frame that it is about")
    body = serializers.DictField(help_text="What subscribers are told")


class ReplayView(APIView):
    """Events in the order of their positions, of frames that the caller may see and that meet the terms of /frames/."""

    @extend_schema(
        summary="Events of the past",
        parameters=[
            OpenApiParameter("format", exclude=True),
            ReplaySerializer,
            *(
                OpenApiParameter(name, str, description=str(term.extra.get("help_text", "")))
                for name, term in FrameFilter.base_filters.items()
            ),
        ],
        responses={
            200: inline_serializer(
                "Replay",
                {
                    "position": serializers.IntegerField(help_text="Give this as `after` the next time"),
                    "next": serializers.URLField(allow_null=True, help_text="Next page; null: no more yet"),
                    "results": EventSerializer(many=True),
                },
            ),
            400: OpenApiResponse(description="A parameter can not be read, or there is no such position yet"),
            410: OpenApiResponse(description="What follows `after` is no longer kept (EVENT_DAYS)"),
        },
    )
    def get(self, request: Request) -> Response:
        given = {name: value for name, value in request.query_params.items() if value}
        asked = ReplaySerializer(data=given)
        asked.is_valid(raise_exception=True)
        ear = ear_for(request.user, request.query_params)
        limit = min(asked.validated_data.get("limit", settings.PAGINATION_DEFAULT_LIMIT), settings.PAGINATION_MAX_LIMIT)
        after = asked.validated_data.get("after")
        try:
            after = stream.oldest_position() if after is None else after
            found, position = stream.replay(ear, after=after, limit=limit, at=timezone.now())
        except ForgottenError as error:
            return Response({"detail": str(error)}, status=status.HTTP_410_GONE)
        more = position < stream.last_position()
        return Response(
            {
                "position": position,
                "next": _address_after(request, position) if more else None,
                "results": [envelope_of(event) for event in found],
            }
        )


def _address_after(request: Request, position: int) -> str:
    return replace_query_param(request.build_absolute_uri(), "after", position)
