"""Looks at the database, from the stream process's event loop."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")


def in_pool(look: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Run `look` in the process's few shared threads: listeners must not hold a connection each."""

    def with_sound_connection(*args: P.args, **kwargs: P.kwargs) -> T:
        close_old_connections()
        return look(*args, **kwargs)

    return sync_to_async(with_sound_connection, thread_sensitive=False)
