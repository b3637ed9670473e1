"""/uploads/: tickets by which superusers bring files, and what became of these."""

import uuid
from typing import Any, cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from archive.api.arrivals import answer_taken, arrived_body
from archive.api.permissions import SuperuserOnly
from archive.domain.store import the_store
from archive.enums import UploadKind
from archive.errors import UsageError
from archive.models import ReceivedObject, StoredObject, UploadTicket
from archive.models.upload import INFO_CHANNELS
from ingest import tickets
from ingest.direct import take_arrived
from ingest.intake import the_inspector
from ingest.stores.base import SentPart, SignedPut
from pipeline.tasks import start_taking

KINDS = [kind.value for kind in UploadKind]
MOST_LINKS = 1000  # parts that are signed at once


class TicketSerializer(serializers.Serializer[Any]):
    """What a client asks for. `s3_directory` is the name that clients of Photon Ranch know for `kind`."""

    object_name = serializers.CharField(max_length=1000, trim_whitespace=False, help_text="File name, without folders")
    kind = serializers.ChoiceField(choices=KINDS, required=False, help_text="data when left out")
    s3_directory = serializers.ChoiceField(choices=KINDS, required=False, help_text="The same as kind")
    size = serializers.IntegerField(required=False, help_text="Size, bytes; without it the file must go in one piece")
    info_channel = serializers.ChoiceField(choices=INFO_CHANNELS, required=False, help_text="Of an info image; 1")
    expires = serializers.DateTimeField(required=False, help_text="When the file shall be deleted, whatever the rules")
    header = serializers.DictField(required=False, help_text="FITS header: its frame can be found at once")

    def asked(self) -> tickets.Asked:
        given = self.validated_data
        kind = given.get("kind") or given.get("s3_directory") or UploadKind.DATA
        if given.get("s3_directory", kind) != kind:
            raise serializers.ValidationError({"s3_directory": ["It says another kind than kind: give one of them."]})
        return tickets.Asked(
            kind=UploadKind(kind),
            name=given["object_name"],
            size_bytes=given.get("size"),
            info_channel=given.get("info_channel"),
            delete_at=given.get("expires"),
            header=given.get("header"),
        )


class PartSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField(min_value=1)
    etag = serializers.CharField(max_length=200)


class CompleteSerializer(serializers.Serializer[Any]):
    """The parts in their order, each with the ETag that its PUT answered; nothing for a file of one piece."""

    parts = PartSerializer(many=True, required=False)


class PartNumbersSerializer(serializers.Serializer[Any]):
    numbers = serializers.ListField(child=serializers.IntegerField(min_value=1), min_length=1, max_length=MOST_LINKS)


class SuperuserView(APIView):
    permission_classes = (SuperuserOnly,)

    def ticket(self) -> UploadTicket:
        return get_object_or_404(UploadTicket, pk=cast("uuid.UUID", self.kwargs["pk"]))


class TicketsView(SuperuserView):
    """Leave to bring a file."""

    @extend_schema(summary="Ask for leave to upload a file", request=TicketSerializer, responses={201: dict})
    def post(self, request: Request) -> Response:
        asked = TicketSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        opened = tickets.open_ticket(
            asked.asked(), user=cast("User", request.user), store=the_store(), now=timezone.now()
        )
        answer = ticket_dict(opened.ticket)
        answer["frame"] = opened.frame.pk if opened.frame else None
        answer["base_filename"] = opened.exposure.name if opened.exposure else None
        answer |= _ways(opened.ticket, request)
        return Response(answer, status=status.HTTP_201_CREATED)


