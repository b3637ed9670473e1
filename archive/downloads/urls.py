"""Routes of bytes."""

from django.urls import path

from archive.downloads.views import DownloadView, signed_file

urlpatterns = [
    path("frames/<int:pk>/download/", DownloadView.as_view(), name="frame-download"),
    path("store/<path:path>", signed_file, name="signed-file"),
]
