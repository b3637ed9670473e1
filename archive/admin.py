"""Staff's view of the rows. Frames are read here; they change through the intake and the API, which tell the world."""

from typing import Any

from django.contrib.admin import EmptyFieldListFilter
from django.contrib.gis import admin
from django.http import HttpRequest
from django.utils import timezone

from archive.models import (
    DoomedBytes,
    Event,
    ExpiryRule,
    Exposure,
    ExposureFile,
    Frame,
    Headers,
    InfoImage,
    Observation,
    OwnExpiry,
    Profile,
    Proposal,
    QuarantinedFile,
    RawFile,
    ReceivedObject,
    StoredObject,
    Thumbnail,
    Tombstone,
    UploadTicket,
    Version,
)


class ReadOnly:
    """Rows to look at: changing them here would leave the store and the outbox behind."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


class VersionRows(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]  # takes no brackets at run time
    model = Version
    extra = 0


class HeaderRow(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Headers
    extra = 0


@admin.register(Frame)
class FrameAdmin(ReadOnly, admin.ModelAdmin[Frame]):
    list_display = ("basename", "observation_date", "site_id", "instrument_id", "proposal_id", "public_date")
    list_filter = ("configuration_type", "reduction_level", "is_listed")
    search_fields = ("basename__startswith", "target_name__iexact")
    show_full_result_count = False
    inlines = (VersionRows, HeaderRow)


@admin.register(Proposal)
class ProposalAdmin(admin.ModelAdmin[Proposal]):
    list_display = ("id", "title", "is_planetary")
    list_filter = ("is_planetary",)
    search_fields = ("id", "title")
    filter_horizontal = ("members",)


@admin.register(Profile)
class ProfileAdmin(admin.ModelAdmin[Profile]):
    list_display = ("user", "portal_checked_at")
    search_fields = ("user__username",)
    exclude = ("access_token", "refresh_token", "client_id", "revoked_portal_token")


@admin.register(StoredObject)
class StoredObjectAdmin(ReadOnly, admin.ModelAdmin[StoredObject]):
    list_display = ("path", "size_bytes", "stored_at", "verified_at", "fault")
    search_fields = ("path__startswith", "md5")
    show_full_result_count = False


@admin.register(Thumbnail)
class ThumbnailAdmin(ReadOnly, admin.ModelAdmin[Thumbnail]):
    list_display = ("basename", "size", "frame")
    search_fields = ("basename__startswith",)
    raw_id_fields = ("frame", "object")
    show_full_result_count = False


@admin.register(ReceivedObject)
class ReceivedObjectAdmin(ReadOnly, admin.ModelAdmin[ReceivedObject]):
    list_display = ("path", "state", "attempts", "reason", "heard_at", "settled_at")
    list_filter = ("state",)
    search_fields = ("path__startswith",)
    show_full_result_count = False


@admin.register(UploadTicket)
class UploadTicketAdmin(ReadOnly, admin.ModelAdmin[UploadTicket]):
    list_display = ("path", "user", "created_at", "valid_until", "finished_at")
    search_fields = ("path__startswith",)
    show_full_result_count = False


@admin.register(Event)
class EventAdmin(ReadOnly, admin.ModelAdmin[Event]):
    list_display = ("position", "name", "frame_id", "created_at", "published_at")
    list_filter = ("name",)
    show_full_result_count = False


@admin.register(ExpiryRule)
class ExpiryRuleAdmin(admin.ModelAdmin[ExpiryRule]):
    list_display = (
        "name", "kind", "instrument_id", "site_id", "data_type", "configuration_type", "after", "counted_from",
        "last_raw_copy", "only_storage_class", "enabled",
    )  # fmt: skip
    list_filter = ("kind", "enabled")


@admin.register(OwnExpiry)
class OwnExpiryAdmin(admin.ModelAdmin[OwnExpiry]):
    list_display = ("name", "kind", "expires_at", "set_by", "set_at")
    list_filter = ("kind",)
    search_fields = ("name__startswith",)
    fields = ("kind", "name", "expires_at")

    def save_model(self, request: HttpRequest, obj: OwnExpiry, form: Any, change: Any) -> None:
        """Note who said so, and when."""
        obj.set_by, obj.set_at = request.user.get_username(), timezone.now()
        super().save_model(request, obj, form, change)


@admin.register(Tombstone)
class TombstoneAdmin(ReadOnly, admin.ModelAdmin[Tombstone]):
    list_display = ("name", "kind", "rule", "deleted_by", "deleted_at")
    list_filter = ("kind", "rule")
    search_fields = ("name__startswith",)
    show_full_result_count = False


@admin.register(DoomedBytes)
class DoomedBytesAdmin(ReadOnly, admin.ModelAdmin[DoomedBytes]):
    list_display = ("path", "store", "orphans_before")
    show_full_result_count = False


class ExposureFileRows(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = ExposureFile
    extra = 0


@admin.register(Exposure)
class ExposureAdmin(ReadOnly, admin.ModelAdmin[Exposure]):
    list_display = ("name", "kind", "site_id", "night", "data_type", "public_date")
    list_filter = ("kind",)
    search_fields = ("name__startswith",)
    show_full_result_count = False
    inlines = (ExposureFileRows,)


class RawFileRows(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = RawFile
    extra = 0


@admin.register(Observation)
class ObservationAdmin(ReadOnly, admin.ModelAdmin[Observation]):
    list_display = ("name", "proposal_id", "target_name", "observed_at", "telescope_id", "signal_class")
    list_filter = ("primary_optical_element", "signal_class", "telescope_id")
    search_fields = ("name__startswith", "target_name__icontains")
    show_full_result_count = False
    inlines = (RawFileRows,)


@admin.register(QuarantinedFile)
class QuarantinedFileAdmin(ReadOnly, admin.ModelAdmin[QuarantinedFile]):
    list_display = ("filename", "reason", "times_seen", "size_bytes", "first_seen_at", "last_seen_at", "resolved_at")
    list_filter = (("resolved_at", EmptyFieldListFilter),)
    search_fields = ("filename__icontains", "sha256__startswith")
    show_full_result_count = False


@admin.register(InfoImage)
class InfoImageAdmin(ReadOnly, admin.ModelAdmin[InfoImage]):
    list_display = ("site_id", "channel", "announced_name", "announced_at", "expires_at")
