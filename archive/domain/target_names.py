"""Names of targets as people write them: the same whatever their case, accents, blanks, hyphens and underlines."""

import re

from anyascii import anyascii

from archive.models import TargetTally

PARTS = re.compile(r"[^\W\d_]+|\d+|[^\w\s\x00-\x1f\x7f-]")
BETWEEN = r"[[:space:]_-]*"  # what people write or leave out between the parts of a name
MOST_SPELLINGS = 10


def parts_of(name: str) -> list[str]:
    """Words, numbers and signs of a name, in plain letters."""
    return PARTS.findall(anyascii(name))


def folded(name: str) -> str:
    """The name by which all spellings of a target are found; empty where nothing is left, as of "--"."""
    return "".join(parts_of(name)).lower()


def spellings_of(name: str) -> list[str]:
    """Names of the archive's targets that are this one, but for how they are written."""
    parts = parts_of(name)
    if not parts:
        return []
    pattern = f"^{BETWEEN}{BETWEEN.join(map(re.escape, parts))}{BETWEEN}$"
    # An index finds the longest part; few names are left for the whole.
    known = TargetTally.objects.filter(target_name__icontains=max(parts, key=len), target_name__iregex=pattern)
    return list(known.values_list("target_name", flat=True).distinct()[:MOST_SPELLINGS])
