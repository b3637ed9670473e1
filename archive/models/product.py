"""What reductions make: where the making of each product stands, who holds it, and what came of it."""

from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q

from archive.enums import OF_WHOLE_NIGHT, ProductKind, ProductState
from archive.models.observation import Observation
from archive.models.readers import Reader, may_see, may_see_named
from archive.models.stored_object import SHA256_PATTERN, StoredObject
from archive.models.version import Version

STATES = [(state.value, state.value) for state in ProductState]


class ProductQuerySet(models.QuerySet["Product"]):
    def visible_to(self, user: Reader, *, at: datetime) -> "ProductQuerySet":
        """Keep what `user` may see at time `at`: products of visible observations, calibrations and seeing of nights.

        What shows all observations of a night is for those who may see each of them.
        """
        rule = may_see(user, at=at)
        if not rule:
            return self.all()
        hidden = Observation.objects.filter(night=OuterRef("night")).exclude(rule)
        of_whole_night = ~Q(kind__in=OF_WHOLE_NIGHT) | ~Exists(hidden)
        return self.filter(may_see_named(user, at=at, prefix="observation__"), of_whole_night)


class Product(models.Model):
    """One thing to make, of an observation or a night. Night, subject and kind tell which; one row of each is current.

    `fingerprint` is its unique name: SHA-256 of inputs' checksums, algorithm, version and parameters. It is empty while
    its inputs are not there. Only the holder of the newest lease may write to it.
    """

    observation = models.ForeignKey(Observation, null=True, on_delete=models.CASCADE, related_name="products")
    night = models.DateField(help_text="Of its observation, or the one it belongs to itself")
    kind = models.CharField(max_length=32, choices=[(kind.value, kind.value) for kind in ProductKind])
    subject = models.CharField(max_length=200, help_text="Observation, or what of a night it is, such as dark_1")
    is_current = models.BooleanField(default=True, help_text="False: a later row took its place")
    state = models.CharField(max_length=16, choices=STATES, default=ProductState.PENDING.value)
    fingerprint = models.CharField(max_length=64, default="", help_text="Unique name; empty: inputs are not there yet")
    inputs = models.JSONField(default=list, help_text="Names and SHA-256 of what it is made from")
    parameters = models.JSONField(default=dict)
    algorithm = models.CharField(max_length=64, default="")
    version = models.CharField(max_length=32, default="", help_text="Of the algorithm")
    values = models.JSONField(default=dict, help_text="What was measured on the way")

    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often it was begun since it was last forced")
    error = models.TextField(default="", help_text="Of the last attempt, in plain words")
    reason = models.TextField(default="", help_text="Why it was skipped, or what it waits for")
    not_before = models.DateTimeField(help_text="Next time to try, UTC")
    queued_at = models.DateTimeField(null=True, help_text="When a worker was last asked, UTC")
    lease = models.PositiveIntegerField(default=0, help_text="Number of its newest lease: older ones may not write")
    lease_until = models.DateTimeField(null=True, help_text="When the lease ends unless it is renewed, UTC")
    worker = models.CharField(max_length=200, default="", help_text="Who holds the lease")
    started_at = models.DateTimeField(null=True, help_text="UTC")
    finished_at = models.DateTimeField(null=True, help_text="UTC")
    forced_by = models.CharField(max_length=150, default="", help_text="User who last asked for it to be made again")
    forced_reason = models.TextField(default="")
    created_at = models.DateTimeField(help_text="UTC")

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["night", "subject", "kind", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["fingerprint"], name="product_once", condition=~Q(fingerprint="")),
            models.UniqueConstraint(
                fields=["night", "subject", "kind"], name="product_current_once", condition=Q(is_current=True)
            ),
            models.CheckConstraint(
                name="product_fingerprint_is_hex", condition=Q(fingerprint="") | Q(fingerprint__regex=SHA256_PATTERN)
            ),
            models.CheckConstraint(
                name="product_begun_has_fingerprint",
                condition=Q(state__in=[ProductState.PENDING, ProductState.SKIPPED, ProductState.STALE])
                | ~Q(fingerprint=""),
            ),
            models.CheckConstraint(
                name="product_running_has_lease",
                condition=Q(state=ProductState.RUNNING, lease_until__isnull=False)
                | ~Q(state=ProductState.RUNNING) & Q(lease_until__isnull=True),
            ),
            models.CheckConstraint(
                name="product_stale_is_not_current", condition=Q(is_current=False) | ~Q(state=ProductState.STALE)
            ),
            models.CheckConstraint(
                name="product_failed_says_why", condition=~Q(state=ProductState.FAILED) | ~Q(error="")
            ),
        ]
        indexes = [
            # What the dispatcher asks for every few seconds: nearly all rows are done.
            models.Index(fields=["not_before"], name="product_pending", condition=Q(state=ProductState.PENDING.value)),
            models.Index(
                fields=["state"],
                name="product_in_work",
                condition=Q(state__in=[ProductState.QUEUED.value, ProductState.RUNNING.value]),
            ),
            models.Index(fields=["night", "state"], name="product_by_night", condition=Q(is_current=True)),
            # Which observations have one in which state, and which measurements stand, without a look at the table.
            models.Index(
                fields=["kind", "state", "observation"],
                include=["id"],
                name="product_by_kind",
                condition=Q(is_current=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject}"


class ProductAttempt(models.Model):
    """One attempt at a product, kept for people."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="history")
    lease = models.PositiveIntegerField(help_text="Number of its lease")
    worker = models.CharField(max_length=200)
    forced_by = models.CharField(max_length=150, default="", help_text="User who asked for it; empty: the pipeline")
    forced_reason = models.TextField(default="")
    started_at = models.DateTimeField(help_text="UTC")
    finished_at = models.DateTimeField(null=True, help_text="UTC; null: it runs, or its worker was lost")
    error = models.TextField(default="", help_text="Empty: it succeeded, or has not ended")

    class Meta:
        ordering = ["-lease"]
        constraints = [models.UniqueConstraint(fields=["product", "lease"], name="product_attempt_once")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.lease}"


class ProductCancellation(models.Model):
    """A person's word that a product is not to be made, until somebody has it made after all. Rows are kept."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="cancellations")
    was = models.CharField(max_length=16, choices=STATES, help_text="State of the product then")
    cancelled_by = models.CharField(max_length=150, help_text="User name")
    reason = models.TextField(help_text="Why, in that person's words")
    cancelled_at = models.DateTimeField(help_text="UTC")
    lifted_by = models.CharField(
        max_length=150, default="", help_text="User who had it made after all; of what stands as it was, who cancelled"
    )
    lifted_at = models.DateTimeField(null=True, help_text="UTC; null: it still holds")

    class Meta:
        ordering = ["-cancelled_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="product_cancellation_says_who_and_why", condition=~Q(cancelled_by="") & ~Q(reason="")
            ),
            models.CheckConstraint(
                name="product_cancellation_lifted_by_somebody",
                condition=Q(lifted_at=None, lifted_by="") | Q(lifted_at__isnull=False) & ~Q(lifted_by=""),
            ),
            models.UniqueConstraint(
                fields=["product"], name="product_cancellation_holds_once", condition=Q(lifted_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}, by {self.cancelled_by}"


class ProductFile(models.Model):
    """One file of a product: a FITS file is a version of a frame, others are bytes in the store."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="files")
    role = models.CharField(max_length=32, help_text="What it is to its product, such as stack or frames")
    filename = models.CharField(max_length=300)
    # No one-to-one: what was made anew from other inputs may have the same bytes, which the archive holds once.
    version = models.ForeignKey(Version, null=True, on_delete=models.CASCADE, related_name="product_files")
    object = models.OneToOneField(StoredObject, null=True, on_delete=models.PROTECT, related_name="product_file")
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()

    class Meta:
        ordering = ["role"]
        constraints = [
            models.UniqueConstraint(fields=["product", "role"], name="product_file_once"),
            models.CheckConstraint(
                name="product_file_is_version_or_object",
                condition=Q(version__isnull=False, object__isnull=True) | Q(version__isnull=True, object__isnull=False),
            ),
            models.CheckConstraint(name="product_file_sha256_is_hex", condition=Q(sha256__regex=SHA256_PATTERN)),
        ]

    def __str__(self) -> str:
        return self.filename


class PipelineSwitch(models.Model):
    """Whether reductions may begin. Rows are only ever added; the newest one holds."""

    is_paused = models.BooleanField()
    changed_by = models.CharField(max_length=150, help_text="User name")
    reason = models.TextField(default="")
    changed_at = models.DateTimeField(help_text="UTC")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return "paused" if self.is_paused else "running"
