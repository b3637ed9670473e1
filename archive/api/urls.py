"""Routes of the API."""

from django.contrib.auth.views import LoginView
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.routers import DefaultRouter

from archive.api.accounts import AddUpdateUserView, ProfileView, RevokeTokenView, TokenView
from archive.api.aggregates import AggregateView
from archive.api.events import ReplayView
from archive.api.frames import FrameViewSet
from archive.api.health import health, ready, robots
from archive.api.login import LoginForm
from archive.api.portal_login import portal_callback, portal_login
from archive.api.schemes import BearerScheme as _BearerScheme  # noqa: F401 - drf-spectacular finds it once imported
from archive.api.thumbnails import ThumbnailViewSet
from archive.api.versions import VersionViewSet

router = DefaultRouter()
router.include_format_suffixes = False
router.register("frames", FrameViewSet, basename="frame")
router.register("versions", VersionViewSet, basename="version")
router.register("thumbnails", ThumbnailViewSet, basename="thumbnail")

urlpatterns = [
    path("profile/", ProfileView.as_view(), name="profile"),
    path("api-token-auth/", TokenView.as_view(), name="api-token-auth"),
    path("revoke_token/", RevokeTokenView.as_view(), name="revoke-token"),
    path("authprofile/addupdateuser/", AddUpdateUserView.as_view(), name="addupdateuser"),
    path(
        "api-auth/login/",  # before the include: the same page, with a form that says why nobody may log in
        LoginView.as_view(template_name="rest_framework/login.html", authentication_form=LoginForm),
    ),
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
    path("", include(router.urls)),
]
