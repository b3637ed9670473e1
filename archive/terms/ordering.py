"""Orders as readers write them."""

from collections.abc import Sequence

from archive.domain.order import NEWEST_FIRST, Order, Term

FRAME_COLUMNS = (
    "id",
    "basename",
    "observation_date",
    "primary_optical_element",
    "configuration_type",
    "proposal_id",
    "instrument_id",
    "target_name",
    "reduction_level",
    "exposure_time",
)


ORDERING_HELP = (
    "Columns with commas between, `-` before one for the reverse: "
    f"{', '.join(FRAME_COLUMNS)}. Frames without an exposure time count as the longest. Default: newest first"
)


def order_of(text: str, *, columns: Sequence[str] = FRAME_COLUMNS, default: Order = NEWEST_FIRST) -> Order:
    """Order that a reader wrote as `-exposure_time,basename`. Unknown columns and repetitions are passed over."""
    terms: dict[str, Term] = {}
    for word in text.split(","):
        name = word.strip()
        column = name.removeprefix("-")
        if column in columns and "id" not in terms:
            terms.setdefault(column, Term(column, descending=name.startswith("-")))
    if not terms:
        return default
    last = next(reversed(terms.values()))
    terms.setdefault("id", Term("id", descending=last.descending))
    return tuple(terms.values())
