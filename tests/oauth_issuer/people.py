"""Users of this portal, what it tells of them, and its routes."""

import json
from datetime import timedelta

from django.contrib.auth import authenticate, login
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import include, path
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application, RefreshToken

PEOPLE = {}  # by user name: what the profile tells
CALLS = {"profile": 0}


def register_archive():
    """The archive as two clients: django-oauth-toolkit lets a client have one kind of grant."""
    for kind, name in (
        (Application.GRANT_PASSWORD, "archive"),
        (Application.GRANT_AUTHORIZATION_CODE, "archive-login"),
    ):
        Application.objects.create(
            client_id=name,
            client_secret=f"{name}-secret",
            name=name,
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=kind,
            redirect_uris="http://testserver/api-auth/portal/callback/",
            skip_authorization=True,
        )


def _person_of(header):
    kind, _, key = header.partition(" ")
    if kind == "Token":
        return next((each for each in PEOPLE.values() if key and each["tokens"]["api_token"] == key), None)
    token = AccessToken.objects.select_related("user").filter(token=key, expires__gt=timezone.now()).first()
    return PEOPLE.get(token.user.username) if token else None


def profile(request):
    CALLS["profile"] += 1
    person = _person_of(request.headers.get("Authorization", ""))
    return JsonResponse(person) if person else JsonResponse({"detail": "Invalid token."}, status=401)


def sign_in(request):
    """Stands for the login page; a form without its look."""
    user = authenticate(username=request.POST.get("username"), password=request.POST.get("password"))
    if user is None:
        return HttpResponse("Log in.", status=401)
    login(request, user)
    return HttpResponseRedirect(request.GET["next"])


def control_person(request):
    """Make or change a user; `bearer` gives them an access token of that text."""
    told = json.loads(request.body)
    name = told["username"]
    user, _ = User.objects.get_or_create(username=name)
    if "password" in told:
        user.set_password(told.pop("password"))
        user.save()
    if bearer := told.pop("bearer", ""):
        expires = timezone.now() + timedelta(hours=1)
        AccessToken.objects.update_or_create(token=bearer, defaults={"user": user, "expires": expires, "scope": "read"})
    PEOPLE[name] = {
        "username": name,
        "first_name": "",
        "last_name": "",
        "email": "",
        "is_staff": False,
        "is_superuser": False,
        "profile": {"staff_view": False},
        **told,
        "proposals": [{"id": each, "current": True} for each in told.get("proposals", [])],
        "tokens": {"api_token": told.get("api_token", "")},
    }
    return JsonResponse({})


def control_expire(request):
    """All access tokens run out; refresh tokens stay."""
    AccessToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    return JsonResponse({})


def control_forget(request):
    for model in (RefreshToken, AccessToken, User):
        model.objects.all().delete()
    PEOPLE.clear()
    CALLS["profile"] = 0
    return JsonResponse({})


def control_calls(request):
    return JsonResponse(CALLS)


urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("api/profile/", profile),
    path("login/", sign_in),
    path("control/person/", control_person),
    path("control/expire/", control_expire),
    path("control/forget/", control_forget),
    path("control/calls/", control_calls),
]
