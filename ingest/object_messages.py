"""What S3 servers say of new objects: the JSON of AWS (also wrapped by SNS), Ceph and MinIO."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from archive.domain.received import Heard
from archive.enums import UploadKind
from archive.errors import UsageError

HEARD_PREFIXES = tuple(f"{kind.value}/" for kind in UploadKind)  # all that the archive puts itself lies elsewhere
CREATED = "ObjectCreated:"
MOST_MESSAGE_BYTES = 1 << 20
PLAIN_KEYS = "ceph:s3"  # this source sends keys as they are; the others send them as part of an address


def read_message(text: bytes | str) -> Any:
    """JSON of a message. Raises UsageError when it is none, or is larger than any store would send."""
    if len(text) > MOST_MESSAGE_BYTES:
        raise UsageError(f"the message has more than {MOST_MESSAGE_BYTES} bytes: tell of fewer objects at a time.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the message is no JSON ({error}): send the notifications of an S3 server.") from error


def created_objects(message: Any, *, bucket: str) -> list[Heard]:
    """New objects that a message tells of, in `bucket` and under the prefixes of uploads; all else is left out.

    Raises UsageError when it is no notification of an S3 server.
    """
    return list(_created(_records_of(message), bucket))


def _records_of(message: Any) -> list[Any]:
    if isinstance(message, Mapping):
        if isinstance(message.get("Message"), str) and "Type" in message:  # SNS puts the notification into a string
            return _records_of(read_message(message["Message"]))
        if isinstance(message.get("Records"), list):
            return list(message["Records"])
        if message.get("Event") == "s3:TestEvent":
            return []
    raise UsageError("the message has no Records: send the notifications of an S3 server as they are.")


def _created(records: list[Any], bucket: str) -> Iterator[Heard]:
    for record in records:
        try:
            name, source = str(record["eventName"]), str(record.get("eventSource", ""))
            where, found = record["s3"]["bucket"]["name"], record["s3"]["object"]
            key, version_id = str(found["key"]), str(found.get("versionId") or "")
            sequencer = str(found.get("sequencer") or "")
        except (KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"a record of the message lacks {error}: send the notifications as they are.") from error
        if not name.removeprefix("s3:").startswith(CREATED) or where != bucket:
            continue
        path = key if source == PLAIN_KEYS else unquote_plus(key)
        if path.startswith(HEARD_PREFIXES):
            yield Heard(path, version_id, sequencer)