class TicketView(SuperuserView):
    """One ticket."""

    @extend_schema(summary="A ticket, and what became of its file", responses=dict)
    def get(self, request: Request, pk: uuid.UUID) -> Response:  # noqa: ARG002 - the ticket is found by it
        ticket = self.ticket()
        return Response({**ticket_dict(ticket), "objects": objects_of(ticket)})

    @extend_schema(summary="Take a ticket back, and the parts that were sent", request=None, responses={204: None})
    def delete(self, request: Request, pk: uuid.UUID) -> Response:  # noqa: ARG002 - the ticket is found by it
        tickets.give_up(self.ticket(), store=the_store(), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class PartsView(SuperuserView):
    """Links for parts of a large file."""

    @extend_schema(summary="Links for parts of a large file", request=PartNumbersSerializer, responses=dict)
    def post(self, request: Request, pk: uuid.UUID) -> Response:  # noqa: ARG002 - the ticket is found by it
        asked = PartNumbersSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        links = tickets.links_of_parts(
            self.ticket(), asked.validated_data["numbers"], store=the_store(), now=timezone.now()
        )
        return Response({"parts": [{"number": number, **_signed(put)} for number, put in links.items()]})


class CompleteView(SuperuserView):
    """The word that all is sent."""

    @extend_schema(summary="Say that all is sent", request=CompleteSerializer, responses={202: dict})
    def post(self, request: Request, pk: uuid.UUID) -> Response:  # noqa: ARG002 - the ticket is found by it
        told = CompleteSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        parts = [SentPart(part["number"], part["etag"]) for part in told.validated_data.get("parts", [])]
        ticket = self.ticket()
        start_taking(tickets.finish(ticket, parts, store=the_store(), now=timezone.now()))
        answer = {**ticket_dict(ticket), "objects": objects_of(ticket)}
        return Response(answer, status=status.HTTP_202_ACCEPTED)


class TicketFileView(APIView):
    """Where files go when the store takes none by itself: whoever holds the signed link may send this one file."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    schema = None

    def put(self, request: Request, pk: uuid.UUID, name: str) -> Response:
        ticket = get_object_or_404(UploadTicket, pk=pk, name=name)
        try:
            tickets.require_signature(ticket, request.GET.get("signature", ""), now=timezone.now())
        except UsageError as error:
            raise PermissionDenied(str(error)) from error
        with arrived_body(request, name=ticket.name) as arrived:
            tickets.require_announced(ticket, arrived.digest.size_bytes)
            taken = take_arrived(
                arrived,
                path=ticket.path,
                store=the_store(),
                inspector=the_inspector(),
                now=timezone.now(),
            )
        tickets.use_up(ticket, now=timezone.now())
        return Response({"is_new": taken.is_new}, status=answer_taken(taken))


def ticket_dict(ticket: UploadTicket) -> dict[str, Any]:
    """What a ticket says."""
    return {
        "id": str(ticket.pk),
        "kind": ticket.kind,
        "object_name": ticket.name,
        "size": ticket.size_bytes,
        "info_channel": ticket.info_channel,
        "expires": ticket.delete_at,
        "valid_until": ticket.valid_until,
        "finished_at": ticket.finished_at,
    }


def objects_of(ticket: UploadTicket) -> list[dict[str, Any]]:
    """What came under a ticket's path since it was given, and what it made."""
    rows = ReceivedObject.objects.filter(path=ticket.path, heard_at__gte=ticket.created_at).order_by("pk")
    made = StoredObject.objects.filter(path=ticket.path, version__isnull=False)
    frames = dict(made.values_list("version_id", "version__frame_id"))
    return [
        {"key": row.version_id, "state": row.state, "reason": row.reason, "frame": frames.get(row.version_id)}
        for row in rows
    ]


def _ways(ticket: UploadTicket, request: Request) -> dict[str, Any]:
    def here(route: str, **more: str) -> str:
        address: str = reverse(route, kwargs={"pk": ticket.pk, **more}, request=request)
        return address

    # It ends in the file's name, which curl would add to a folder.
    ways = tickets.ways_of(ticket, store=the_store(), own_link=here("upload-file", name=ticket.name))
    answer: dict[str, Any] = {
        "put": _signed(ways.put) if ways.put else None,
        "post": {"url": ways.form.url, "fields": dict(ways.form.fields)} if ways.form else None,
        "parts": None,
        "complete": here("upload-complete"),
    }
    if ways.part_bytes is not None:
        count = -(-ticket.size_bytes // ways.part_bytes) if ticket.size_bytes else 0
        answer["parts"] = {"part_bytes": ways.part_bytes, "count": count, "links": here("upload-parts")}
    return answer


def _signed(put: SignedPut) -> dict[str, Any]:
    return {"url": put.url, "headers": dict(put.headers)}
