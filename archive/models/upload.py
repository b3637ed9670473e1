"""What comes in from outside: tickets for uploads, objects that the archive heard of, and the log of recent uploads."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from archive.enums import ReceivedState, UploadKind
from archive.models.exposure import Exposure
from archive.models.frame import Frame
from archive.models.readers import Reader, is_staff

INFO_CHANNELS = (1, 2, 3)
# Of an object that came to nothing: a person may have it tried again.
GIVEN_UP = (ReceivedState.REFUSED, ReceivedState.GONE, ReceivedState.FAILED)


class UploadTicket(models.Model):
    """Leave to bring one file: what it is called, how large it is, and until when the links hold."""

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, help_text="Who asked")
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in UploadKind])
    name = models.CharField(max_length=200, help_text="File name, as the client gave it")
    path = models.TextField(help_text="Path in the store, made by the archive")
    info_channel = models.SmallIntegerField(null=True, help_text="Channel of an info image, 1 to 3")
    size_bytes = models.BigIntegerField(null=True, help_text="Size that the client announced, bytes; null: it did not")
    delete_at = models.DateTimeField(null=True, help_text="When the file shall go, UTC; null: by the rules")
    created_at = models.DateTimeField(help_text="UTC")
    valid_until = models.DateTimeField(help_text="When the links end, UTC")
    multipart_id = models.TextField(default="", help_text="Upload in parts, as the store names it; empty: one piece")
    finished_at = models.DateTimeField(null=True, help_text="When the client said that all is sent, or gave up, UTC")

    class Meta:
        constraints = [
            models.CheckConstraint(name="upload_ticket_size_not_negative", condition=Q(size_bytes__gte=0)),
            models.CheckConstraint(
                name="upload_ticket_channel_is_of_info_images",
                condition=Q(kind=UploadKind.INFO_IMAGES, info_channel__in=INFO_CHANNELS)
                | ~Q(kind=UploadKind.INFO_IMAGES) & Q(info_channel__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["path", "-created_at"], name="upload_ticket_by_path")]

    def __str__(self) -> str:
        return f"{self.path} ({self.uuid})"


class ReceivedObject(models.Model):
    """One version of an object that others put into the store: it is taken in once, however often it is told of."""

    store = models.CharField(max_length=16, help_text="Which store holds the bytes")
    path = models.TextField(help_text="Path in the store")
    version_id = models.CharField(
        max_length=1024, help_text="Version of the path; empty: a message named none, so the newest ones are looked up"
    )
    sequencer = models.CharField(
        max_length=128, default="", help_text="Order of events of a path, as the store says it"
    )
    state = models.CharField(
        max_length=16,
        choices=[(state.value, state.value) for state in ReceivedState],
        default=ReceivedState.WAITING.value,
    )
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often it was tried in vain")
    reason = models.TextField(default="", help_text="Last error, or why it was not taken in")
    size_bytes = models.BigIntegerField(null=True, help_text="Size, bytes; null until the store was asked")
    heard_at = models.DateTimeField(help_text="When the archive first heard of it, UTC")
    settled_at = models.DateTimeField(null=True, help_text="When that was done with, UTC")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "path", "version_id"], name="received_object_once"),
            models.CheckConstraint(
                name="received_object_settled_has_time",
                condition=Q(state=ReceivedState.WAITING, settled_at__isnull=True)
                | ~Q(state=ReceivedState.WAITING) & Q(settled_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["heard_at"], name="received_object_waiting", condition=Q(state=ReceivedState.WAITING)),
            models.Index(
                fields=["state", "-heard_at", "-id"],
                name="received_object_given_up",
                condition=Q(state__in=[state.value for state in GIVEN_UP]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.store}:{self.path}@{self.version_id}"


class UploadEntryQuerySet(models.QuerySet["UploadEntry"]):
    def visible_to(self, user: Reader, *, at: datetime) -> "UploadEntryQuerySet":
        """Keep uploads whose frame or family `user` may see; staff sees all.

        A name alone tells what was observed, and when.
        """
        if is_staff(user):
            return self
        frame = Frame.objects.visible_to(user, at=at).filter(pk=OuterRef("frame"))
        family = Exposure.objects.visible_to(user, at=at).filter(pk=OuterRef("exposure"))
        return self.filter(Q(Exists(frame)) | Q(frame=None) & Q(Exists(family)))


class UploadEntry(models.Model):
    """One upload in the log of recent ones."""

    site_id = models.CharField(max_length=64, help_text="Site; empty when the name tells none")
    filename = models.TextField(help_text="Path of the object, or name of the file")
    size_bytes = models.BigIntegerField(help_text="Size, bytes")
    uploaded_at = models.DateTimeField(help_text="UTC")
    expires_at = models.DateTimeField(help_text="When the entry goes, UTC")
    frame = models.ForeignKey(Frame, null=True, on_delete=models.SET_NULL, help_text="Frame that it made")
    exposure = models.ForeignKey(Exposure, null=True, on_delete=models.SET_NULL, help_text="Family that it is of")

    objects = UploadEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "upload entries"
        constraints = [models.CheckConstraint(name="upload_entry_size_not_negative", condition=Q(size_bytes__gte=0))]
        indexes = [
            models.Index(fields=["site_id", "-uploaded_at", "-id"], name="upload_entry_by_site"),
            models.Index(fields=["-uploaded_at", "-id"], name="upload_entry_newest"),
            models.Index(fields=["expires_at"], name="upload_entry_expired"),
        ]

    def __str__(self) -> str:
        return self.filename
