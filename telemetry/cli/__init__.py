"""The commands of telemetry: `xtelemdb` on a database of its own, `manage.py telemetry` on the archive's."""
