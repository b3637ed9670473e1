"""Routes of the API."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from archive.api.accounts import AddUpdateUserView, ProfileView, RevokeTokenView, TokenView
from archive.api.aggregates import AggregateView
from archive.api.ao_nights import NightsView, NightView, ProgressView
from archive.api.arrivals import IngestView
from archive.api.colour_pictures import ColourPicturesView
from archive.api.events import ReplayView
from archive.api.families import (
    FamiliesView,
    FitsHeaderView,
    ImageView,
    InfoImageView,
    LatestImagesView,
    LatestOfAllSitesView,
)
from archive.api.frame_tables import FrameTablesView, FrameTableView
from archive.api.frames import FrameViewSet
from archive.api.health import health, ready, robots
from archive.api.inventory import FilesView, FileView, LagView, ReplicasView
from archive.api.muse_data import MuseDataView, MuseHduView, MusePsfView, MuseSourcesView, MuseSourceView
from archive.api.muse_exposures import MuseExposuresView, MuseExposureView
from archive.api.muse_table import MuseTableView
from archive.api.muse_targets import MuseMergeView, MuseTargetsView, MuseTargetView, MuseWipedView
from archive.api.nights import CalendarView, NightLogView, NoteView
from archive.api.object_events import ObjectEventsView
from archive.api.observations import CancelView, ObservationsView, ObservationView, RedoView
from archive.api.portal_login import portal_callback, portal_login
from archive.api.psf_library import CandidatesView, CandidateView, LibraryVersionView, SubtractAnewView
from archive.api.quality import SeeingView, StrehlView
from archive.api.quality_contrast import CompanionsView, ContrastView
from archive.api.recent_uploads import RecentUploadsView
from archive.api.root import Router
from archive.api.saved_searches import SavedSearchesView, SavedSearchView
from archive.api.schemes import BearerScheme as _BearerScheme  # noqa: F401 - drf-spectacular finds it once imported
from archive.api.sites import SiteConfigurationView, SiteHistoryView, SitesView
from archive.api.statistics import (
    ContrastStatisticsView,
    DeadTimesView,
    SeeingStatisticsView,
    StrehlStatisticsView,
)
from archive.api.telemetry import ChannelsView, LatestView, RecordsView
from archive.api.telemetry_agent import AgentChunksView, AgentFilesView, AgentHostView, AgentWaitingView
from archive.api.telemetry_derived import AtView, BinnedView, FrameTelemetryView, GapsView, SpansView
from archive.api.thumbnails import ThumbnailViewSet
from archive.api.uploads import CompleteView, PartsView, TicketFileView, TicketsView, TicketView
from archive.api.versions import VersionViewSet

router = Router()
router.register("frames", FrameViewSet, basename="frame")
router.register("versions", VersionViewSet, basename="version")
router.register("thumbnails", ThumbnailViewSet, basename="thumbnail")

urlpatterns = [
    path("profile/", ProfileView.as_view(), name="profile"),
    path("api-token-auth/", TokenView.as_view(), name="api-token-auth"),
    path("revoke_token/", RevokeTokenView.as_view(), name="revoke-token"),
    path("authprofile/addupdateuser/", AddUpdateUserView.as_view(), name="addupdateuser"),
    path("api-auth/portal/", portal_login, name="portal-login"),
    path("api-auth/portal/callback/", portal_callback, name="portal-callback"),
    path("api-auth/", include("rest_framework.urls")),
    path("health/", health, name="health"),
    path("health/ready/", ready, name="health-ready"),
    path("robots.txt", robots, name="robots"),
    path("events/replay/", ReplayView.as_view(), name="events-replay"),
    path("openapi/", SpectacularAPIView.as_view(), name="openapi"),
    path("swagger/", SpectacularSwaggerView.as_view(url_name="openapi"), name="swagger"),
    path("redoc/", SpectacularRedocView.as_view(url_name="openapi", template_name="archive/redoc.html"), name="redoc"),
    path("frames/aggregate/", AggregateView.as_view(), name="frame-aggregate"),
    path("filtered_images/", FamiliesView.as_view(), name="filtered-images"),
    path("image/<str:base>/", ImageView.as_view(), name="image"),
    path("fitsheader/<str:base>/", FitsHeaderView.as_view(), name="fitsheader"),
    path("latest_image_all_sites/", LatestOfAllSitesView.as_view(), name="latest-image-all-sites"),
    path("<str:site>/latest_images/<int:n>/", LatestImagesView.as_view(), name="latest-images"),
    path("infoimage/<str:site>/<int:channel>/", InfoImageView.as_view(), name="infoimage"),
    path("observations/", ObservationsView.as_view(), name="observations"),
    path("observations/<str:name>/", ObservationView.as_view(), name="observation"),
    path("observations/<str:name>/redo/", RedoView.as_view(), name="observation-redo"),
    path("observations/<str:name>/cancel/", CancelView.as_view(), name="observation-cancel"),
    path("nights/", NightsView.as_view(), name="nights"),
    path("nights/<str:date>/", NightView.as_view(), name="night"),
    path("nights/<str:date>/progress/", ProgressView.as_view(), name="night-progress"),
    path("nights/<str:date>/subtract-anew/", SubtractAnewView.as_view(), name="night-subtract-anew"),
    path("quality/strehl/", StrehlView.as_view(), name="quality-strehl"),
    path("quality/seeing/", SeeingView.as_view(), name="quality-seeing"),
    path("quality/seeing/statistics/", SeeingStatisticsView.as_view(), name="quality-seeing-statistics"),
    path("quality/strehl/statistics/", StrehlStatisticsView.as_view(), name="quality-strehl-statistics"),
    path("quality/contrast/statistics/", ContrastStatisticsView.as_view(), name="quality-contrast-statistics"),
    path("quality/dead-times/", DeadTimesView.as_view(), name="quality-dead-times"),
    path("quality/contrast/", ContrastView.as_view(), name="quality-contrast"),
    path("quality/companions/", CompanionsView.as_view(), name="quality-companions"),
    path("frames/<int:pk>/tables/", FrameTablesView.as_view(), name="frame-tables"),
    path("frames/<int:pk>/tables/<str:name>/", FrameTableView.as_view(), name="frame-table"),
    path("muse/", MuseWipedView.as_view(), name="muse"),
    path("muse/table/", MuseTableView.as_view(), name="muse-table"),
    path("muse/targets/", MuseTargetsView.as_view(), name="muse-targets"),
    path("muse/targets/<int:target_id>/", MuseTargetView.as_view(), name="muse-target"),
    path("muse/targets/<int:target_id>/merge/", MuseMergeView.as_view(), name="muse-merge"),
    path("muse/exposures/", MuseExposuresView.as_view(), name="muse-exposures"),
    path("muse/exposures/<str:name>/", MuseExposureView.as_view(), name="muse-exposure"),
    path("muse/exposures/<str:name>/data/", MuseDataView.as_view(), name="muse-data"),
    path("muse/exposures/<str:name>/data/<str:hdu>/", MuseHduView.as_view(), name="muse-hdu"),
    path("muse/exposures/<str:name>/psfParams/", MusePsfView.as_view(), name="muse-psf"),
    path("muse/exposures/<str:name>/sources/", MuseSourcesView.as_view(), name="muse-sources"),
    path("muse/exposures/<str:name>/sources/<str:source>/", MuseSourceView.as_view(), name="muse-source"),
    path("colour-pictures/", ColourPicturesView.as_view(), name="colour-pictures"),
    path("saved-searches/", SavedSearchesView.as_view(), name="saved-searches"),
    path("saved-searches/<int:search_id>/", SavedSearchView.as_view(), name="saved-search"),
    path("psf-library/", CandidatesView.as_view(), name="psf-library"),
    path("psf-library/versions/<str:sha256>/", LibraryVersionView.as_view(), name="psf-library-version"),
    path("psf-library/<str:name>/", CandidateView.as_view(), name="psf-candidate"),
    path("sites/", SitesView.as_view(), name="sites"),
    path("sites/<slug:site>/config/", SiteConfigurationView.as_view(), name="site-config"),
    path("sites/<slug:site>/config/history/", SiteHistoryView.as_view(), name="site-history"),
    path("sites/<slug:site>/nightlog/", NightLogView.as_view(), name="site-nightlog"),
    path("sites/<slug:site>/nightlog/<int:pk>/", NoteView.as_view(), name="site-note"),
    path("sites/<slug:site>/calendar/", CalendarView.as_view(), name="site-calendar"),
    path("telemetry/", RecordsView.as_view(), name="telemetry"),
    path("telemetry/channels/", ChannelsView.as_view(), name="telemetry-channels"),
    path("telemetry/latest/", LatestView.as_view(), name="telemetry-latest"),
    path("telemetry/binned/", BinnedView.as_view(), name="telemetry-binned"),
    path("telemetry/gaps/", GapsView.as_view(), name="telemetry-gaps"),
    path("telemetry/spans/", SpansView.as_view(), name="telemetry-spans"),
    path("telemetry/at/", AtView.as_view(), name="telemetry-at"),
    path("files/", FilesView.as_view(), name="files"),
    path("files/lag/", LagView.as_view(), name="files-lag"),
    path("files/<int:pk>/", FileView.as_view(), name="file"),
    path("replicas/", ReplicasView.as_view(), name="replicas"),
    path("frames/<int:pk>/telemetry/", FrameTelemetryView.as_view(), name="frame-telemetry"),
    path("uploads/", TicketsView.as_view(), name="uploads"),
    path("uploads/<uuid:pk>/", TicketView.as_view(), name="upload"),
    path("uploads/<uuid:pk>/parts/", PartsView.as_view(), name="upload-parts"),
    path("uploads/<uuid:pk>/complete/", CompleteView.as_view(), name="upload-complete"),
    path("uploads/<uuid:pk>/file/<str:name>", TicketFileView.as_view(), name="upload-file"),
    path("ingest/<path:name>", IngestView.as_view(), name="ingest"),
    path("object-events/", ObjectEventsView.as_view(), name="object-events"),
    path("recentuploads/", RecentUploadsView.as_view(), name="recent-uploads"),
    path("telemetry/agent/", AgentHostView.as_view(), name="telemetry-agent"),
    path("telemetry/agent/files/", AgentFilesView.as_view(), name="telemetry-agent-files"),
    path("telemetry/agent/waiting/", AgentWaitingView.as_view(), name="telemetry-agent-waiting"),
    path("telemetry/agent/chunks/", AgentChunksView.as_view(), name="telemetry-agent-chunks"),
    path("", include(router.urls)),
]
