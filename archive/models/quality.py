"""What reductions measured of images and of the air: one row for each measurement that stands."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from archive.enums import StrehlFlag
from archive.models.observation import Observation
from archive.models.product import Product
from archive.models.readers import Reader, may_see, may_see_named


class StrehlQuerySet(models.QuerySet["StrehlMeasurement"]):
    def visible_to(self, user: Reader, *, at: datetime) -> "StrehlQuerySet":
        """Keep what `user` may see at time `at`: measurements of observations that are visible."""
        return self.filter(may_see(user, at=at, prefix="observation__"))


class StrehlMeasurement(models.Model):
    """Strehl ratio, core and halo of the star of one observation. Ratios are 0 to 1, sizes are full widths."""

    product = models.OneToOneField(Product, primary_key=True, on_delete=models.CASCADE, related_name="strehl")
    observation = models.ForeignKey(Observation, on_delete=models.CASCADE, related_name="strehls")
    strehl_ratio = models.FloatField(help_text="Peak over that of a perfect telescope, 0 to 1")
    strehl_error = models.FloatField(help_text="One standard deviation")
    strehl_legacy = models.FloatField(null=True, help_text="By the formula of older papers, for comparison")
    core_arcsec = models.FloatField(null=True, help_text="Full width of the core at half its height, arcsec")
    halo_arcsec = models.FloatField(null=True, help_text="Full width of the halo at half its height, arcsec")
    fwhm_arcsec = models.FloatField(null=True, help_text="Full width of the star at half its height, arcsec")
    signal_to_noise = models.FloatField(null=True)
    flag = models.CharField(max_length=8, choices=[(flag.value, flag.value) for flag in StrehlFlag])
    warnings = models.JSONField(default=list, help_text="What speaks against the measurement, such as saturated")
    y_px = models.FloatField(help_text="Position of the star in its stack, from zero, px")
    x_px = models.FloatField(help_text="The same")
    measured_at = models.DateTimeField(help_text="UTC")

    objects = StrehlQuerySet.as_manager()

    class Meta:
        ordering = ["-measured_at", "-product_id"]
        constraints = [models.CheckConstraint(name="strehl_error_not_negative", condition=Q(strehl_error__gte=0))]
        indexes = [models.Index(fields=["strehl_ratio"], name="strehl_by_ratio")]

    def __str__(self) -> str:
        return f"{self.strehl_ratio:.3f} of {self.observation_id}"


class SeeingQuerySet(models.QuerySet["SeeingMeasurement"]):
    def visible_to(self, user: Reader, *, at: datetime) -> "SeeingQuerySet":
        """Keep what `user` may see at time `at`, by the rule of products: seeing of nights is for everybody."""
        return self.filter(may_see_named(user, at=at, prefix="product__observation__"))


class SeeingMeasurement(models.Model):
    """Seeing from one exposure without correction. Widths are full widths at half maximum, arcsec."""

    product = models.OneToOneField(Product, primary_key=True, on_delete=models.CASCADE, related_name="seeing")
    night = models.DateField(db_index=True)
    observed_at = models.DateTimeField(help_text="UTC")
    primary_optical_element = models.CharField(max_length=100, help_text="Filter")
    exposure_time = models.FloatField(null=True, help_text="s")
    fwhm_arcsec = models.FloatField(help_text="As seen, without the smoothing of the image")
    fwhm_error_arcsec = models.FloatField(help_text="One standard deviation")
    fwhm_y_arcsec = models.FloatField(help_text="Along the columns of the detector, from row to row")
    fwhm_x_arcsec = models.FloatField(help_text="Along its rows, from column to column")
    zenith_500nm_arcsec = models.FloatField(null=True, help_text="The same at 500 nm and the zenith")
    model = models.CharField(max_length=16, help_text="moffat or gaussian: which fit it is from")
    measured_at = models.DateTimeField(help_text="UTC")

    objects = SeeingQuerySet.as_manager()

    class Meta:
        ordering = ["observed_at"]
        constraints = [models.CheckConstraint(name="seeing_fwhm_positive", condition=Q(fwhm_arcsec__gt=0))]

    def __str__(self) -> str:
        return f"{self.fwhm_arcsec:.2f} arcsec at {self.observed_at:%Y-%m-%d %H:%M}"
