"""Words that more than one page has for the same thing."""

from datetime import datetime


def embargo_words(public_date: datetime | None, *, at: datetime) -> str:
    """What the badge says of something that not everybody may see yet; empty where everybody may."""
    if public_date is None:
        return "not public"
    return f"public from {public_date:%Y-%m-%d}" if public_date > at else ""
