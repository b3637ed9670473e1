"""Every ordering by every paging style over HTTP: each frame once, in order, and back again."""

from datetime import UTC, datetime, timedelta

import pytest

ORDERINGS = [
    "id", "basename", "observation_date", "primary_optical_element", "configuration_type", "proposal_id", "instrument_id",
    "target_name", "reduction_level", "exposure_time",
]  # fmt: skip
COUNT = 23


@pytest.fixture
def sample(frame_factory):
    """Frames full of ties, with some values unknown."""
    start = datetime(2025, 3, 10, tzinfo=UTC)
    return [
        frame_factory(
            observation_date=start + timedelta(hours=number // 5),
            exposure_time=None if number % 4 == 0 else float(number % 3),
            target_name=("", "M 51", "NGC 104")[number % 3],
            reduction_level=(0, 91)[number % 2],
            primary_optical_element=("rp", "gp")[number % 2],
        )
        for number in range(COUNT)
    ]


def walk(client, url, link):
    """Ids of each page, from `url` along `link`."""
    pages = []
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, answer.content
        page = answer.json()
        pages.append([row["id"] for row in page["results"]])
        last, url = url, page[link]
    return pages, last


@pytest.mark.parametrize("style", ["", "&pagination_style=cursor"])
@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("ordering", ORDERINGS)
def test_a_walk_gives_each_frame_once_and_back_again(sample, api, ordering, sign, style):
    client = api(None)
    there, last = walk(client, f"/frames/?limit=5&ordering={sign}{ordering}{style}", "next")
    ids = [number for page in there for number in page]
    assert sorted(ids) == sorted(frame.pk for frame in sample)
    back, _ = walk(client, last, "previous")
    assert back == list(reversed(there))
