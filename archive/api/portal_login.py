"""Login in the browser through the observation portal: an authorization code, with state and PKCE."""

import base64
import hashlib
import hmac
import secrets

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from archive.domain import accounts, portal
from archive.errors import NotFoundError, TransientError

IN_SESSION = "portal-login"
BACKEND = "archive.api.login.PortalPasswords"


@never_cache
@require_GET
def portal_login(request: HttpRequest) -> HttpResponse:
    """Send the reader to the portal; what has to come back from there is kept in the session."""
    if not settings.PORTAL.offers_login:
        raise Http404("This archive has no login through a portal.")
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    request.session[IN_SESSION] = {"state": state, "verifier": verifier, "next": _next_of(request)}
    asked = {
        "response_type": "code",
        "client_id": settings.PORTAL.login_client.id,
        "redirect_uri": _callback(request),
        "state": state,
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
    }
    url = settings.PORTAL.authorize_url
    return HttpResponseRedirect(f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}")


@never_cache
@require_GET
def portal_callback(request: HttpRequest) -> HttpResponse:
    """Back from the portal: log in whom it names. A state serves once, and only in the session that asked."""
    begun = request.session.pop(IN_SESSION, None)
    state, code = request.GET.get("state", ""), request.GET.get("code", "")
    if begun is None or not hmac.compare_digest(begun["state"].encode(), state.encode(errors="replace")):
        return _refused(request, "This login was not begun here, or is over: begin again.", status=400)
    if not code:
        return _refused(request, "The observation portal did not let you in.", status=403)
    try:
        tokens = portal.tokens_for_code(code=code, verifier=begun["verifier"], redirect_uri=_callback(request))
        user = accounts.user_of_login(tokens, at=timezone.now())
    except NotFoundError as error:
        return _refused(request, f"You were not let in: {error}", status=403)
    except TransientError as error:
        return _refused(request, f"You could not be logged in: {error}", status=503)
    login(request, user, backend=BACKEND)
    return HttpResponseRedirect(begun["next"])


def _callback(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("portal-callback"))


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _next_of(request: HttpRequest) -> str:
    """Where to go afterwards: never to another host."""
    wanted = request.GET.get("next", "")
    here = {request.get_host()}
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=here, require_https=request.is_secure())
    return wanted if is_ours else settings.LOGIN_REDIRECT_URL


def _refused(request: HttpRequest, reason: str, *, status: int) -> HttpResponse:
    return render(request, "archive/refused_login.html", {"reason": reason}, status=status)
