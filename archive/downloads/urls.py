"""Routes of bytes."""

from django.urls import path

from archive.downloads.bundles import BundleView
from archive.downloads.cutout import CutoutSkyView, CutoutView
from archive.downloads.frozen import DownloadsView, DownloadView, MemberView
from archive.downloads.funpack import CatalogView, FunpackView
from archive.downloads.images import ImageView
from archive.downloads.manifest_view import ManifestView
from archive.downloads.night_script import NightScriptView
from archive.downloads.products import NightFileView, ProductFileView
from archive.downloads.script_view import ScriptView, SelectionScriptView
from archive.downloads.views import FrameDownloadView, SignedFileView
from archive.downloads.zip import ZipView

urlpatterns = [
    path("frames/zip/", ZipView.as_view(), name="frame-zip"),
    path("frames/script/", ScriptView.as_view(), name="frame-script"),
    path("downloads/", DownloadsView.as_view(), name="downloads"),
    path("downloads/<uuid:pk>/", DownloadView.as_view(), name="download"),
    path("downloads/<uuid:pk>/script/", SelectionScriptView.as_view(), name="download-script"),
    path("downloads/<uuid:pk>/manifest/", ManifestView.as_view(), name="download-manifest"),
    path("downloads/<uuid:pk>/<int:number>/<str:name>", MemberView.as_view(), name="download-member"),
    path("frame-funpack/<int:pk>/funpack/", FunpackView.as_view(), name="frame-funpack"),
    path("frame-catalog/<int:pk>/catalog/", CatalogView.as_view(), name="frame-catalog"),
    path("frames/<int:pk>/download/", FrameDownloadView.as_view(), name="frame-download"),
    path("frames/<int:pk>/image/", ImageView.as_view(), name="frame-image"),
    path("frames/<int:pk>/cutout/", CutoutView.as_view(), name="frame-cutout"),
    path("frames/<int:pk>/cutout/sky/", CutoutSkyView.as_view(), name="frame-cutout-sky"),
    path("observations/<str:name>/products/<str:kind>/<str:role>", ProductFileView.as_view(), name="observation-file"),
    path("observations/<str:name>/bundle/", BundleView.as_view(), name="observation-bundle"),
    path("nights/<str:date>/products/<str:subject>/<str:kind>/<str:role>", NightFileView.as_view(), name="night-file"),
    path("nights/<str:date>/script/", NightScriptView.as_view(), name="night-script"),
    path("store/<path:path>", SignedFileView.as_view(), name="signed-file"),
]
