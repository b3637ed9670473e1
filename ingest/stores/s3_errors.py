"""What S3 servers and botocore say, as the archive's errors. The only place that knows their codes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from archive.errors import ArchiveError, FatalError, NotFoundError, TransientError, UsageError

MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "NotFound", "404", "NoSuchUpload", "MethodNotAllowed", "405"})
DAMAGED_ON_THE_WAY = frozenset({"BadDigest", "InvalidDigest", "IncompleteBody"})
WRONG_PARTS = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML"})
NEVER = frozenset({"EntityTooLarge", "KeyTooLongError", "MetadataTooLarge"})
BUSY = frozenset({
    "InternalError", "OperationAborted", "RequestTimeout", "ServiceUnavailable", "SlowDown", "Throttling",
    "ThrottlingException", "TooManyRequests", "RequestLimitExceeded", "429",
})  # fmt: skip
VERSION_ID = ("versionid", "version id", "version parameter")  # how AWS and Swift call what a request names
ADVICE = {
    "NoSuchBucket": "make the bucket, or set BUCKET to the one that exists",
    "InvalidStorageClass": "this server has no STANDARD_IA: set S3_DAYS_TO_IA_STORAGE to 100000",
    "AccessDenied": "give the archive's access key the right to do this",
    "InvalidAccessKeyId": "set AWS_ACCESS_KEY_ID to a key that the server knows",
    "SignatureDoesNotMatch": "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION",
    "RequestTimeTooSkewed": "set the clock of this computer",
}
OTHER_ADVICE = "check the settings of the store and of its server"

UNREACHABLE = (
    exceptions.ConnectionError,
    exceptions.HTTPClientError,  # time-outs, an answer that broke off
    exceptions.IncompleteReadError,
)


@contextmanager
def answering_s3_errors(what: str) -> Iterator[None]:
    """Turn what botocore raises while `what` is done into one of the archive's errors."""
    try:
        yield
    except ClientError as error:
        raise _answer_to(error.response, what) from error
    except UNREACHABLE as error:
        raise TransientError(f"S3, {what}: the server can not be reached ({error}): try again.") from error
    except BotoCoreError as error:
        raise FatalError(f"S3, {what}: the request can not be made ({error}): {OTHER_ADVICE}.") from error


def is_beyond_the_end(error: ClientError) -> bool:
    """Whether a range was refused because the object ends before it."""
    return error.response["Error"].get("Code") in {"InvalidRange", "416"}


def _answer_to(response: Mapping[str, Any], what: str) -> ArchiveError:
    code = response["Error"].get("Code", "")
    said = f"{code} {response['Error'].get('Message', '')}".strip()
    if code in MISSING or _names_no_version(response["Error"]):
        return NotFoundError(f"S3, {what}: there is no such version ({said}).")
    if code in DAMAGED_ON_THE_WAY:
        return UsageError(f"S3, {what}: the bytes are not those announced ({said}): send the file again.")
    if code in WRONG_PARTS:
        return UsageError(f"S3, {what}: the parts are not those that it has ({said}): list each with its ETag.")
    if code in NEVER:
        return UsageError(f"S3, {what}: the server can not take it ({said}): send less or choose a shorter name.")
    if code in BUSY or response["ResponseMetadata"]["HTTPStatusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TransientError(f"S3, {what}: the server is busy ({said}): try again.")
    return FatalError(f"S3, {what}: refused ({said}): {ADVICE.get(code, OTHER_ADVICE)}.")


def _names_no_version(error: Mapping[str, str]) -> bool:
    """Whether the server finds that the version id can not be one. Servers say this in different words."""
    said = f"{error.get('ArgumentName', '')} {error.get('Message', '')}".lower()
    return error.get("Code") in {"InvalidArgument", "InvalidRequest"} and any(words in said for words in VERSION_ID)
