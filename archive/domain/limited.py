"""Questions that may not take longer than somebody is willing to wait."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction
from psycopg2 import errors as postgres

from archive.errors import TransientError


@contextmanager
def at_most(timeout_ms: int, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Let PostgreSQL break off a query that takes longer; 0 is no limit.

    Raises TransientError then.
    """
    try:
        with transaction.atomic(using=using):
            with connections[using].cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(timeout_ms)])
            yield
            with connections[using].cursor() as cursor:  # a savepoint does not take it back
                cursor.execute("SELECT set_config('statement_timeout', '0', true)")
    except OperationalError as error:
        if not isinstance(error.__cause__, postgres.QueryCanceled):
            raise
        raise TransientError(
            f"this took longer than {timeout_ms} ms: ask for a shorter time or fewer frames, or raise query_timeout."
        ) from error
