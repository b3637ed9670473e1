"""PostgreSQL with PostGIS, its replica, and the cache."""

from datetime import timedelta
from typing import Any

from settings import env

__all__ = ["CACHES", "DATABASES", "DATABASE_ROUTERS", "DEFAULT_AUTO_FIELD", "REPLICA_MAX_LAG"]

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "archive.postgis",
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
_host, _port = env.DB_HOST_READER
if env.HAS_DB_HOST_READER and (_host, _port or env.DB_PORT) != (env.DB_HOST, env.DB_PORT):
    DATABASES["reader"] = {
        **DATABASES["default"],
        "HOST": _host,
        "PORT": _port or env.DB_PORT,
        # A machine that vanished must not hold a page for long, for the primary can answer it: s, ms, s, s.
        "OPTIONS": {"connect_timeout": 2, "tcp_user_timeout": 5000, "keepalives_idle": 5, "keepalives_interval": 2},
        "TEST": {"MIRROR": "default"},
    }
DATABASE_ROUTERS = ["archive.domain.replica.PrimaryWrites"]
REPLICA_MAX_LAG = timedelta(seconds=env.REPLICA_MAX_LAG_SECONDS)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_MEMCACHED = "archive.memcached.KeptMemcached"
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
