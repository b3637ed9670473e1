"""Which groups a person asked for by ONLY=."""

from collections.abc import Sequence

from archive.errors import UsageError


def chosen(only: str, *, among: Sequence[str]) -> list[str]:
    """Groups to measure, all when `only` is empty. Raises UsageError for a name that is none of them."""
    names = [name.strip() for name in only.split(",") if name.strip()] or list(among)
    if unknown := [name for name in names if name not in among]:
        raise UsageError(f"There is no group {', '.join(unknown)} of benchmarks. Choose of: {', '.join(among)}.")
    return names
