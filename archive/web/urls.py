"""Pages for people."""

from django.urls import path

from archive.web.telemetry_plots import plots

urlpatterns = [
    path("telemetry/plots/", plots, name="telemetry-plots"),
]
