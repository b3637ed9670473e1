"""/sites/<site>/nightlog/ and /sites/<site>/calendar/: notes on nights, and what the Sun and the Moon do in one."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.parsers import BoundedJSON
from archive.api.permissions import StaffWrites
from archive.api.sites import asked_date, utc_text
from archive.domain import nightlog
from archive.domain.almanac import TWILIGHTS_DEG, Night, Span
from archive.domain.calendar import calendar_of, remarks_of
from archive.models import NightNote, is_staff

LONGEST_HOURS = 8784  # a year
LONGEST_NOTE = 10_000  # letters
MOMENT: dict[str, Any] = {"allow_null": True, "help_text": "UTC; null: not in this night"}


class NoteSerializer(serializers.Serializer[NightNote]):
    """A note as it is sent."""

    text = serializers.CharField(max_length=LONGEST_NOTE)
    audience = serializers.ChoiceField(
        NightNote.Audience.choices, default=NightNote.Audience.STAFF, help_text="Who may read it: staff, or all"
    )
    ttl_hours = serializers.FloatField(
        required=False,
        min_value=0.01,
        max_value=LONGEST_HOURS,
        help_text="How long it is shown; default NIGHTLOG_HOURS",
    )


class NightNoteSerializer(serializers.Serializer[Any]):
    """A note as it is shown, for the OpenAPI document."""

    id = serializers.IntegerField()
    site = serializers.CharField()
    text = serializers.CharField()
    audience = serializers.ChoiceField(NightNote.Audience.choices)
    written_by = serializers.CharField(required=False, help_text="User name; told to staff")
    written_at = serializers.DateTimeField(help_text="UTC")
    expires_at = serializers.DateTimeField(help_text="Not shown from then on, UTC")


class SpanSerializer(serializers.Serializer[Any]):
    """A span of time, for the OpenAPI document."""

    start = serializers.DateTimeField(help_text="UTC")
    end = serializers.DateTimeField(help_text="UTC")


class NightLogView(APIView):
    """Notes that have not expired. Staff sees all, everybody else those that are meant for all."""

    permission_classes = [StaffWrites]
    parser_classes = [BoundedJSON]

    @extend_schema(
        summary="Notes on the nights at a site",
        operation_id="sites_nightlog",
        responses=inline_serializer("NightLog", {"results": NightNoteSerializer(many=True)}),
    )
    def get(self, request: Request, site: str) -> Response:
        notes = nightlog.notes_for(request.user, site_id=site, at=timezone.now())
        return Response({"results": [_told(note, request) for note in notes]})

    @extend_schema(
        summary="Write a note",
        operation_id="sites_nightlog_write",
        request=NoteSerializer,
        responses={201: NightNoteSerializer},
    )
    def post(self, request: Request, site: str) -> Response:
        sent = NoteSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        hours = sent.validated_data.get("ttl_hours")
        note = nightlog.write_note(
            site_id=site,
            text=sent.validated_data["text"],
            audience=sent.validated_data["audience"],
            by=request.user.get_username(),
            at=timezone.now(),
            lifetime=settings.NIGHTLOG_LIFETIME if hours is None else timedelta(hours=hours),
        )
        return Response(_told(note, request), status=status.HTTP_201_CREATED)


class NoteView(APIView):
    """One note."""

    permission_classes = [StaffWrites]

    @extend_schema(summary="Delete a note", operation_id="sites_nightlog_delete", responses={204: None})
    def delete(self, request: Request, site: str, pk: int) -> Response:  # noqa: ARG002 - DRF's signature
        nightlog.delete_note(site_id=site, note_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CalendarView(APIView):
    """Sun and Moon through one night, from one solar noon to the next."""

    @extend_schema(
        summary="Sunset, twilights, flats and Moon of a night",
        operation_id="sites_calendar",
        parameters=[OpenApiParameter("night", str, description="Local date at sunset, YYYY-MM-DD; default: tonight")],
        responses={
            200: inline_serializer(
                "NightCalendar",
                {
                    "site": serializers.CharField(),
                    "night": serializers.DateField(),
                    "timezone": serializers.CharField(),
                    "noon": serializers.DateTimeField(help_text="UTC, like all times here"),
                    "sunset": serializers.DateTimeField(**MOMENT),
                    **{f"{name}_dusk": serializers.DateTimeField(**MOMENT) for name in TWILIGHTS_DEG},
                    "middle": serializers.DateTimeField(help_text="Half-way between the two noons"),
                    **{f"{name}_dawn": serializers.DateTimeField(**MOMENT) for name in TWILIGHTS_DEG},
                    "sunrise": serializers.DateTimeField(**MOMENT),
                    "next_noon": serializers.DateTimeField(),
                    "evening_flats": SpanSerializer(allow_null=True),
                    "morning_flats": SpanSerializer(allow_null=True),
                    "moonrise": serializers.DateTimeField(**MOMENT),
                    "moonset": serializers.DateTimeField(**MOMENT),
                    "moon_illumination": serializers.FloatField(help_text="Lit fraction of its disc at `middle`"),
                    "remarks": serializers.ListField(
                        child=serializers.CharField(), help_text="What does not happen in this night, and why"
                    ),
                },
            ),
            404: OpenApiResponse(description="The site has no configuration"),
        },
    )
    def get(self, request: Request, site: str) -> Response:
        asked = asked_date(request.query_params.get("night", ""))
        night, place, found = calendar_of(site, asked, at=timezone.now())
        return Response({"site": site, "night": night.isoformat(), "timezone": place.timezone, **_calendar(found)})


def _calendar(night: Night) -> dict[str, Any]:
    sunset = night.sun["sunset"].below
    dusks = {f"{name}_dusk": utc_text(night.sun[name].below.start) for name in TWILIGHTS_DEG}
    dawns = {f"{name}_dawn": utc_text(night.sun[name].below.end) for name in reversed(TWILIGHTS_DEG)}
    return {
        "noon": utc_text(night.noon.start),
        "sunset": utc_text(sunset.start),
        **dusks,
        "middle": utc_text(night.middle),
        **dawns,
        "sunrise": utc_text(sunset.end),
        "next_noon": utc_text(night.noon.end),
        "evening_flats": _span(night.evening_flats),
        "morning_flats": _span(night.morning_flats),
        "moonrise": utc_text(night.moonrise),
        "moonset": utc_text(night.moonset),
        "moon_illumination": round(night.moon_illumination, 4),
        "remarks": remarks_of(night),
    }


def _span(span: Span | None) -> dict[str, str | None] | None:
    return None if span is None else {"start": utc_text(span.start), "end": utc_text(span.end)}


def _told(note: NightNote, request: Request) -> dict[str, Any]:
    told = {
        "id": note.pk,
        "site": note.site_id,
        "text": note.text,
        "audience": note.audience,
        "written_at": utc_text(note.written_at),
        "expires_at": utc_text(note.expires_at),
    }
    return {**told, "written_by": note.written_by} if is_staff(request.user) else told
