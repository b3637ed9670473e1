"""One set of bytes in a file store: what it is, and whether anybody has looked."""

from django.db import models
from django.db.models import Q

MD5_PATTERN = r"^[0-9a-f]{32}$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"


class StoredObject(models.Model):
    """Bytes under a path and version. Checksums that a client stated stay unproven until `verified_at` is set."""

    store = models.CharField(max_length=16, help_text="Which store holds the bytes")
    path = models.TextField(help_text="Path in the store")
    version_id = models.CharField(max_length=1024, help_text="Version of the path, as the store names it")
    size_bytes = models.BigIntegerField(null=True, help_text="Size, bytes; null until the bytes were read")
    md5 = models.CharField(max_length=32)
    sha256 = models.CharField(max_length=64, null=True)  # noqa: DJ001 - null: not known yet
    crc32 = models.BigIntegerField(null=True, help_text="Unsigned CRC-32, as zip writes it")
    stored_at = models.DateTimeField(help_text="When the archive learnt of the bytes, UTC")
    verified_at = models.DateTimeField(null=True, help_text="When the bytes were last read and found right, UTC")
    storage_class = models.CharField(
        max_length=32, default="", db_default="", blank=True, help_text="As S3 names it; empty: as the bytes came"
    )
    fault = models.TextField(default="", help_text="What was wrong when the bytes were read; empty when nothing was")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "path", "version_id"], name="stored_object_once"),
            models.CheckConstraint(name="stored_object_md5_is_hex", condition=Q(md5__regex=MD5_PATTERN)),
            models.CheckConstraint(
                name="stored_object_sha256_is_hex",
                condition=Q(sha256__isnull=True) | Q(sha256__regex=SHA256_PATTERN),
            ),
            models.CheckConstraint(name="stored_object_size_not_negative", condition=Q(size_bytes__gte=0)),
            models.CheckConstraint(name="stored_object_crc32_in_range", condition=Q(crc32__range=(0, 2**32 - 1))),
            models.CheckConstraint(
                name="stored_object_verified_is_complete",
                condition=Q(verified_at__isnull=True)
                | Q(size_bytes__isnull=False, sha256__isnull=False, crc32__isnull=False, fault=""),
            ),
        ]
        indexes = [
            # The sweep for bytes that nobody has read yet: a few rows among millions.
            models.Index(fields=["stored_at"], name="stored_object_unread", condition=Q(verified_at=None, fault="")),
            models.Index(fields=["stored_at"], name="stored_object_unmoved", condition=Q(store="s3", storage_class="")),
        ]

    def __str__(self) -> str:
        return f"{self.store}:{self.path}@{self.version_id}"
