"""Django's entry to telemetry."""

from django.apps import AppConfig


class TelemetryConfig(AppConfig):
    name = "telemetry"
    verbose_name = "Instrument telemetry"
    default_auto_field = "django.db.models.BigAutoField"
