"""Terms on cards of FITS headers, for each list that knows headers: a key, or a key, a sign and a value."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Func, Q, Value
from django.db.models.fields.json import JSONField, KeyTextTransform
from django.db.models.lookups import IExact
from rest_framework import serializers

MOST_TERMS = 10
HEADER_SAYS = (
    "Write KEY, or KEY and a value with =, !=, <, <=, > or >= between, such as AIRMASS<1.5 or OBSTYPE=EXPOSE. "
    "A key of several words stands without HIERARCH."
)
LARGEST = 1e300  # what is above it is text: not every number that can be written can be compared
_KEY = r"[A-Za-z0-9_-]+(?:[ .]+[A-Za-z0-9_-]+)*"
_TERM = re.compile(rf"\s*(?P<key>{_KEY})\s*(?:(?P<sign><=|>=|!=|=|<|>)\s*(?P<value>.*?)\s*)?", re.DOTALL)
_LONGEST_KEY = 72
_FLAGS = {"T": True, "F": False, "true": True, "false": False}


class _PathExists(Func):
    """Whether a path of SQL/JSON finds something in a column. Comparing text with numbers finds nothing."""

    function = "jsonb_path_exists"
    template = "%(function)s(%(expressions)s)"

    def __init__(self, column: str, path: str, **variables: Any) -> None:
        path_value = Func(Value(path), template="%(expressions)s::jsonpath")
        super().__init__(column, path_value, Value(variables, JSONField()), output_field=BooleanField())


@dataclass(frozen=True, slots=True)
class CardTerm:
    """What a card shall say; no sign: it is there. The key is in capitals, as headers have it."""

    key: str
    sign: str
    value: str

    def within(self, column: str) -> Q:
        """Condition on a column of cards; its text may be in any case."""
        if self.sign == "=":
            return Q(IExact(KeyTextTransform(self.key, column), self.value)) | self._is_any(column, _meant(self.value))
        return self._otherwise(column)

    def within_indexed(self, column: str) -> Q:
        """The same of a column that has an index of its values: text is as the header has it."""
        if self.sign == "=":
            found = Q()
            for each in (self.value.strip("'"), *_meant(self.value)):
                found |= Q(**{f"{column}__contains": {self.key: each}})
            return found
        return self._otherwise(column)

    def _otherwise(self, column: str) -> Q:
        if not self.sign:
            return Q(**{f"{column}__has_key": self.key})
        # What compares is the number where there is one, else the text; a card of the other kind meets no term.
        wanted = [self.value.strip("'"), *_meant(self.value)][-1]
        return Q(_PathExists(column, f"$.{json.dumps(self.key)} ? (@ {self.sign} $wanted)", wanted=wanted))

    def _is_any(self, column: str, values: Sequence[Any]) -> Q:
        found = Q()
        for each in values:
            found |= Q(_PathExists(column, f"$.{json.dumps(self.key)} ? (@ == $wanted)", wanted=each))
        return found


def card_terms(name: str, texts: Sequence[str]) -> list[CardTerm]:
    """Terms as readers write them. Raises DRF's ValidationError, by the parameter's name, when one can not be read."""
    given = [text for text in texts if text.strip()]
    if len(given) > MOST_TERMS:
        raise serializers.ValidationError({name: [f"Give at most {MOST_TERMS} terms on headers."]})
    return [_term_of(name, text) for text in given]


def _term_of(name: str, text: str) -> CardTerm:
    found = _TERM.fullmatch(text)
    if found is None or "\0" in text or len(found["key"]) > _LONGEST_KEY or (found["sign"] and not found["value"]):
        raise serializers.ValidationError({name: [f"{text[:80]!r} can not be read. {HEADER_SAYS}"]})
    return CardTerm(found["key"].upper(), found["sign"] or "", found["value"] or "")


def _meant(text: str) -> list[Any]:
    """What a reader may mean beside the text: a truth, a number."""
    found: list[Any] = [_FLAGS[text]] if text in _FLAGS else []
    try:
        number = float(text)
    except ValueError:
        return found
    if abs(number) < LARGEST:  # which no NaN is
        found.append(int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else number)
    return found
