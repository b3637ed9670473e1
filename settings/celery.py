"""Celery: the app, its broker and its beat schedule; and the exchanges that events go to."""

import os
from datetime import timedelta
from typing import Any

from celery import Celery
from celery.signals import task_prerun, worker_init
from django.db import close_old_connections

from settings import env

__all__ = [
    "CELERY_ACCEPT_CONTENT",
    "CELERY_BEAT_SCHEDULE",
    "CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP",
    "CELERY_BROKER_TRANSPORT_OPTIONS",
    "CELERY_BROKER_URL",
    "CELERY_DB_REUSE_MAX",
    "CELERY_TASK_ACKS_LATE",
    "CELERY_TASK_DEFAULT_QUEUE",
    "CELERY_TASK_IGNORE_RESULT",
    "CELERY_TASK_REJECT_ON_WORKER_LOST",
    "CELERY_TASK_ROUTES",
    "CELERY_TASK_SOFT_TIME_LIMIT",
    "CELERY_TASK_TIME_LIMIT",
    "CELERY_TIMEZONE",
    "CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS",
    "CELERY_WORKER_HIJACK_ROOT_LOGGER",
    "CELERY_WORKER_MAX_MEMORY_PER_CHILD",
    "CELERY_WORKER_PREFETCH_MULTIPLIER",
    "EVENTS_EXCHANGE_NAME",
    "EVENT_LIFETIME",
    "PIPELINE_QUEUE",
    "PROCESSED_EXCHANGE_ENABLED",
    "PROCESSED_EXCHANGE_NAME",
    "QUEUE_BROKER_URL",
    "REDUCTIONS_QUEUE",
]

QUEUE_BROKER_URL = env.QUEUE_BROKER_URL
PROCESSED_EXCHANGE_ENABLED = env.PROCESSED_EXCHANGE_ENABLED
PROCESSED_EXCHANGE_NAME = env.PROCESSED_EXCHANGE_NAME
EVENTS_EXCHANGE_NAME = env.EVENTS_EXCHANGE_NAME
EVENT_LIFETIME = timedelta(days=env.EVENT_DAYS)
PIPELINE_QUEUE = "archive.pipeline"
REDUCTIONS_QUEUE = "archive.reductions"  # of workers of their own: `manage.py reductions work`

CELERY_BROKER_URL = env.QUEUE_BROKER_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "archive.tasks"
CELERY_TASK_ROUTES = {"pipeline.tasks.run_product": {"queue": REDUCTIONS_QUEUE}}
CELERY_TASK_IGNORE_RESULT = True
# A task whose worker dies goes back to the queue; every task is safe twice.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 300  # seconds; tasks set their own, shorter ones
CELERY_TASK_TIME_LIMIT = 330
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 2_000_000  # kB; a child that has grown is replaced after its task
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_DB_REUSE_MAX = 10_000  # Celery would close the connection around every task; `task_prerun` below renews it
CELERY_BEAT_SCHEDULE = {
    "verify-unread-objects": {"task": "pipeline.tasks.verify_unread_objects", "schedule": timedelta(minutes=10)},
    "turn-frames-public": {"task": "pipeline.tasks.turn_frames_public", "schedule": timedelta(minutes=1)},
    "fold-tallies": {"task": "pipeline.tasks.fold_tallies", "schedule": timedelta(seconds=15)},
    "tell-of-new-frames": {
        "task": "pipeline.tasks.tell_of_new_frames",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "forget-expired-selections": {
        "task": "pipeline.tasks.forget_expired_selections",
        "schedule": timedelta(hours=1),
    },
    "forget-old-carts": {"task": "pipeline.tasks.forget_old_carts", "schedule": timedelta(hours=1)},
    "take-in-waiting-objects": {"task": "pipeline.tasks.take_in_waiting_objects", "schedule": timedelta(minutes=10)},
    # A run that nobody took before the next one is not needed.
    "dispatch-products": {
        "task": "pipeline.tasks.dispatch_products",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "report-differences": {"task": "pipeline.tasks.report_differences", "schedule": timedelta(days=1)},
    "forget-old-uploads": {"task": "pipeline.tasks.forget_old_uploads", "schedule": timedelta(hours=1)},
    # A run that nobody took within the minute is not needed: the next one does its work.
    "expire": {"task": "pipeline.tasks.expire", "schedule": timedelta(minutes=1), "options": {"expires": 60}},
    "move-old-bytes": {
        "task": "pipeline.tasks.move_old_bytes",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    # A run that nobody took before the next one is not needed: that one does its work.
    "keep-rows": {"task": "pipeline.tasks.keep_rows", "schedule": timedelta(minutes=1), "options": {"expires": 60}},
    # A run that nobody took before the next one is not needed.
    "count-storage": {
        "task": "pipeline.tasks.count_storage",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "find-colour-pictures": {
        "task": "pipeline.tasks.find_colour_pictures",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "forget-expired-notes": {"task": "pipeline.tasks.forget_expired_notes", "schedule": timedelta(hours=1)},
    "forget-old-events": {"task": "pipeline.tasks.forget_old_events", "schedule": timedelta(days=1)},
}

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")  # for the celery command, which knows only this module
app = Celery("archive")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["pipeline"])


@task_prerun.connect
def renew_connections(**_: Any) -> None:
    """Let go of connections that are broken or too old, by Django's own rules."""
    close_old_connections()


@worker_init.connect
def listen_to_events(**_: Any) -> None:
    """Let workers hear the archive's events, but for those of reductions, which have no time for them.

    Imported late: subscriptions need the apps to be loaded.
    """
    if CELERY_TASK_DEFAULT_QUEUE not in app.amqp.queues.consume_from:
        return
    from pipeline.subscriptions import EventConsumer, ObjectEventConsumer  # noqa: PLC0415

    app.steps["consumer"].update({EventConsumer, ObjectEventConsumer})
