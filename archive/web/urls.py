"""Pages for people."""

from django.urls import path

from archive.web.search.sky import sky
from archive.web.search.view import search
from archive.web.telemetry_plots import plots

urlpatterns = [
    path("search/", search, name="search"),
    path("search/sky/", sky, name="search-sky"),
    path("telemetry/plots/", plots, name="telemetry-plots"),
]
