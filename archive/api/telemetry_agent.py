"""/telemetry/agent/: what agents on instrument computers ask and tell, each with the token of its host.

The host follows from the token and from nothing that is sent: an agent can tell of its own files only.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, cast

from rest_framework import authentication, exceptions, permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.parsers import large_json
from telemetry import agents, inventory, load
from telemetry.chunks import Chunk, Position, Stat
from telemetry.listing import Entry

SCHEME = "Agent"
MOST_CHUNKS = 1000
MOST_BYTES = 16 * 2**20  # of all chunks of a request, before base64
MOST_BODY_BYTES = 32 * 2**20
MOST_ENTRIES = 10_000
LONGEST_PATH = 32_768
GREATEST = 2**63 - 1


class AgentAuthentication(authentication.BaseAuthentication):
    """`Authorization: Agent <token>`."""

    def authenticate(self, request: Request) -> tuple[None, str] | None:
        """The agent's host as `request.auth`; an agent is no user."""
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme != SCHEME:
            return None
        host = agents.host_of(token.strip())
        if host is None:
            raise exceptions.AuthenticationFailed(
                "This token is no agent's, or was revoked: make one by `xtelemdb token`."
            )
        return None, host

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        return SCHEME


class IsAgent(permissions.BasePermission):
    """Only agents: users have their own ways to the same data."""

    message = "Show the token of an instrument computer: Authorization: Agent <token>."

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        return isinstance(request.auth, str)


class Base64Field(serializers.Field[bytes, str, str, bytes]):
    """Bytes as base64."""

    def to_internal_value(self, data: object) -> bytes:
        try:
            return base64.b64decode(str(data), validate=True)
        except (binascii.Error, ValueError) as error:
            raise serializers.ValidationError("Send bytes as base64.") from error


class EntrySerializer(serializers.Serializer[Any]):
    path = serializers.CharField(max_length=LONGEST_PATH, trim_whitespace=False)
    raw_path = Base64Field(allow_null=True, default=None)
    size_bytes = serializers.IntegerField(min_value=0, max_value=GREATEST)
    modified_ns = serializers.IntegerField(min_value=-GREATEST, max_value=GREATEST)
    changed_ns = serializers.IntegerField(min_value=-GREATEST, max_value=GREATEST)


class SpanSerializer(serializers.Serializer[Any]):
    below = serializers.CharField(max_length=LONGEST_PATH, trim_whitespace=False)
    after = serializers.CharField(max_length=LONGEST_PATH, trim_whitespace=False, allow_blank=True)
    upto = serializers.CharField(max_length=LONGEST_PATH, trim_whitespace=False, allow_null=True)
    unread = serializers.ListField(child=serializers.CharField(max_length=LONGEST_PATH, trim_whitespace=False))


class FilesSerializer(serializers.Serializer[Any]):
    # Of a list of them, DRF takes its length too.
    entries = EntrySerializer(many=True, max_length=MOST_ENTRIES)  # type: ignore[call-arg]
    whole = SpanSerializer(allow_null=True)


class EndSerializer(serializers.Serializer[Any]):
    size_bytes = serializers.IntegerField(min_value=0, max_value=GREATEST)
    modified_ns = serializers.IntegerField(min_value=-GREATEST, max_value=GREATEST)


class ChunkSerializer(serializers.Serializer[Any]):
    path = serializers.CharField(max_length=LONGEST_PATH, trim_whitespace=False)
    offset = serializers.IntegerField(min_value=0, max_value=GREATEST)
    bytes = Base64Field()
    end = EndSerializer(allow_null=True)
    torn = serializers.CharField(max_length=1000, allow_blank=True)
    anew_after = serializers.IntegerField(min_value=1, max_value=2**31 - 1, allow_null=True)


class ChunksSerializer(serializers.Serializer[Any]):
    chunks = ChunkSerializer(many=True, max_length=MOST_CHUNKS)  # type: ignore[call-arg]

    def validate_chunks(self, chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if sum(len(chunk["bytes"]) for chunk in chunks) > MOST_BYTES:
            raise serializers.ValidationError(f"Send {MOST_BYTES} bytes at most in a request.")
        if len({chunk["path"] for chunk in chunks}) < len(chunks):
            raise serializers.ValidationError("Send one chunk of a file at most in a request.")
        return chunks


class AgentView(APIView):
    """What all of them ask for."""

    authentication_classes = (AgentAuthentication,)
    permission_classes = (IsAgent,)
    throttle_classes = ()
    schema = None  # the agent's own protocol: docs/telemetry.md


class AgentHostView(AgentView):
    """Whose token it is."""

    def get(self, request: Request) -> Response:
        return Response({"host": request.auth})


class AgentFilesView(AgentView):
    """The inventory of the agent's host."""

    def post(self, request: Request) -> Response:
        told = _valid(FilesSerializer, request)
        entries = [Entry(**entry) for entry in told["entries"]]
        summary = inventory.take_entries(_host(request), entries, **(told["whole"] or {}))
        counts = {name: getattr(summary, name) for name in ("new", "changed", "back", "gone", "unchanged")}
        return Response({**counts, "notes": summary.notes})


class AgentWaitingView(AgentView):
    """Files of the agent's host that were not read as they now are, in pages."""

    def get(self, request: Request) -> Response:
        page = agents.waiting_files(_host(request), after=_after(request.query_params.get("after", "")))
        told = [
            {
                "path": each.path,
                "raw_path": base64.b64encode(each.raw_path).decode() if each.raw_path is not None else None,
                "position": _position(each.position),
            }
            for each in page.files
        ]
        return Response({"results": told, "next": page.next})


class AgentChunksView(AgentView):
    """Bytes of the agent's files: in the database when they are answered, all or none."""

    def post(self, request: Request) -> Response:
        told = _valid(ChunksSerializer, request)["chunks"]
        chunks = [_chunk(_host(request), each) for each in told]
        taken = [
            {
                "position": _position(each.position),
                "n_records": each.n_records,
                "n_bad": each.n_bad,
                "replaced": each.replaced,
            }
            for each in load.take_chunks(chunks)
        ]
        return Response({"taken": taken})


def _host(request: Request) -> str:
    return cast("str", request.auth)


def _valid(form: type[serializers.Serializer[Any]], request: Request) -> Mapping[str, Any]:
    given = form(data=large_json(request, most_bytes=MOST_BODY_BYTES))
    given.is_valid(raise_exception=True)
    return cast("Mapping[str, Any]", given.validated_data)


def _after(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise serializers.ValidationError({"after": ["Give the `next` of the page before."]})
    return int(text or 0)


def _chunk(host: str, told: Mapping[str, Any]) -> Chunk:
    end = Stat(**told["end"]) if told["end"] else None
    return Chunk(host, told["path"], told["offset"], told["bytes"], end, told["torn"], told["anew_after"])


def _position(position: Position) -> dict[str, Any]:
    edges = position.edges
    return {
        "generation": position.generation,
        "consumed": edges.consumed,
        "head_length": edges.head_length,
        "head_sha256": edges.head_sha256.hex(),
        "tail_length": edges.tail_length,
        "tail_sha256": edges.tail_sha256.hex(),
    }
