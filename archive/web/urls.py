"""Pages for people."""

from django.urls import path

from archive.web.account import set_password
from archive.web.cart.downloading import download_page, freeze_cart
from archive.web.cart.filling import change as change_cart
from archive.web.cart.views import cart, empty, listed, paste
from archive.web.frame.kin import frame_family
from archive.web.frame.telemetry import frame_telemetry
from archive.web.frame.view import frame_page
from archive.web.gallery.views import gallery, gallery_file, gallery_picture
from archive.web.night.views import night_page, nights
from archive.web.observation.view import observation_page
from archive.web.search.arrivals import new_frames
from archive.web.search.moc import moc
from archive.web.search.sky import sky
from archive.web.search.view import search
from archive.web.searches import change, searches
from archive.web.site.family import site_family
from archive.web.site.views import site_list, site_page
from archive.web.staff.arrivals import ingest, quarantined
from archive.web.staff.expiries import expiries
from archive.web.staff.jobs import job, pipeline
from archive.web.staff.overview import health, overview
from archive.web.staff.people import directory
from archive.web.staff.person import add as add_person
from archive.web.staff.person import person
from archive.web.staff.programme import add_programme, programme
from archive.web.staff.psf import library
from archive.web.staff.releases import release
from archive.web.staff.storage import storage
from archive.web.telemetry_plots import plots

urlpatterns = [
    path("account/password/<uidb64>/<token>/", set_password, name="password-set"),
    path("cart/", cart, name="cart"),
    path("cart/change/", change_cart, name="cart-change"),
    path("cart/paste/", paste, name="cart-paste"),
    path("cart/empty/", empty, name="cart-empty"),
    path("cart/list/", listed, name="cart-list"),
    path("cart/download/", freeze_cart, name="cart-freeze"),
    path("cart/download/<uuid:pk>/", download_page, name="cart-download"),
    path("frame/<int:frame_id>/", frame_page, name="frame-page"),
    path("frame/<int:frame_id>/family/", frame_family, name="frame-family"),
    path("frame/<int:frame_id>/telemetry/", frame_telemetry, name="frame-page-telemetry"),
    path("gallery/", gallery, name="gallery"),
    path("gallery/<int:picture_id>/", gallery_picture, name="gallery-picture"),
    path("gallery/<int:picture_id>/<str:name>", gallery_file, name="gallery-file"),
    path("night/", nights, name="night-list"),
    path("night/<str:night>/", night_page, name="night-page"),
    path("observation/<str:name>/", observation_page, name="observation-page"),
    path("search/", search, name="search"),
    path("searches/", searches, name="searches"),
    path("searches/<int:search_id>/", change, name="search-change"),
    path("search/new/", new_frames, name="search-new"),
    path("search/sky/", sky, name="search-sky"),
    path("search/moc/", moc, name="search-moc"),
    path("site/", site_list, name="site-list"),
    path("site/<str:code>/", site_page, name="site-page"),
    path("site/<str:code>/<str:directory>/<str:base>/", site_family, name="site-family"),
    path("staff/", overview, name="staff"),
    path("staff/health/", health, name="staff-health"),
    path("staff/ingest/", ingest, name="staff-ingest"),
    path("staff/quarantine/", quarantined, name="staff-quarantine"),
    path("staff/pipeline/", pipeline, name="staff-pipeline"),
    path("staff/pipeline/<int:product_id>/", job, name="staff-pipeline-job"),
    path("staff/storage/", storage, name="staff-storage"),
    path("staff/psf-library/", library, name="staff-psf-library"),
    path("staff/people/", directory, name="staff-people"),
    path("staff/people/add/", add_person, name="staff-people-add"),
    path("staff/people/user/<int:user_id>/", person, name="staff-people-user"),
    path("staff/people/add-programme/", add_programme, name="staff-people-programme-add"),
    path("staff/people/programme/<path:proposal_id>/", programme, name="staff-people-programme"),
    path("staff/expiry/", expiries, name="staff-expiry"),
    path("staff/releases/", release, name="staff-releases"),
    path("telemetry/plots/", plots, name="telemetry-plots"),
]
