"""PostgreSQL with PostGIS, and the cache."""

from typing import Any

from settings import env

__all__ = ["CACHES", "DATABASES", "DEFAULT_AUTO_FIELD"]

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.contrib.gis.db.backends.postgis",
        "HOST": env.DB_HOST,
        "PORT": env.DB_PORT,
        "NAME": env.DB_NAME,
        "USER": env.DB_USER,
        "PASSWORD": env.DB_PASS,
        "CONN_MAX_AGE": 60,  # seconds; a connection per request costs more than most queries
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5},
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_MEMCACHED = "django.core.cache.backends.memcached.PyMemcacheCache"
_LOCAL_MEMORY = "django.core.cache.backends.locmem.LocMemCache"
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": env.CACHE_BACKEND or (_MEMCACHED if env.CACHE_LOC else _LOCAL_MEMORY),
        "LOCATION": env.CACHE_LOC,
    },
}
if "memcached" in CACHES["default"]["BACKEND"].lower():
    # A cache that is down is a miss, never an error of the archive.
    CACHES["default"]["OPTIONS"] = {"connect_timeout": 0.5, "timeout": 0.5, "ignore_exc": True}
