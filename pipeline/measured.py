"""What the products of one night measured, as inputs of what shows the night: values, by names that stay."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from archive.enums import ProductKind
from archive.models import ContrastCurve, SeeingMeasurement, StrehlMeasurement


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement that stands; its values are such as JSON has."""

    name: str
    values: Mapping[str, Any]


def measured_in(night: date, kinds: Collection[ProductKind]) -> list[Measured]:
    """What these kinds of products measured in a night, in the order of kind and subject: a statement for each table.

    Of observations counts the time in their name.
    """
    of_night = {"product__night": night, "product__kind__in": kinds, "product__is_current": True}
    found = [*_seeing(of_night), *_strehls(of_night), *_contrasts(of_night)]
    return [Measured(name, values) for name, values in sorted(found, key=lambda each: each[0])]


def _seeing(of_night: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if ProductKind.SEEING not in of_night["product__kind__in"]:
        return
    columns = ("primary_optical_element", "exposure_time", "fwhm_arcsec")
    rows = SeeingMeasurement.objects.filter(**of_night).order_by()
    for subject, at, *values in rows.values_list("product__subject", "observed_at", *columns):
        yield _name(ProductKind.SEEING, subject), {"at": at.isoformat(), **dict(zip(columns, values, strict=True))}


def _strehls(of_night: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if ProductKind.BRIGHT_STREHL not in of_night["product__kind__in"]:
        return
    columns = ("strehl_ratio", "flag")
    rows = StrehlMeasurement.objects.filter(**of_night).order_by()
    for kind, subject, at, *values in rows.values_list(
        "product__kind", "product__subject", "observation__observed_at", *columns
    ):
        yield _name(kind, subject), {"kind": kind, "at": at.isoformat(), **dict(zip(columns, values, strict=True))}


def _contrasts(of_night: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if ProductKind.BRIGHT_PCA not in of_night["product__kind__in"]:
        return
    columns = ("separations_arcsec", "delta_mags")
    rows = ContrastCurve.objects.filter(**of_night).order_by()
    for kind, subject, *values in rows.values_list("product__kind", "product__subject", *columns):
        yield _name(kind, subject), {"kind": kind, **dict(zip(columns, values, strict=True))}


def _name(kind: str, subject: str) -> str:
    return f"{kind} of {subject}"
