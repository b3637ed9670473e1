"""Terms in pairs: from and up to. What lacks a value is left out by whoever gives a border, and by nobody else."""

from typing import Any

from django.db.models import Q

from archive.terms.fields import FiniteNumberFilter


class FromFilter(FiniteNumberFilter):
    """At least so much; `scale` is how much of the column's unit the reader's unit is."""

    direction = "gte"

    def __init__(self, column: str, *, scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(column, self.direction, **kwargs)
        self._scale = scale

    def filter(self, qs: Any, value: Any) -> Any:
        return super().filter(qs, value if value is None else value * self._scale)


class UpToFilter(FromFilter):
    direction = "lte"


class CircleFilter(FiniteNumberFilter):
    """One border of a range on a circle: from over to goes across its zero. Applied with the first border given."""

    def __init__(self, column: str, *, names: tuple[str, str], turn: float, scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(column, min_value=0.0, max_value=turn, **kwargs)
        self._names = names
        self._scale = scale

    def filter(self, qs: Any, value: Any) -> Any:
        if value is None:
            return qs
        start, end = (self.parent.form.cleaned_data.get(name) for name in self._names)  # type: ignore[attr-defined]
        from_start = Q() if start is None else Q(**{f"{self.field_name}__gte": start * self._scale})
        to_end = Q() if end is None else Q(**{f"{self.field_name}__lte": end * self._scale})
        crosses = start is not None and end is not None and start > end
        return qs.filter(from_start | to_end if crosses else from_start & to_end)


def both(column: str, what: str, *, scale: float = 1.0, **of_field: Any) -> tuple[FromFilter, UpToFilter]:
    return (
        FromFilter(column, scale=scale, help_text=f"{what}: at least", **of_field),
        UpToFilter(column, scale=scale, help_text=f"{what}: at most", **of_field),
    )


def circle(name: str, column: str, what: str, *, turn: float, scale: float = 1.0) -> tuple[CircleFilter, CircleFilter]:
    names = f"{name}_min", f"{name}_max"
    return (
        CircleFilter(column, names=names, turn=turn, scale=scale, help_text=f"{what}: from; over _max crosses zero"),
        CircleFilter(column, names=names, turn=turn, scale=scale, help_text=f"{what}: up to"),
    )
