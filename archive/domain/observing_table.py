"""Observations as one table, the one that the original archive's search showed: all that meets the terms, as it comes.

A piece of the rows is held at a time, however many there are.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import QuerySet

from archive.domain.observing import PICTURES, PLACES, PREVIEWS
from archive.enums import ProductKind, ProductState
from archive.models import Observation, Product, ProductFile

ROWS_AT_ONCE = 1000
CROPPED = PICTURES[1]

# Names of the table's columns, units in them, and the columns of observations that they show.
COLUMNS: Mapping[str, str] = {
    "observation": "name",
    "proposal_id": "proposal_id",
    "target_name": "target_name",
    "observed_at_utc": "observed_at",
    "ra_deg": "ra_deg",
    "dec_deg": "dec_deg",
    "azimuth_deg": "azimuth_deg",
    "altitude_deg": "altitude_deg",
    "magnitude_mag": "magnitude",
    "exposure_time_s": "exposure_time",
    "primary_optical_element": "primary_optical_element",
    "seeing_median_arcsec": "seeing_median_arcsec",
    "seeing_nearest_arcsec": "seeing_nearest_arcsec",
    "bright_strehl_ratio": "bright_strehl_ratio",
    "bright_strehl_flag": "bright_strehl_flag",
    "faint_strehl_ratio": "faint_strehl_ratio",
    "faint_strehl_flag": "faint_strehl_flag",
}
# And the kinds of products whose states they show.
STATES: Mapping[str, ProductKind] = {
    "bright_state": ProductKind.BRIGHT,
    "bright_pca_state": ProductKind.BRIGHT_PCA,
    "faint_state": ProductKind.FAINT,
    "faint_pca_state": ProductKind.FAINT_PCA,
}


class TableRow(NamedTuple):
    """One observation: values of COLUMNS, states of STATES (None: there is no such product), and what has a link.

    `preview` is the kind of product whose picture shows it best, None without one.
    """

    name: str
    values: Sequence[Any]
    states: Sequence[str | None]
    preview: str | None


def table_of(observations: QuerySet[Observation]) -> Iterator[TableRow]:
    """Rows of observations that a reader may see, in their order: three statements for each thousand."""
    found = observations.values_list("pk", *COLUMNS.values()).iterator(chunk_size=ROWS_AT_ONCE)
    while rows := list(islice(found, ROWS_AT_ONCE)):
        ids = [row[0] for row in rows]
        states, previews = _states_of(ids), _previews_of(ids)
        for pk, *values in rows:
            of_kind = states[pk]
            yield TableRow(values[0], values, [of_kind.get(kind) for kind in STATES.values()], previews.get(pk))


def _states_of(ids: Collection[int]) -> Mapping[int, Mapping[str, str]]:
    found: defaultdict[int, dict[str, str]] = defaultdict(dict)
    products = Product.objects.filter(observation__any_of=ids, is_current=True, kind__in=tuple(STATES.values()))
    for pk, kind, state in products.order_by().values_list("observation_id", "kind", "state"):
        found[pk][kind] = state
    return found


def _previews_of(ids: Collection[int]) -> Mapping[int, str]:
    """Of each observation that has one, the first kind of product with a cropped picture that nobody found damaged."""
    files = ProductFile.objects.filter(
        product__observation__any_of=ids,
        product__is_current=True,
        product__kind__in=PREVIEWS,
        product__state=ProductState.DONE,
        role=CROPPED,
        object__fault="",
    )
    rows = files.order_by().values_list("product__observation_id", "product__kind")
    return dict(sorted(rows, key=lambda row: -PLACES[row[1]]))  # of two of one observation the last one stays
