"""Life times: rules, what single uploads were given, and what is left of what went."""

from collections.abc import Mapping
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from archive.enums import CountedFrom, ExpiringKind
from archive.models.readers import Reader, may_see

# What a rule may ask for, the most specific first.
SELECTORS = ("instrument_id", "site_id", "data_type", "configuration_type")
# A kind that lacks one of them is never met by a rule that asks for it.
SELECTORS_OF: Mapping[str, tuple[str, ...]] = {
    ExpiringKind.FRAME: ("instrument_id", "site_id", "configuration_type"),
    ExpiringKind.FAMILY: ("instrument_id", "site_id", "data_type"),
    ExpiringKind.ALL_SKY: ("instrument_id", "site_id", "data_type"),
    ExpiringKind.TEST: ("instrument_id", "site_id", "data_type"),
    ExpiringKind.INFO_IMAGE: ("instrument_id", "site_id", "data_type"),
    ExpiringKind.CACHE: (),
}
# Kinds that are observations, and live long: the others are counted from their upload and stay in their class.
OBSERVATIONS = (ExpiringKind.FRAME, ExpiringKind.FAMILY, ExpiringKind.ALL_SKY, ExpiringKind.TEST)

KINDS = [(kind.value, kind.value) for kind in ExpiringKind]


class ExpiryRule(models.Model):
    """How long things of one kind live. Empty selectors ask for nothing; the most specific rule wins."""

    name = models.CharField(max_length=100, unique=True, help_text="Stands in the reason that readers are told")
    kind = models.CharField(max_length=16, choices=KINDS, help_text="What lives so long")
    instrument_id = models.CharField(max_length=64, default="", blank=True, help_text="Instrument; empty: any")
    site_id = models.CharField(max_length=64, default="", blank=True, help_text="Site; empty: any")
    data_type = models.CharField(max_length=16, default="", blank=True, help_text="Letters of a file name; empty: any")
    configuration_type = models.CharField(max_length=64, default="", blank=True, help_text="As in OBSTYPE; empty: any")
    after = models.DurationField(
        null=True, blank=True, help_text="Days and HH:MM:SS, such as 7 00:00:00; empty: it stays for ever"
    )
    counted_from = models.CharField(
        max_length=16,
        choices=[(moment.value, moment.value) for moment in CountedFrom],
        default=CountedFrom.UPLOAD,
        help_text="Upload: of its newest file",
    )
    last_raw_copy = models.BooleanField(
        default=False, help_text="Raw frames may go too (reduction level 0): nothing can bring them back"
    )
    only_storage_class = models.BooleanField(
        default=False, help_text="Nothing is deleted: the bytes move to infrequent access"
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["kind", "name"]
        constraints = [
            # With this no two rules can tie: docs/decisions/0017.
            models.UniqueConstraint(
                name="expiry_rule_once",
                fields=["kind", *SELECTORS, "only_storage_class"],
                violation_error_message="There is a rule for the same things already: change that one.",
            ),
            models.CheckConstraint(
                name="expiry_rule_has_time",
                condition=Q(after__isnull=True) | Q(after__gt=timedelta(0)),
                violation_error_message="The time must be longer than nothing.",
            ),
            models.CheckConstraint(name="expiry_rule_has_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def asked(self) -> dict[str, str]:
        """Selectors that are set, the most specific first."""
        return {name: getattr(self, name) for name in SELECTORS if getattr(self, name)}

    def clean(self) -> None:
        """Refuse what the kind of thing does not have."""
        faults = {
            name: f"A thing of the kind {self.kind} has none: leave it empty."
            for name in self.asked
            if name not in SELECTORS_OF.get(self.kind, SELECTORS)
        }
        if self.counted_from == CountedFrom.OBSERVATION and self.kind not in OBSERVATIONS:
            faults["counted_from"] = f"A thing of the kind {self.kind} is counted from its upload."
        if self.only_storage_class and self.kind not in OBSERVATIONS:
            faults["only_storage_class"] = f"Things of the kind {self.kind} stay in their class: they do not live long."
        if faults:
            raise ValidationError(faults)


class OwnExpiry(models.Model):
    """When one thing goes, whatever the rules say: given with its upload."""

    kind = models.CharField(max_length=16, choices=KINDS)
    name = models.CharField(max_length=1000, help_text="Its whole name, such as a frame's basename")
    expires_at = models.DateTimeField(help_text="UTC")
    set_by = models.CharField(max_length=150, default="", blank=True, help_text="User name")
    set_at = models.DateTimeField(help_text="UTC")

    class Meta:
        verbose_name_plural = "own expiries"
        constraints = [
            models.UniqueConstraint(name="own_expiry_once", fields=["kind", "name"]),
            models.CheckConstraint(name="own_expiry_has_name", condition=~Q(name="")),
        ]
        indexes = [models.Index(fields=["kind", "expires_at"], name="own_expiry_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class TombstoneQuerySet(models.QuerySet["Tombstone"]):
    def visible_to(self, user: Reader) -> "TombstoneQuerySet":
        """Keep what `user` could have seen when it went: the others must not learn that it was there."""
        placeholder = Q(kind=ExpiringKind.FRAME.value, observation_date=None)
        return self.filter(~placeholder & may_see(user, at=F("deleted_at")))


class Tombstone(models.Model):
    """What is left of one thing that was deleted. The columns of visibility are those of a frame."""

    kind = models.CharField(max_length=16, choices=KINDS)
    thing_id = models.BigIntegerField(help_text="Its id, which no other thing of the kind will have")
    name = models.CharField(max_length=1000, help_text="Its whole name, such as a frame's basename")
    files = models.JSONField(help_text="Names of its files")
    rule = models.CharField(max_length=100, help_text="Rule by which it went, or: by hand, its own expiry")
    reason = models.TextField(help_text="The same in a sentence")
    deleted_by = models.CharField(max_length=150, default="", blank=True, help_text="Who did it by hand")
    deleted_at = models.DateTimeField(help_text="UTC")
    proposal_id = models.CharField(max_length=64, default="", blank=True)
    observation_date = models.DateTimeField(null=True, help_text="UTC; null of a frame: nobody saw it")
    public_date = models.DateTimeField(null=True, help_text="When everybody might have seen it, UTC; null: never")

    objects = TombstoneQuerySet.as_manager()

    class Meta:
        ordering = ["-deleted_at", "-id"]
        constraints = [models.UniqueConstraint(name="tombstone_once", fields=["kind", "thing_id"])]
        indexes = [
            models.Index(fields=["kind", "name"], name="tombstone_by_name"),
            models.Index(fields=["-deleted_at", "-id"], name="tombstone_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}, deleted {self.deleted_at:%Y-%m-%d}"


class DoomedBytes(models.Model):
    """Bytes that have lost their rows. It is written with that, and deleted when the store has removed them."""

    store = models.CharField(max_length=16, help_text="Which store holds the bytes")
    path = models.TextField(help_text="Path in the store")
    version_ids = models.JSONField(help_text="Versions that go")
    orphans_before = models.DateTimeField(
        null=True, help_text="Versions stored before, of which no row knows, and delete markers go too; null: they stay"
    )

    class Meta:
        verbose_name_plural = "doomed bytes"

    def __str__(self) -> str:
        return f"{self.store}:{self.path}"
