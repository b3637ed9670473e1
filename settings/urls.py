"""Mounts the archive's interfaces."""

from django.contrib import admin
from django.urls import include, path

from archive.api.login import LoginForm
from settings import env

admin.site.login_form = LoginForm
admin.site.site_header = admin.site.site_title = env.NAVBAR_TITLE_TEXT

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("archive.downloads.urls")),
    path("", include("archive.live.urls")),
    path("", include("archive.web.urls")),
    path("", include("archive.api.urls")),
]
