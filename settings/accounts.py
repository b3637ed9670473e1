"""Users: the observation portal that knows them, and how much each may ask."""

from datetime import timedelta

from archive.domain.portal_settings import Client, PortalSettings
from settings import env

__all__ = ["AUTHENTICATION_BACKENDS", "OAUTH_SERVER_KEY", "PORTAL", "THROTTLES", "TRUSTED_PROXIES"]

AUTHENTICATION_BACKENDS = [
    "archive.api.login.LoginLimits",  # first: it stops who has guessed too often
    "django.contrib.auth.backends.ModelBackend",
    "archive.api.login.PortalPasswords",
]
OAUTH_SERVER_KEY = env.OAUTH_SERVER_KEY
PORTAL = PortalSettings(
    token_url=env.OAUTH_TOKEN_URL,
    profile_url=env.OAUTH_PROFILE_URL,
    authorize_url=env.OAUTH_AUTHORIZE_URL,
    client=Client(env.OAUTH_CLIENT_ID, env.OAUTH_CLIENT_SECRET),
    login_client=Client(
        env.OAUTH_LOGIN_CLIENT_ID or env.OAUTH_CLIENT_ID,
        env.OAUTH_LOGIN_CLIENT_SECRET if env.OAUTH_LOGIN_CLIENT_ID else env.OAUTH_CLIENT_SECRET,
    ),
    timeout_s=env.OAUTH_TIMEOUT_SECONDS,
    retry_after_s=env.OAUTH_RETRY_SECONDS,
    bearer_holds_s=env.BEARER_CACHE_SECONDS,
    proposals_hold=timedelta(seconds=env.PROPOSALS_CACHE_SECONDS),
    proposals_hold_while_away=timedelta(seconds=env.PROPOSALS_STALE_SECONDS),
)
THROTTLES = {
    "anonymous": env.THROTTLE_ANONYMOUS,
    "user": env.THROTTLE_USERS,
    "open-pages": env.THROTTLE_OPEN_PAGES,
    "failed-logins-of-name": env.THROTTLE_FAILED_LOGINS_OF_NAME,
    "failed-logins-of-address": env.THROTTLE_FAILED_LOGINS_OF_ADDRESS,
}
TRUSTED_PROXIES = env.TRUSTED_PROXIES
