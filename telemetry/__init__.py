"""Instrument telemetry and file inventory: an app and a schema of its own, which also runs alone."""
