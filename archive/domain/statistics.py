"""What all measurements that a reader may see say together. Counted by the database, a statement for each answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import (
    Aggregate,
    Avg,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    Q,
    QuerySet,
    Value,
    Window,
)
from django.db.models.functions import Coalesce, Floor, Lead, TruncMonth

from archive.domain.measurements import seeing_for, strehl_for
from archive.domain.observing import observations_for
from archive.enums import StrehlFlag
from archive.models import ContrastCurve, Observation, Reader, SeeingMeasurement, StrehlMeasurement

QUARTILES = {"q1": 0.25, "median": 0.5, "q3": 0.75}
BEST_TENTH = 0.9  # of limits: as deep as those of the best tenth, or deeper
SEEING_RANGE_ARCSEC = (0.5, 3.0)  # what else was no star, or no night
SEEING_WITHIN = timedelta(minutes=3)  # of an observation, to stand for its air
SEEING_STEP_ARCSEC, MAGNITUDE_STEP = 0.2, 1.0
SECOND, MINUTE, HOUR = 1, 60, 3600
BINS = 10
HISTOGRAMS = (HOUR, 5 * MINUTE, MINUTE)  # below so many seconds

OF_STACKS = {"primary_optical_element": F("observation__primary_optical_element"), "kind": F("product__kind")}

Row = dict[str, Any]


class Quantile(Aggregate):
    """Value below which a fraction of the others lies, between two of them by linear interpolation."""

    function = "percentile_cont"
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, expression: str, fraction: float, **extra: Any) -> None:
        super().__init__(expression, fraction=float(fraction), **extra)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Gaps below `below_s`, in bins of equal width."""

    below_s: int
    counts: Sequence[int]

    @property
    def edges_s(self) -> list[float]:
        return [self.below_s * number / BINS for number in range(BINS + 1)]


@dataclass(frozen=True, slots=True)
class DeadTimes:
    """Time between the end of an observation and the next one of its night; `n_overlaps` are below zero."""

    n: int
    n_overlaps: int
    quartiles_s: Row
    histograms: Sequence[Histogram]


def quartiles(column: str, name: str = "") -> dict[str, Quantile]:
    """Three quantiles of a column, for `annotate` or `aggregate`."""
    return {f"{name}{quartile}": Quantile(column, fraction) for quartile, fraction in QUARTILES.items()}


def seeing_statistics(rows: QuerySet[SeeingMeasurement], *, by: str) -> Iterator[Row]:
    """Number and quartiles of the seeing of each night or month, newest first, as seen and at 500 nm in the zenith."""
    period = {"night": F("night"), "month": TruncMonth("night")}[by]
    low, high = SEEING_RANGE_ARCSEC
    kept: Any = rows.filter(fwhm_arcsec__gt=low, fwhm_arcsec__lt=high).order_by().annotate(period=period)
    yield from (
        kept.values("period")
        .annotate(
            n=Count("pk"),
            mean_arcsec=Avg("fwhm_arcsec"),
            **quartiles("fwhm_arcsec", "as_seen_"),
            **quartiles("zenith_500nm_arcsec", "zenith_500nm_"),
        )
        .order_by("-period")
    )


def strehl_statistics(rows: QuerySet[StrehlMeasurement], *, by: str) -> Iterator[Row]:
    """Number and quartiles of the Strehl ratios that are OK of each filter and stack, in bins of something.

    Of the seeing the nearest measurement counts, as seen, if it was made within three minutes. `low` is where a bin
    begins.
    """
    column, step = {
        "filter": (None, 0.0),
        "seeing": ("observation__seeing_nearest_arcsec", SEEING_STEP_ARCSEC),
        "magnitude": ("observation__magnitude", MAGNITUDE_STEP),
    }[by]
    kept: Any = rows.filter(flag=StrehlFlag.OK).order_by()
    if by == "seeing":
        kept = kept.filter(_seeing_is_of_it())
    groups: dict[str, Any] = {**OF_STACKS}
    if column is not None:
        kept = kept.filter(**{f"{column}__isnull": False})
        groups["number"] = Floor(F(column) / Value(step), output_field=FloatField())
    found = kept.values(**groups).annotate(n=Count("pk"), mean=Avg("strehl_ratio"), **quartiles("strehl_ratio"))
    for row in found.order_by(*groups):
        number = row.pop("number", None)
        low = None if number is None else round(number * step, 6)
        yield {**row, "low": low, "high": None if number is None else round((number + 1) * step, 6)}


