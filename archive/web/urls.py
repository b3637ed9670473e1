"""Pages for people."""

from django.urls import path

from archive.web.frame.view import frame_page
from archive.web.night.views import night_page, nights
from archive.web.search.sky import sky
from archive.web.search.view import search
from archive.web.searches import change, searches
from archive.web.telemetry_plots import plots

urlpatterns = [
    path("frame/<int:frame_id>/", frame_page, name="frame-page"),
    path("night/", nights, name="night-list"),
    path("night/<str:night>/", night_page, name="night-page"),
    path("search/", search, name="search"),
    path("searches/", searches, name="searches"),
    path("searches/<int:search_id>/", change, name="search-change"),
    path("search/sky/", sky, name="search-sky"),
    path("telemetry/plots/", plots, name="telemetry-plots"),
]
