"""Django's settings: the parts below, in order. Nothing is added here."""

from settings.accounts import *  # noqa: F403
from settings.api import *  # noqa: F403
from settings.celery import *  # noqa: F403
from settings.database import *  # noqa: F403
from settings.logging import *  # noqa: F403
from settings.observatory import *  # noqa: F403
from settings.reductions import *  # noqa: F403
from settings.stores import *  # noqa: F403
from settings.telemetry import *  # noqa: F403
from settings.web import *  # noqa: F403
