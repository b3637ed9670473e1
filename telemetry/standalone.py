"""Django for telemetry alone: the few settings that `xtelemdb` runs on, made of its configuration."""

from typing import Any

import django
from django.conf import settings

from telemetry.config import Config, Database


def configure(config: Config) -> tuple[str, ...]:
    """Set Django up for the databases of `config`, and answer their aliases.

    The first is Django's `default`. Raises UsageError for a password file that can not be read.
    """
    named = {name: _settings_of(name, database) for name, database in config.databases.items()}
    first = "default" if "default" in named else next(iter(named))
    rest = {name: made for name, made in named.items() if name != first}
    aliases = {"default": named[first], **rest}
    settings.configure(
        INSTALLED_APPS=["telemetry"],
        DATABASES=aliases,
        USE_TZ=True,
        TIME_ZONE="UTC",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    return tuple(aliases)


def _settings_of(name: str, database: Database) -> dict[str, Any]:
    limits = {
        "statement_timeout": database.statement_timeout_sec,
        "lock_timeout": database.lock_timeout_sec,
        "idle_in_transaction_session_timeout": database.idle_in_transaction_timeout_sec,
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": database.host,
        "PORT": database.port,
        "NAME": database.database,
        "USER": database.user,
        "PASSWORD": database.password(name),
        "OPTIONS": {
            "connect_timeout": 5,  # s
            "application_name": "xtelemdb",
            "options": " ".join(f"-c {limit}={seconds}s" for limit, seconds in limits.items()),
        },
    }
