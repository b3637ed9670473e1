"""Links of the stores that sign themselves."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from archive.errors import UsageError
from ingest.stores.links import LinkSigner

NOW = datetime(2025, 3, 9, 12, tzinfo=UTC)
SIGNER = LinkSigner(base_url="https://archive.example", signing_key="key")


def parts_of_a_link(**changes: Any) -> dict[str, Any]:
    url = SIGNER.link("a/b.fits", "v1", expires_at=NOW + timedelta(hours=1))
    signature = url.rpartition("=")[2]
    expires = str(int(NOW.timestamp()) + 3600)
    return {"path": "a/b.fits", "version_id": "v1", "expires": expires, "signature": signature, "now": NOW} | changes


def test_a_link_ends_in_the_file_name_and_is_signed_over_all_that_it_says():
    expires = int(NOW.timestamp()) + 60
    text = f"store link 1\nv 1\n{expires}\na/b c#.fits"
    signature = hmac.new(b"key", text.encode(), hashlib.sha256).hexdigest()
    url = SIGNER.link("a/b c#.fits", "v 1", expires_at=NOW + timedelta(seconds=60))
    query = f"versionId=v+1&expires={expires}&signature={signature}"
    assert url == f"https://archive.example/store/a/b%20c%23.fits?{query}"


def test_a_link_holds_until_the_second_it_expires():
    SIGNER.verify(**parts_of_a_link(now=NOW + timedelta(seconds=3599)))
    with pytest.raises(UsageError, match="expired"):
        SIGNER.verify(**parts_of_a_link(now=NOW + timedelta(seconds=3600)))


@pytest.mark.parametrize(
    "change",
    [
        {"path": "a/c.fits"},
        {"version_id": "v2"},
        {"expires": "99999999999"},
        {"expires": "never"},
        {"expires": ""},
        {"signature": ""},
        {"signature": "0" * 64},
        {"signature": "ü" * 64},
        {"path": "a\ud800"},
    ],
)
def test_a_link_of_which_anything_was_changed_is_refused(change: dict[str, str]):
    with pytest.raises(UsageError, match="changed"):
        SIGNER.verify(**parts_of_a_link(**change))


def test_a_link_signed_with_another_key_is_refused():
    other = LinkSigner(base_url="https://archive.example", signing_key="other")
    with pytest.raises(UsageError, match="changed"):
        other.verify(**parts_of_a_link())


def test_a_relative_life_begins_now():
    url = SIGNER.link_for("a", "v", expires_in=timedelta(hours=48))
    expires = int(url.partition("expires=")[2].partition("&")[0])
    assert abs(expires - datetime.now(UTC).timestamp() - 48 * 3600) < 5
