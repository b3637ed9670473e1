"""What commands are given, read with errors that say how it is written."""

from argparse import ArgumentTypeError
from datetime import date


def night(text: str) -> date:
    """A night, as 2016-09-25. Raises ArgumentTypeError for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no night: write it as 2016-09-25.") from error