def contrast_statistics(rows: QuerySet[ContrastCurve]) -> Iterator[Row]:
    """Number of stars, median limits and those of the best tenth at 0.5 and 1 arcsec, of each filter and stack."""
    found: Any = rows.order_by().values(**OF_STACKS)
    limits = {"at_0p5": "delta_mag_0p5", "at_1p0": "delta_mag_1p0"}
    yield from found.annotate(
        n=Count("pk"),
        **{f"median_{name}": Quantile(column, 0.5) for name, column in limits.items()},
        **{f"best_tenth_{name}": Quantile(column, BEST_TENTH) for name, column in limits.items()},
    ).order_by(*OF_STACKS)


def dead_times(observations: QuerySet[Observation]) -> DeadTimes:
    """Gaps between these observations, each to the next of its night, however long; counted in bins below an hour.

    An observation whose header does not say its end ends when its frames together have been exposed. Those that say
    neither have no gap behind them.
    """
    exposed = ExpressionWrapper(F("exposure_time") * Value(timedelta(seconds=1)), output_field=DurationField())
    ended = Coalesce(F("ended_at"), ExpressionWrapper(F("observed_at") + exposed, output_field=DateTimeField()))
    following = Window(Lead("observed_at"), partition_by=[F("night")], order_by=[F("observed_at").asc(), F("pk").asc()])
    gaps = observations.order_by().annotate(gap_s=_seconds(following - ended)).values_list("gap_s")
    text, parameters = gaps.query.get_compiler("default").as_sql()
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED.format(gaps=text, bins=", ".join(_bins())), parameters)
        n, n_overlaps, *numbers = cursor.fetchone()
    told, counts = numbers[: len(QUARTILES)], numbers[len(QUARTILES) :]
    histograms = [Histogram(below, counts[place * BINS : (place + 1) * BINS]) for place, below in enumerate(HISTOGRAMS)]
    return DeadTimes(n, n_overlaps, dict(zip(QUARTILES, told, strict=True)), histograms)


def seeing_of(reader: Reader, *, at: datetime) -> QuerySet[SeeingMeasurement]:
    return seeing_for(reader, at=at)


def strehls_of(reader: Reader, *, at: datetime) -> QuerySet[StrehlMeasurement]:
    return strehl_for(reader, at=at)


def contrasts_of(reader: Reader, *, at: datetime) -> QuerySet[ContrastCurve]:
    """Limits that stand, of observations that `reader` may see."""
    return ContrastCurve.objects.visible_to(reader, at=at).filter(product__is_current=True)


def observations_of(reader: Reader, *, at: datetime) -> QuerySet[Observation]:
    return observations_for(reader, at=at)


_COUNTED = """
    WITH found (gap_s) AS ({gaps}), gaps AS (SELECT gap_s FROM found WHERE gap_s >= 0)
    SELECT count(*), (SELECT count(*) FROM found WHERE gap_s < 0),
        percentile_cont(0.25) WITHIN GROUP (ORDER BY gap_s),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY gap_s),
        percentile_cont(0.75) WITHIN GROUP (ORDER BY gap_s),
        {bins}
    FROM gaps
"""


def _bins() -> Iterator[str]:
    for below in HISTOGRAMS:
        for number in range(BINS):
            low, high = below * number / BINS, below * (number + 1) / BINS
            yield f"count(*) FILTER (WHERE gap_s >= {low} AND gap_s < {high})"


def _seconds(duration: Any) -> Func:
    return Func(duration, function="extract", template="extract(epoch FROM %(expressions)s)", output_field=FloatField())


def _seeing_is_of_it() -> Q:
    low, high = SEEING_RANGE_ARCSEC
    near = Q(
        observation__seeing_nearest_at__gt=F("observation__observed_at") - SEEING_WITHIN,
        observation__seeing_nearest_at__lt=F("observation__observed_at") + SEEING_WITHIN,
    )
    return near & Q(observation__seeing_nearest_arcsec__gt=low, observation__seeing_nearest_arcsec__lt=high)
