"""Rings when the relay has given positions: PostgreSQL's NOTIFY, heard on a connection of its own.

Nothing depends on it but speed: the feed looks by itself every half second. So a database that can not notify (behind a
pooler of transactions) only makes the stream slower.
"""

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn

import psycopg2
import structlog
from django.db import Error, connections

from archive.domain.events import CHANNEL
from archive.live.pool import in_pool

logger = structlog.get_logger(__name__)
FAULT_SECONDS = 1.0


async def listen(ring: Callable[[], None]) -> NoReturn:
    """Call `ring` for each notification, and once after each time that the connection was lost."""
    while True:
        try:
            link = await in_pool(_connected)()
        except (Error, psycopg2.Error):
            await asyncio.sleep(FAULT_SECONDS)
            continue
        try:
            ring()  # what was notified while nobody listened
            await _until_lost(link, ring)
        finally:
            link.close()


def _connected() -> Any:
    template = connections["default"]
    link = template.get_new_connection(template.get_connection_params())
    link.autocommit = True
    with link.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")
    return link


async def _until_lost(link: Any, ring: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    lost: asyncio.Future[None] = loop.create_future()

    def hear() -> None:
        try:
            link.poll()
        except psycopg2.Error as error:
            loop.remove_reader(descriptor)
            logger.warning("bell_lost", error=str(error).strip())
            lost.set_result(None)
            return
        if link.notifies:
            link.notifies.clear()
            ring()

    descriptor = link.fileno()
    loop.add_reader(descriptor, hear)
    try:
        await lost
    finally:
        loop.remove_reader(descriptor)
