"""What PostgreSQL refuses, in the archive's own errors: rules live in the database, and are told in plain words."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DataError, IntegrityError, OperationalError
from psycopg2 import errors as postgres

from archive.errors import ConflictError, TransientError, UsageError

RULES = {
    "frame_basename_is_a_name": "the name holds a slash or a control character, or is empty",
    "frame_exposure_time_not_negative": "the exposure time is negative or infinite",
    "frame_reduction_level_not_negative": "the reduction level is negative",
    "frame_listed_has_date": "a frame that has bytes keeps its observation date and day",
    "frame_observation_id_not_negative": "the observation's number is negative",
    "frame_request_id_not_negative": "the request's number is negative",
    "frame_of_one_proposal": "the proposal * stands for all of them, and no frame is of it",
    "exposure_of_one_proposal": "the proposal * stands for all of them, and no family is of it",
    "observation_of_one_proposal": "the proposal * stands for all of them, and no observation is of it",
    "stored_object_md5_is_hex": "the MD5 is not 32 lower-case hexadecimal digits",
}


@contextmanager
def plain_refusals() -> Iterator[None]:
    """Translate what the database raises inside.

    UsageError: a value breaks a rule or does not fit. ConflictError: it is there already. TransientError: the
    transaction lost against another.
    """
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.__cause__, postgres.UniqueViolation):
            raise ConflictError("version with this md5 already exists.") from error
        rule = str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", ""))
        raise UsageError(f"{RULES.get(rule, rule)}: correct the header or the request.") from error
    except DataError as error:
        raise UsageError(f"a value does not fit the archive: {str(error).strip().splitlines()[0]}.") from error
    except OperationalError as error:
        if isinstance(error.__cause__, postgres.DeadlockDetected | postgres.SerializationFailure):
            raise TransientError("another transaction was in the way: try the same again.") from error
        raise
