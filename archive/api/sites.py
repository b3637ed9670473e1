"""/sites/: configurations of the observing sites, and the calendar of their nights."""

import re
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.parsers import BoundedJSON
from archive.domain import sites
from archive.domain.site_schema import SCHEMA
from archive.errors import ConflictError, UsageError
from archive.models import SiteConfiguration, is_staff

ETAG = re.compile(r'"(\d{1,9})"')
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="ETag of the version that is to be changed: else 412"
)
LOST = OpenApiResponse(description="Another version holds by now: nothing was changed")


class SiteVersionSerializer(serializers.Serializer[Any]):
    """One version of a site's configuration, for the OpenAPI document."""

    site = serializers.CharField(help_text="Code, as frames carry it")
    version = serializers.IntegerField(help_text="1 for the first, also in the ETag")
    changed_at = serializers.DateTimeField(help_text="UTC")
    changed_by = serializers.CharField(required=False, help_text="User name; told to staff")
    configuration = serializers.DictField(allow_null=True, help_text="null: it was deleted")


class OtherVersionHolds(APIException):
    """If-Match or If-None-Match named another version (RFC 9110, 13.1)."""

    status_code = status.HTTP_412_PRECONDITION_FAILED


class SitesView(APIView):
    """Every site that has a configuration."""

    @extend_schema(
        summary="Sites and their configurations",
        operation_id="sites_list",
        responses=inline_serializer("Sites", {"results": SiteVersionSerializer(many=True)}),
    )
    def get(self, request: Request) -> Response:
        return Response({"results": [_told(version, request) for version in sites.current()]})


class SiteConfigurationView(APIView):
    """A site's configuration: read by all, changed by superusers, each change a version that is kept."""

    parser_classes = [BoundedJSON]

    @extend_schema(
        summary="A site's configuration",
        operation_id="sites_config",
        parameters=[OpenApiParameter("version", int, description="An earlier version by its number")],
        responses={200: SiteVersionSerializer, 404: OpenApiResponse(description="It has none, or no such version")},
    )
    def get(self, request: Request, site: str) -> Response:
        return _answer(sites.configuration_of(site, number=_version(request)), request)

    @extend_schema(
        summary="Set or change a site's configuration",
        operation_id="sites_config_set",
        parameters=[IF_MATCH],
        request={"application/json": SCHEMA},
        responses={
            200: SiteVersionSerializer,
            201: SiteVersionSerializer,
            400: OpenApiResponse(description="A key is wrong"),
            412: LOST,
        },
    )
    def put(self, request: Request, site: str) -> Response:
        try:
            version, is_new = sites.configure(
                site, request.data, by=request.user.get_username(), at=timezone.now(), expected=_expected(request)
            )
        except ConflictError as error:
            raise OtherVersionHolds(str(error)) from error
        return _answer(version, request, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)

    @extend_schema(
        summary="Delete a site's configuration; its versions stay",
        operation_id="sites_config_delete",
        parameters=[IF_MATCH],
        responses={204: None, 412: LOST},
    )
    def delete(self, request: Request, site: str) -> Response:
        try:
            sites.delete_configuration(
                site, by=request.user.get_username(), at=timezone.now(), expected=_expected(request)
            )
        except ConflictError as error:
            raise OtherVersionHolds(str(error)) from error
        return Response(status=status.HTTP_204_NO_CONTENT)


class SiteHistoryView(APIView):
    """Who changed what when."""

    @extend_schema(
        summary="Every version of a site's configuration, newest first",
        operation_id="sites_config_history",
        responses=inline_serializer("SiteHistory", {"results": SiteVersionSerializer(many=True)}),
    )
    def get(self, request: Request, site: str) -> Response:
        return Response({"results": [_told(version, request) for version in sites.history_of(site)]})


def asked_date(text: str) -> date | None:
    """A night as YYYY-MM-DD; None for nothing. Raises UsageError."""
    if not text:
        return None
    fault = f"the night {text[:40]!r} is no date: give it as 2026-11-27, the local date at sunset."
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise UsageError(fault)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(fault) from error


def utc_text(at: datetime | None) -> str | None:
    """A moment to the second, UTC."""
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _version(request: Request) -> int | None:
    text = request.query_params.get("version", "")
    if text and not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise UsageError(f"the version {text[:40]!r} is none: give a number, such as 1.")
    return int(text) if text else None


def _expected(request: Request) -> frozenset[int] | None:
    """Versions of which one must hold, by If-Match and If-None-Match; None for any."""
    if request.headers.get("If-None-Match", "").strip() == "*":
        return frozenset({0})
    wanted = request.headers.get("If-Match", "").strip()
    return None if wanted in {"", "*"} else frozenset(int(number) for number in ETAG.findall(wanted))


def _answer(version: SiteConfiguration, request: Request, code: int = status.HTTP_200_OK) -> Response:
    etag = f'"{version.number}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Authorization, Cookie"}
    if code == status.HTTP_201_CREATED:
        headers["Location"] = request.build_absolute_uri(reverse("site-config", args=[version.site_id]))
    return Response(_told(version, request), status=code, headers=headers)


def _told(version: SiteConfiguration, request: Request) -> dict[str, Any]:
    told: dict[str, Any] = {
        "site": version.site_id,
        "version": version.number,
        "changed_at": utc_text(version.changed_at),
        "configuration": version.configuration,
    }
    return {**told, "changed_by": version.changed_by} if is_staff(request.user) else told
