"""Tags of proposals, asked of the observation portal: they decide first when a frame becomes public."""

from urllib.parse import quote, urljoin

import requests
from django.conf import settings
from django.core.cache import cache

from archive.errors import TransientError

FRESH_SECONDS = 3600
TIMEOUT_SECONDS = 5


def proposal_tags(proposal_id: str) -> frozenset[str]:
    """Tags of a proposal; none when no portal is configured or the portal does not know the proposal.

    Raises TransientError when the portal does not answer: without its word a private frame could become public.
    """
    if not (settings.OBSERVATION_PORTAL_BASE_URL and settings.OBSERVATION_PORTAL_API_TOKEN and proposal_id):
        return frozenset()
    key = f"proposal-tags:{quote(proposal_id, safe='')}"
    tags: frozenset[str] | None = cache.get(key)
    if tags is None:
        tags = _asked(proposal_id)
        cache.set(key, tags, FRESH_SECONDS)
    return tags


def _asked(proposal_id: str) -> frozenset[str]:
    url = urljoin(settings.OBSERVATION_PORTAL_BASE_URL, f"/api/proposals/{quote(proposal_id, safe='')}")
    try:
        answer = requests.get(
            url,
            headers={"Authorization": f"Token {settings.OBSERVATION_PORTAL_API_TOKEN}"},
            timeout=TIMEOUT_SECONDS,
        )
        if answer.status_code == requests.codes.not_found:
            return frozenset()
        answer.raise_for_status()
        return frozenset(str(tag) for tag in answer.json().get("tags", []))
    except (requests.RequestException, ValueError) as error:
        raise TransientError(f"the observation portal does not tell the tags of {proposal_id}: {error}") from error
