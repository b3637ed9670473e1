"""Django itself: applications, middleware, templates, static files, security."""

from contextlib import suppress

import django_stubs_ext

from settings import env

django_stubs_ext.monkeypatch()  # lets classes of Django name their model in brackets, as the type checker wants it

__all__ = [
    "ALLOWED_HOSTS",
    "AUTH_PASSWORD_VALIDATORS",
    "CORS_ALLOW_ALL_ORIGINS",
    "CSRF_COOKIE_SECURE",
    "CSRF_TRUSTED_ORIGINS",
    "DEBUG",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_HOST",
    "EMAIL_HOST_PASSWORD",
    "EMAIL_HOST_USER",
    "EMAIL_PORT",
    "EMAIL_TIMEOUT",
    "EMAIL_USE_TLS",
    "GALLERY_CREDIT",
    "GALLERY_LICENCE",
    "GALLERY_LICENCE_URL",
    "INSTALLED_APPS",
    "LANGUAGE_CODE",
    "LOGIN_REDIRECT_URL",
    "LOGIN_URL",
    "MIDDLEWARE",
    "ROOT_URLCONF",
    "SECRET_KEY",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    "SECURE_HSTS_PRELOAD",
    "SECURE_HSTS_SECONDS",
    "SECURE_PROXY_SSL_HEADER",
    "SECURE_SSL_REDIRECT",
    "SESSION_COOKIE_SECURE",
    "SILENCED_SYSTEM_CHECKS",
    "SITE",
    "SKY_HIPS",
    "STATIC_ROOT",
    "STATIC_URL",
    "STORAGES",
    "STREAM_URL",
    "TEMPLATES",
    "TIME_ZONE",
    "USE_TZ",
    "WEBHOOK_PRIVATE_HOSTS",
    "WHITENOISE_IMMUTABLE_FILE_TEST",
    "WHITENOISE_USE_FINDERS",
    "WSGI_APPLICATION",
]

SECRET_KEY = env.SECRET_KEY
DEBUG = env.DEBUG
ALLOWED_HOSTS = list(env.ALLOWED_HOSTS)
CSRF_TRUSTED_ORIGINS = list(env.CSRF_TRUSTED_ORIGINS)
ROOT_URLCONF = "settings.urls"
WSGI_APPLICATION = "settings.wsgi.application"

INSTALLED_APPS = [
    "archive",  # first: its templates stand before those of others
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "django.contrib.postgres",
    "corsheaders",
    "django_extensions",
    "django_filters",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "ingest",
    "pipeline",
    "telemetry",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "archive.web.context.archive",
            ],
        },
    },
]
# Readers' regions are read by GEOS and by our own code, never by the GDAL that this warns of.
SILENCED_SYSTEM_CHECKS = ["gis.W001"]
SITE = {
    "title": env.NAVBAR_TITLE_TEXT,
    "url": env.NAVBAR_TITLE_URL,
    "terms_url": env.TERMS_OF_SERVICE_URL,
    "documentation_url": env.DOCUMENTATION_URL,
}

GALLERY_CREDIT = env.GALLERY_CREDIT or env.NAVBAR_TITLE_TEXT
GALLERY_LICENCE = env.GALLERY_LICENCE
GALLERY_LICENCE_URL = env.GALLERY_LICENCE_URL
STREAM_URL = env.STREAM_URL
SKY_HIPS = env.SKY_HIPS

EMAIL_HOST = env.EMAIL_HOST
EMAIL_PORT = env.EMAIL_PORT
EMAIL_HOST_USER = env.EMAIL_HOST_USER
EMAIL_HOST_PASSWORD = env.EMAIL_HOST_PASSWORD
EMAIL_USE_TLS = env.EMAIL_USE_TLS
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env.DEFAULT_FROM_EMAIL
WEBHOOK_PRIVATE_HOSTS = frozenset(env.WEBHOOK_PRIVATE_HOSTS)

STATIC_URL = "/static/"
STATIC_ROOT = env.BASE_DIR / "var" / "static"
with suppress(OSError):  # whitenoise warns of a folder that is not there, and needs none to find the apps' files
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_IMMUTABLE_FILE_TEST = r"/archive/client/[^/]+\.[0-9a-f]{8}\.js$"  # what Vite built has a hash in its name
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
LOGIN_URL = "/api-auth/login/"
LOGIN_REDIRECT_URL = "/search/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

SECURE_SSL_REDIRECT = env.HTTPS_ONLY
SECURE_HSTS_SECONDS = 31_536_000 if env.HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.HTTPS_ONLY
SECURE_HSTS_PRELOAD = env.HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.HTTPS_ONLY else None
SESSION_COOKIE_SECURE = env.HTTPS_ONLY
CSRF_COOKIE_SECURE = env.HTTPS_ONLY
CORS_ALLOW_ALL_ORIGINS = True
