"""What is measured: each operation with its aim, what the original takes, and what a right answer looks like."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from archive.errors import FatalError
from benchmarks.speed import questions
from benchmarks.speed.asks import Ask, Who
from benchmarks.speed.truth import Truth

N_ASKS = 120
N_FEW = 60  # of operations that take long
DEFAULT_LIMIT = 100
FACETS = ("sites", "telescopes", "filters", "instruments", "obstypes", "proposals")

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """`growth` is how many times the median at 1 M that at 10 M may be. `check` gives the count that was answered."""

    name: str
    aim_ms: float
    original_ms: str
    draw: Callable[[Truth], Iterator[Ask]]
    check: Callable[[Ask, Answer], int | None]
    n: int = N_ASKS
    growth: float = 2.0


def checked_shape(operation: Operation, ask: Ask, content: bytes) -> int | None:
    """The count of an answer that has the right shape. Raises FatalError for any other: its time says nothing."""
    try:
        return operation.check(ask, json.loads(content))
    except (AttributeError, LookupError, TypeError, ValueError, AssertionError) as error:
        raise FatalError(
            f"{operation.name}: {ask.path} with {dict(ask.params)} is void, {error!r}: {content[:300]!r}"
        ) from error


def _page(ask: Ask, answer: Answer) -> int:
    """As many rows as there are and were asked for, each whole."""
    limit, offset = (int(str(ask.params.get(name, usual))) for name, usual in (("limit", DEFAULT_LIMIT), ("offset", 0)))
    count: int = answer["count"]
    assert answer["count_estimated"] is False
    assert len(answer["results"]) == max(0, min(limit, count - offset))
    with_related = ask.params.get("include_related_frames") != "false"
    for row in answer["results"]:
        assert ("related_frames" in row) is with_related
        assert row["basename"] in row["version_set"][0]["url"]
    return count


def _page_of_names(ask: Ask, answer: Answer) -> int | None:
    """Substrings of names alone may be counted by an estimate that says so, when counting takes too long."""
    return None if answer["count_estimated"] else _page(ask, answer)


def _cursor_page(_: Ask, answer: Answer) -> None:
    ids = [row["id"] for row in answer["results"]]
    assert len(set(ids)) == DEFAULT_LIMIT
    assert answer["previous"]


def _header(_: Ask, answer: Answer) -> None:
    assert len(answer["data"]) >= 240


def _single(ask: Ask, answer: Answer) -> None:
    assert answer["id"] == ask.frame_id
    assert answer["version_set"][0]["url"]


def _versions(ask: Ask, answer: Answer) -> int:
    count: int = answer["count"]
    assert all(row["md5"] == ask.params["md5"] for row in answer["results"])
    return count


def _aggregate(_: Ask, answer: Answer) -> int:
    """Every frame has a site, so that these numbers add up to all."""
    assert all(answer[facet] for facet in FACETS)
    count: int = sum(answer["sites"].values())
    return count


SUBSTRING_OR_SKY = 4.0
ONE_THOUSAND = {"limit": "1000"}
BARE = {"include_related_frames": "false"}
OPERATIONS = (
    Operation("list of 100, anonymous", 15, "114-137", questions.lists, _page),
    Operation("list of 100, member", 15, "", partial(questions.lists, who=Who.MEMBER), _page),
    Operation("list of 100, superuser", 15, "", partial(questions.lists, who=Who.ADMIN), _page),
    Operation("list of 100 without related", 12, "52-75", partial(questions.lists, params=BARE), _page),
    Operation("list of 1000", 80, "687", partial(questions.lists, params=ONE_THOUSAND), _page, n=N_FEW),
    Operation("proposal and 60 days", 8, "11, p95 155", questions.proposals, _page),
    Operation("target_name contains", 15, "156-200", questions.target_parts, _page, growth=SUBSTRING_OR_SKY),
    Operation(
        "basename contains, to 1,000 rows", 60, "200", questions.name_parts, _page_of_names, growth=SUBSTRING_OR_SKY
    ),
    Operation("covers a point", 15, "49-68", questions.places, _page, growth=SUBSTRING_OR_SKY),
    Operation("intersects 1 degree", 20, "73-96", questions.regions, _page, growth=SUBSTRING_OR_SKY),
    Operation("offset 500,000", 40, "644, 4920", questions.deep_pages, _page, n=N_FEW),
    Operation("cursor page", 15, "119-135", questions.middles, _cursor_page),
    Operation("count of all and by site", 10, "442, 178", questions.counts, _page),
    Operation("headers", 5, "4-22", questions.headers, _header),
    Operation("single frame", 5, "4-22", questions.singles, _single),
    Operation("versions/?md5=", 5, "4-22", questions.md5s, _versions),
    Operation("submitter", 15, "307", questions.submitters, _page),
    Operation("aggregate with counts", 30, "", questions.aggregates, _aggregate),
)
# What eight readers ask at once: all but the answers that are long or lie deep.
MIXED = tuple(operation for operation in OPERATIONS if operation.n != N_FEW)
