"""Colour pictures: three public frames of one target, each through another filter, as one picture."""

from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, OuterRef, Q

from archive.enums import ColourState
from archive.models.frame import visible_condition
from archive.models.stored_object import StoredObject
from archive.models.version import Version

BANDS = ("red", "green", "blue")


class ColourPictureQuerySet(models.QuerySet["ColourPicture"]):
    def public(self, *, at: datetime) -> "ColourPictureQuerySet":
        """Keep what is made of frames that everybody may see at time `at`, all three of them."""
        nobody = AnonymousUser()
        every = Q()
        for band in BANDS:
            every &= visible_condition(nobody, at=at, prefix=f"{band}__frame__")
        return self.filter(every)

    def shown(self, *, at: datetime) -> "ColourPictureQuerySet":
        """Keep what the gallery shows: made, not taken away by staff, of public frames."""
        return self.public(at=at).filter(state=ColourState.DONE, hidden_at=None)

    def of_frames(self, frame_ids: list[int]) -> "ColourPictureQuerySet":
        """Keep what is made of any of these frames."""
        ids: set[int] = set()
        for band in BANDS:  # a question for each: one for all, with OR, would read the whole table
            ids.update(self.filter(**{f"{band}__frame__any_of": frame_ids}).values_list("pk", flat=True))
        return self.filter(pk__in=ids)

    def of_version(self, version: Version | OuterRef) -> "ColourPictureQuerySet":
        """Keep what is made of this version."""
        return self.filter(Q(red=version) | Q(green=version) | Q(blue=version))

    def with_frames(self) -> "ColourPictureQuerySet":
        return self.select_related(*(f"{band}__frame" for band in BANDS))


class ColourPicture(models.Model):
    """One picture, from the day that somebody asked for it."""

    target_name = models.CharField(max_length=1000, help_text="As the newest of its frames has it")
    target_key = models.CharField(max_length=1000, help_text="The name without case, accents, blanks and hyphens")
    site_id = models.CharField(max_length=64)
    instrument_id = models.CharField(max_length=64)
    # Null once the version is gone, by whatever way it went: such a row is shown to nobody, and swept up.
    red = models.ForeignKey(
        Version, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Of the longest waves"
    )
    green = models.ForeignKey(Version, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Between")
    blue = models.ForeignKey(
        Version, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Of the shortest waves"
    )
    observed_at = models.DateTimeField(help_text="When the newest of its frames was begun, UTC")
    state = models.CharField(
        max_length=8, choices=[(state.value, state.value) for state in ColourState], default=ColourState.WAITING
    )
    attempts = models.SmallIntegerField(default=0, help_text="How often it was begun and not made")
    reason = models.TextField(default="", help_text="Why it could not be made; else empty")
    asked_at = models.DateTimeField(help_text="When it was chosen to be made, UTC")
    made_at = models.DateTimeField(null=True, help_text="UTC; null: not yet")
    hidden_at = models.DateTimeField(null=True, help_text="When staff took it away, UTC; null: nobody did")
    hidden_by = models.CharField(max_length=150, default="", blank=True, help_text="Who of staff took it away")
    width_px = models.PositiveIntegerField(null=True, help_text="Width, px")
    height_px = models.PositiveIntegerField(null=True, help_text="Height, px")
    pixel_arcsec = models.FloatField(null=True, help_text="Side of a pixel on the sky, arcsec")
    up_deg = models.FloatField(null=True, help_text="Position angle of the way up, north through east, deg")
    ra_deg = models.FloatField(null=True, help_text="Its middle, right ascension, ICRS, deg")
    dec_deg = models.FloatField(null=True, help_text="Its middle, declination, ICRS, deg")
    picture = models.OneToOneField(
        StoredObject, null=True, on_delete=models.CASCADE, related_name="colour_picture", help_text="JPEG"
    )
    thumbnail = models.OneToOneField(
        StoredObject, null=True, on_delete=models.CASCADE, related_name="colour_thumbnail", help_text="Small JPEG"
    )
    cube = models.OneToOneField(
        StoredObject,
        null=True,
        on_delete=models.CASCADE,
        related_name="colour_cube",
        help_text="Its three planes, FITS",
    )

    objects = ColourPictureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["target_key", *BANDS], name="colour_picture_once"),
            models.CheckConstraint(name="colour_picture_has_target", condition=~Q(target_key="")),
            models.CheckConstraint(
                name="colour_picture_done_is_whole",
                condition=~Q(state=ColourState.DONE)
                | Q(
                    picture__isnull=False,
                    thumbnail__isnull=False,
                    cube__isnull=False,
                    made_at__isnull=False,
                    width_px__gt=0,
                    height_px__gt=0,
                    pixel_arcsec__gt=0,
                    up_deg__isnull=False,
                    ra_deg__isnull=False,
                    dec_deg__isnull=False,
                ),
            ),
        ]
        indexes = [
            models.Index(
                F("observed_at").desc(),
                F("id").desc(),
                name="colour_picture_newest",
                condition=Q(state=ColourState.DONE, hidden_at=None),
            ),
            models.Index(fields=["target_key", "site_id", "instrument_id"], name="colour_picture_by_target"),
            models.Index(fields=["asked_at"], name="colour_picture_waiting", condition=Q(state=ColourState.WAITING)),
        ]

    def __str__(self) -> str:
        return f"{self.target_name} ({self.instrument_id})"

    @property
    def versions(self) -> tuple[Version | None, Version | None, Version | None]:
        """Red, green, blue."""
        return self.red, self.green, self.blue

    @property
    def held(self) -> list[StoredObject]:
        """What of it lies in the store."""
        return [stored for stored in (self.picture, self.thumbnail, self.cube) if stored is not None]
