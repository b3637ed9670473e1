"""Mounts the archive's interfaces."""

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import include, path

from archive.api.login import LoginForm
from archive.web.policy import strict_policy
from settings import env

admin.site.login_form = LoginForm
admin.site.site_header = admin.site.site_title = env.NAVBAR_TITLE_TEXT

handler404 = "archive.web.missing.not_found"
login = LoginView.as_view(template_name="rest_framework/login.html", authentication_form=LoginForm)
urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("archive.downloads.urls")),
    path("", include("archive.live.urls")),
    path("", include("archive.web.urls")),
    # Before the API's own: the same page, with a form that says why nobody may log in.
    path("api-auth/login/", strict_policy(login)),
    path("", include("archive.api.urls")),
]
