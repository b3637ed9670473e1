"""Django's entry to the archive's models."""

from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    name = "archive"
    verbose_name = "Archive"

    def ready(self) -> None:
        from archive import signals  # noqa: F401, PLC0415 - receivers connect once the models are loaded
