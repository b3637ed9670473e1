"""/recentuploads/: the log of recent uploads, as far as the caller may see what they made."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive.errors import UsageError
from archive.models import UploadEntry

ALL_SITES = "all"


class UploadEntrySerializer(serializers.ModelSerializer[UploadEntry]):
    """The names are those of the log of Photon Ranch."""

    site = serializers.CharField(source="site_id", help_text="Site; empty when the name tells none")
    upload_timestamp_s = serializers.SerializerMethodField(help_text="Unix time, s")
    expire_timestamp_s = serializers.SerializerMethodField(help_text="When the entry goes, Unix time, s")

    class Meta:
        model = UploadEntry
        fields = ("site", "filename", "size_bytes", "uploaded_at", "upload_timestamp_s", "expire_timestamp_s", "frame")

    def get_upload_timestamp_s(self, entry: UploadEntry) -> float:
        return entry.uploaded_at.timestamp()

    def get_expire_timestamp_s(self, entry: UploadEntry) -> float:
        return entry.expires_at.timestamp()


class RecentUploadsView(generics.ListAPIView[UploadEntry]):
    """Uploads of one site or of all, newest first. Staff sees all, others those whose frame they may see."""

    queryset = UploadEntry.objects.none()
    serializer_class = UploadEntrySerializer
    filter_backends = ()

    @extend_schema(
        summary="Recent uploads", parameters=[OpenApiParameter("site", str, required=True, description="Site, or all")]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[UploadEntry]:
        now = timezone.now()
        site = self.request.query_params.get("site", "")
        if not site:
            raise UsageError("whose uploads? Give site=<code>, or site=all.")
        if "\0" in site:
            raise UsageError("no site has a null character in its code: give site=<code>, or site=all.")
        entries = UploadEntry.objects.visible_to(self.request.user, at=now).filter(expires_at__gt=now)
        if site != ALL_SITES:
            entries = entries.filter(site_id=site)
        return entries.order_by("-uploaded_at", "-pk")
