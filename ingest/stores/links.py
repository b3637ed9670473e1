"""Links to the archive's own `store/` route that carry their permission with them."""

import hmac
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, quote_plus

from archive.errors import UsageError

PLAIN = re.compile(r"[A-Za-z0-9_.~/-]+")  # what quoting leaves as it is
PURPOSE = "store link 1"  # the key may sign other things too: no signature of those may open a file


class LinkSigner:
    """Makes links and checks them. Whoever knows `signing_key` can read everything in the store."""

    def __init__(self, *, base_url: str, signing_key: str) -> None:
        self._prefix = base_url.rstrip("/") + "/store/"
        self._key = signing_key.encode()

    def link(self, path: str, version_id: str, *, expires_at: datetime) -> str:
        expires = str(int(expires_at.timestamp()))
        signature = self._signature(path, version_id, expires)
        if not PLAIN.fullmatch(path):  # most are, and quoting takes longer than signing
            path = quote(path)
        if not PLAIN.fullmatch(version_id) or "/" in version_id:
            version_id = quote_plus(version_id)
        return f"{self._prefix}{path}?versionId={version_id}&expires={expires}&signature={signature}"

    def link_for(self, path: str, version_id: str, *, expires_in: timedelta) -> str:
        return self.link(path, version_id, expires_at=datetime.now(UTC) + expires_in)

    def verify(self, *, path: str, version_id: str, expires: str, signature: str, now: datetime) -> None:
        """Raise UsageError unless the link was made here and holds at `now`. `expires` is the text in the link."""
        wanted = self._signature(path, version_id, expires)
        # As bytes: compare_digest takes no str with other letters than ASCII, and a reader may send any.
        if not hmac.compare_digest(wanted.encode(), signature.encode(errors="replace")):
            raise UsageError("This link was changed or never made here: ask the archive for a new one.")
        if now.timestamp() >= int(expires):
            raise UsageError("This link has expired: ask the archive for a new one.")

    def _signature(self, path: str, version_id: str, expires: str) -> str:
        # No path holds a line feed, so no two links have the same text.
        text = "\n".join((PURPOSE, version_id, expires, path))
        return hmac.digest(self._key, text.encode(errors="replace"), "sha256").hex()
