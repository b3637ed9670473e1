"""Settings of the tests: the archive's own, on services that the tests start for themselves."""

from dataclasses import replace

from settings import *  # noqa: F403
from settings import LOGGING, STORE

SECRET_KEY = "tests-only"  # noqa: S105 - opens nothing
STORE = replace(STORE, type="memory", signing_key=SECRET_KEY, base_url="http://testserver/")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; the real one is Django's own business
TEST_RUNNER = "tests.runner.PytestRunner"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LOGGING = {**LOGGING, "root": {"handlers": ["stderr"], "level": "WARNING"}}
