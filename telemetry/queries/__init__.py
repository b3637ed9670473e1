"""Questions to telemetry: records, latest values, bins for plots, values at an exposure, gaps, spans. SQL by Django."""
