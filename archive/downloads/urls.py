"""Routes of bytes."""

from django.urls import path

from archive.downloads.views import DownloadView, SignedFileView

urlpatterns = [
    path("frames/<int:pk>/download/", DownloadView.as_view(), name="frame-download"),
    path("store/<path:path>", SignedFileView.as_view(), name="signed-file"),
]
