"""The only reader of the environment: one typed, commented name per line.

Names and defaults that deployments of the OCS archive already set are kept. `make run` writes the values of its
private services to a file (`ENV_FILE`, var/run.env); while it is up they stand in for variables that are not set, so
that `manage.py` in another terminal talks to the same services.
"""

import ast
import ipaddress
import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")
BASE_DIR = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Variable:
    """One name that the archive reads, for the table in docs/settings.md."""

    name: str
    default: str
    says: str


KNOWN: dict[str, Variable] = {}


def _running_services() -> dict[str, str]:
    """Values of a `make run` that is up; nothing when it is not."""
    path = Path(os.environ.get("ENV_FILE", BASE_DIR / "var" / "run.env") or os.devnull)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    try:
        command = Path(f"/proc/{int(values['RUN_PID'])}/cmdline").read_bytes()
    except (OSError, KeyError, ValueError):
        return {}
    return values if b"deploy.local" in command else {}


_FALLBACK = _running_services()


def _read(name: str, default: str, says: str, parse: Callable[[str], T]) -> T:
    KNOWN[name] = Variable(name, default, says)
    raw = os.environ.get(name, _FALLBACK.get(name, default))
    try:
        return parse(raw)
    except (ValueError, SyntaxError, KeyError) as error:  # a KeyError is zoneinfo's, of a zone that does not exist
        message = f"{name}={raw!r} can not be read ({error}). It means: {says}."
        raise ImproperlyConfigured(message) from error


def _text(name: str, default: str, says: str) -> str:
    return _read(name, default, says, str)


def _number(name: str, default: str, says: str) -> int:
    return _read(name, default, says, int)


def _flag(name: str, default: str, says: str) -> bool:
    def parse(raw: str) -> bool:
        value = ast.literal_eval(raw.strip().capitalize())
        if not isinstance(value, bool):
            raise ValueError("give True or False")
        return value

    return _read(name, default, says, parse)


def _choice(name: str, default: str, says: str, choices: tuple[str, ...]) -> str:
    def parse(raw: str) -> str:
        if raw not in choices:
            raise ValueError(f"give {' or '.join(choices)}")
        return raw

    return _read(name, default, says, parse)


def _names(name: str, default: str, says: str) -> tuple[str, ...]:
    return _read(name, default, says, lambda raw: tuple(part.strip() for part in raw.split(",") if part.strip()))


def _hours(name: str, default: str, says: str) -> tuple[time, time] | None:
    def parse(raw: str) -> tuple[time, time] | None:
        if not raw.strip():
            return None
        begin, end = (time.fromisoformat(part.strip()) for part in raw.split("-"))
        if begin == end:
            raise ValueError("give two different times; to make nothing at all, pause the reductions")
        return begin, end

    return _read(name, default, says, parse)


def _rate(name: str, default: str, says: str) -> str:
    def parse(raw: str) -> str:
        if raw.strip() and not re.fullmatch(r"\d+/[smhd][a-z]*", raw.strip()):
            raise ValueError("give a number and a span, as 1000/day, or nothing for no limit")
        return raw.strip()

    return _read(name, default, says, parse)


def _networks(name: str, default: str, says: str) -> tuple[str, ...]:
    def parse(raw: str) -> tuple[str, ...]:
        names = tuple(part.strip() for part in raw.split(",") if part.strip())
        for each in names:
            if each != "unix":
                ipaddress.ip_network(each, strict=False)
        return names

    return _read(name, default, says, parse)


def _address(name: str, default: str, says: str) -> tuple[str, int | None]:
    """Host and port; None where only a host is given, which may be an IPv6 address or the folder of a socket."""

    def parse(raw: str) -> tuple[str, int | None]:
        found = re.fullmatch(r"(\[[^]]+\]|[^:/]+):(.*)", raw.strip())
        if found is None:
            return raw.strip(), None
        if not found[2].isdecimal() or not 0 < int(found[2]) < 65_536:
            raise ValueError("give a host, or host:port")
        return found[1].strip("[]"), int(found[2])

    return _read(name, default, says, parse)


def _own_path(name: str, default: str, says: str) -> str:
    """A path on our own host; pages ask no other one."""

    def parse(text: str) -> str:
        if text and not re.fullmatch(r"(/[\w.~-]+)+/?", text):
            raise ValueError("give a path that begins with a slash, such as /hips/dss")
        return text

    return _read(name, default, says, parse)


def _mapping(name: str, default: str, says: str) -> dict[str, str]:
    def parse(raw: str) -> dict[str, Any]:
        value = ast.literal_eval(raw)
        if not isinstance(value, dict):
            raise ValueError("give a dictionary as Python writes it")
        return value

    return _read(name, default, says, parse)


def _kept_secret(path: Path) -> str:
    """A random key that all processes of this checkout share; where it can not be kept, each has its own."""
    with suppress(OSError):
        return path.read_text(encoding="ascii")
    made = secrets.token_urlsafe(48)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as file:  # mode 0600
            file.write(made)
            file.flush()
            os.link(file.name, path)  # whole or not at all; fails if another process was first
    with suppress(OSError):
        return path.read_text(encoding="ascii")
    return made


# Django
SECRET_KEY = _text(
    "SECRET_KEY", "", "key of sessions and of signed links; when empty a random one, kept in var/secret_key"
)
SECRET_KEY = SECRET_KEY or _kept_secret(BASE_DIR / "var" / "secret_key")
DEBUG = _flag("DEBUG", "False", "pages with tracebacks; never where others can reach it")
ALLOWED_HOSTS = _names("ALLOWED_HOSTS", "*", "host names the archive answers to")
CSRF_TRUSTED_ORIGINS = _names(
    "CSRF_TRUSTED_ORIGINS", "", "origins whose forms are taken, such as https://archive.example.org"
)
HTTPS_ONLY = _flag("HTTPS_ONLY", "False", "redirect to https, send HSTS, secure cookies: True behind a TLS proxy")
LOG_LEVEL = _text("LOG_LEVEL", "INFO", "least severe log line that is written")
LOG_FORMAT = _text("LOG_FORMAT", "console", "console for people, json for collectors")

# Cache
CACHE_LOC = _text("CACHE_LOC", "", "memcached as host:port; when empty each process has a cache of its own")
CACHE_BACKEND = _text("CACHE_BACKEND", "", "Django cache backend; memcached when CACHE_LOC is set, else local memory")

# Database
DB_HOST = _text("DB_HOST", "127.0.0.1", "PostgreSQL that takes writes")
DB_HOST_READER = _address(
    "DB_HOST_READER",
    "127.0.0.1",
    "streaming replica that may answer pages, as host or host:port; not set, or equal to DB_HOST, when there is none",
)
# Neither the default nor the word of a `make run` names a replica of the DB_HOST that somebody set.
HAS_DB_HOST_READER = bool(os.environ.get("DB_HOST_READER"))
DB_PORT = _number("DB_PORT", "5432", "port of both, where DB_HOST_READER gives none")
DB_NAME = _text("DB_NAME", "archive", "database")
DB_USER = _text("DB_USER", "postgres", "role")
DB_PASS = _text("DB_PASS", "postgres", "its password")
REPLICA_MAX_LAG_SECONDS = _number(
    "REPLICA_MAX_LAG_SECONDS", "30", "pages come from DB_HOST while the replica is further behind than this, s"
)

# File store
FILESTORE_TYPE = _text("FILESTORE_TYPE", "dummy", "dummy (keeps nothing), local or s3")
FILESYSTEM_STORAGE_ROOT_DIR = _text("FILESYSTEM_STORAGE_ROOT_DIR", "", "local store's folder")
FILESYSTEM_STORAGE_BASE_URL = _text(
    "FILESYSTEM_STORAGE_BASE_URL", "http://0.0.0.0/", "address that the local store's links are built on"
)
BUCKET = _text("BUCKET", "testbucket", "S3 bucket; its versioning must be on")
AWS_ACCESS_KEY_ID = _text("AWS_ACCESS_KEY_ID", "", "S3 access key")
AWS_SECRET_ACCESS_KEY = _text("AWS_SECRET_ACCESS_KEY", "", "S3 secret key")
AWS_DEFAULT_REGION = _text("AWS_DEFAULT_REGION", "us-west-2", "S3 region")
S3_ENDPOINT_URL = _text("S3_ENDPOINT_URL", "https://s3.us-west-2.amazonaws.com", "S3 server")
S3_ADDRESSING_STYLE = _text("S3_ADDRESSING_STYLE", "virtual", "virtual (bucket in the host name) or path")
S3_SIGNATURE_VERSION = _text("S3_SIGNATURE_VERSION", "s3v4", "how requests and links are signed")
S3_DAYS_TO_IA_STORAGE = _number("S3_DAYS_TO_IA_STORAGE", "60", "older observations are stored for infrequent access")
LINK_HOURS = _number("LINK_HOURS", "48", "how long a link to a file's bytes works, hours")

# Uploads
UPLOAD_MAX_MEGABYTES = _number("UPLOAD_MAX_MEGABYTES", "8192", "largest file that may be uploaded, MB")
UPLOAD_LINK_MINUTES = _number("UPLOAD_LINK_MINUTES", "60", "how long the links of an upload's ticket work, minutes")
UPLOADS_LOG_TTL_HOURS = _number("UPLOADS_LOG_TTL_HOURS", "48", "how long an upload stays in the log, hours")
S3_PRESIGNED_POST = _flag(
    "S3_PRESIGNED_POST", "True", "the S3 server takes uploads by form (presigned POST); OpenStack Swift does not"
)
OBJECT_EVENTS_QUEUE = _text(
    "OBJECT_EVENTS_QUEUE", "archive.object-events", "queue, and topic exchange, on which the store tells of new objects"
)
OBJECT_EVENTS_SECRET = _text(
    "OBJECT_EVENTS_SECRET", "", "what the store must show when it tells of them by HTTP; when empty nobody may"
)

# Messages
PROCESSED_EXCHANGE_ENABLED = _flag("PROCESSED_EXCHANGE_ENABLED", "True", "send a message for each new FITS frame")
PROCESSED_EXCHANGE_NAME = _text("PROCESSED_EXCHANGE_NAME", "archived_fits", "fanout exchange of those messages")
EVENTS_EXCHANGE_NAME = _text("EVENTS_EXCHANGE_NAME", "archive.events", "topic exchange of every event")
QUEUE_BROKER_URL = _text(
    "QUEUE_BROKER_URL", "memory://localhost", "RabbitMQ; memory:// means none: events wait in the outbox"
)
EVENT_DAYS = _number("EVENT_DAYS", "30", "how long delivered events stay in the outbox for replay, days")

# Saved searches: how their owners are told
EMAIL_HOST = _text("EMAIL_HOST", "", "mail server; empty: nobody is told by mail")
EMAIL_PORT = _number("EMAIL_PORT", "587", "port of the mail server")
EMAIL_HOST_USER = _text("EMAIL_HOST_USER", "", "user at the mail server; empty: it asks for none")
EMAIL_HOST_PASSWORD = _text("EMAIL_HOST_PASSWORD", "", "password of that user")
EMAIL_USE_TLS = _flag("EMAIL_USE_TLS", "True", "whether the connection to the mail server is encrypted (STARTTLS)")
DEFAULT_FROM_EMAIL = _text("DEFAULT_FROM_EMAIL", "archive@localhost", "sender of mails")
WEBHOOK_PRIVATE_HOSTS = _names(
    "WEBHOOK_PRIVATE_HOSTS", "", "hosts of webhooks that may be in a private network, with commas between"
)

# Observation portal: who users are and what they may see
OAUTH_CLIENT_ID = _text("OAUTH_CLIENT_ID", "", "this archive at the portal; when set, passwords are asked of it too")
OAUTH_CLIENT_SECRET = _text("OAUTH_CLIENT_SECRET", "", "secret of that client")
OAUTH_TOKEN_URL = _text("OAUTH_TOKEN_URL", "http://localhost/o/token/", "where the portal gives tokens")
OAUTH_PROFILE_URL = _text(
    "OAUTH_PROFILE_URL", "http://localhost/api/profile/", "where it tells whose a token is, and the user's proposals"
)
OAUTH_SERVER_KEY = _text("OAUTH_SERVER_KEY", "", "key by which the portal updates accounts here; when empty nobody may")
OAUTH_AUTHORIZE_URL = _text("OAUTH_AUTHORIZE_URL", "", "where the portal's login page is; empty: no login through it")
OAUTH_LOGIN_CLIENT_ID = _text(
    "OAUTH_LOGIN_CLIENT_ID", "", "client of that login where it is another one; empty: OAUTH_CLIENT_ID"
)
OAUTH_LOGIN_CLIENT_SECRET = _text("OAUTH_LOGIN_CLIENT_SECRET", "", "secret of that client; empty: a public one")
OAUTH_TIMEOUT_SECONDS = _number("OAUTH_TIMEOUT_SECONDS", "5", "longest wait for the portal, s")
OAUTH_RETRY_SECONDS = _number("OAUTH_RETRY_SECONDS", "30", "how long a portal that did not answer is left alone, s")
BEARER_CACHE_SECONDS = _number("BEARER_CACHE_SECONDS", "60", "how long the portal's word on a Bearer token holds, s")
PROPOSALS_CACHE_SECONDS = _number(
    "PROPOSALS_CACHE_SECONDS",
    "3600",
    "how long its list of a user's proposals holds, and its word on a Bearer token while it is away, s",
)
PROPOSALS_STALE_SECONDS = _number("PROPOSALS_STALE_SECONDS", "86400", "how long that list holds while it is away, s")

# Throttles
THROTTLE_ANONYMOUS = _rate("THROTTLE_ANONYMOUS", "1000/day", "requests of one address without a user")
THROTTLE_USERS = _rate("THROTTLE_USERS", "50000/day", "requests of one user; staff has no limit")
THROTTLE_OPEN_PAGES = _rate(
    "THROTTLE_OPEN_PAGES", "600/minute", "what search pages that stand open ask by themselves, of one address or user"
)
THROTTLE_FAILED_LOGINS_OF_NAME = _rate("THROTTLE_FAILED_LOGINS_OF_NAME", "20/hour", "failed logins with one user name")
THROTTLE_FAILED_LOGINS_OF_ADDRESS = _rate(
    "THROTTLE_FAILED_LOGINS_OF_ADDRESS", "100/hour", "failed logins and refused Bearer tokens of one address"
)
TRUSTED_PROXIES = _networks(
    "TRUSTED_PROXIES",
    "",
    "addresses or networks of proxies whose X-Forwarded-For is believed; the word unix means a local socket",
)

# Instruments and their types
CONFIGURATION_TYPES = _names(
    "CONFIGURATION_TYPES",
    "BIAS,DARK,EXPOSE,SPECTRUM,LAMPFLAT,SKYFLAT,STANDARD,TRAILED,GUIDE,EXPERIMENTAL,CATALOG",
    "types that POST /frames/ takes",
)
CONFIGDB_URL = _text("CONFIGDB_URL", "", "configuration database that knows more types, those of each instrument")
GUIDE_CAMERAS_TO_PERSIST = _names(
    "GUIDE_CAMERAS_TO_PERSIST", "", "guide cameras whose frames do not expire after a year"
)

SCIENCE_CONFIGURATION_TYPES = _names(
    "SCIENCE_CONFIGURATION_TYPES",
    "EXPOSE,TARGET,SPECTRUM,CATALOG,OBJECT",
    "types that exclude_calibrations=true keeps",
)

# Browsable pages
NAVBAR_TITLE_TEXT = _text("NAVBAR_TITLE_TEXT", "Science Archive API", "name on the pages")
NAVBAR_TITLE_URL = _text("NAVBAR_TITLE_URL", "/", "where that name leads")
TERMS_OF_SERVICE_URL = _text("TERMS_OF_SERVICE_URL", "", "link on the pages")
DOCUMENTATION_URL = _text("DOCUMENTATION_URL", "", "link on the pages")
GALLERY_CREDIT = _text("GALLERY_CREDIT", "", "whom users of the gallery's pictures shall name; empty: the archive")
GALLERY_LICENCE = _text("GALLERY_LICENCE", "", "terms of these pictures, such as CC BY 4.0; empty: none are stated")
GALLERY_LICENCE_URL = _text("GALLERY_LICENCE_URL", "", "where these terms stand in full")
STREAM_URL = _text(
    "STREAM_URL",
    "/events/",
    "where browsers find the live stream, a path or a whole address; empty: pages ask every 15 seconds instead",
)
SKY_HIPS = _own_path(
    "SKY_HIPS", "", "path of a HiPS on the archive's own host, such as /hips/dss, behind footprints; empty: only a grid"
)
PAGINATION_DEFAULT_LIMIT = _number("PAGINATION_DEFAULT_LIMIT", "100", "rows of a page when none are asked for")
PAGINATION_MAX_LIMIT = _number("PAGINATION_MAX_LIMIT", "1000", "most rows of a page")
THUMBNAIL_SIZE_CHOICES = _names("THUMBNAIL_SIZE_CHOICES", "small,medium,large", "sizes of thumbnails")

# Zip downloads
ZIP_DOWNLOAD_FILENAME_BASE = _text("ZIP_DOWNLOAD_FILENAME_BASE", "ocs_archive_data", "first part of a zip's name")
ZIP_DOWNLOAD_MAX_UNCOMPRESSED_FILES = _number(
    "ZIP_DOWNLOAD_MAX_UNCOMPRESSED_FILES", "10", "most files of a zip that are unpacked on their way"
)
ZIP_MODE = _choice(
    "ZIP_MODE", "stream", "stream (the archive writes the zip) or nginx (mod_zip does)", ("stream", "nginx")
)
DOWNLOAD_HOURS = _number("DOWNLOAD_HOURS", "24", "how long a frozen selection can be downloaded, hours")
DOWNLOAD_MAX_FRAMES = _number("DOWNLOAD_MAX_FRAMES", "250000", "most frames of one selection")
CART_MAX_FRAMES = _number("CART_MAX_FRAMES", "10000", "most frames of one cart")
CART_DAYS = _number("CART_DAYS", "14", "how long a cart of nobody who is logged in is kept after its last change, days")

# Images that are made for readers
IMAGE_JOBS = _number("IMAGE_JOBS", "2", "images that one web process makes at a time; each is a process of its own")
IMAGE_SECONDS = _number("IMAGE_SECONDS", "60", "longest time that making one may take, s")
IMAGE_MEGABYTES = _number("IMAGE_MEGABYTES", "2048", "most memory that it may take beside the program itself, MB")

# Sites
NIGHTLOG_HOURS = _number("NIGHTLOG_HOURS", "24", "how long a note of a night log is shown when it does not say, hours")

# Public date
OBSERVATION_PORTAL_BASE_URL = _text("OBSERVATION_PORTAL_BASE_URL", "", "portal that knows the tags of proposals")
OBSERVATION_PORTAL_API_TOKEN = _text("OBSERVATION_PORTAL_API_TOKEN", "", "token for it")
PUBLIC_PROPOSAL_TAGS = _names("PUBLIC_PROPOSAL_TAGS", "public", "tags that make a proposal's frames public at once")
PRIVATE_PROPOSAL_TAGS = _names("PRIVATE_PROPOSAL_TAGS", "private,internal", "tags that keep them private for 999 years")
PUBLIC_PROPOSALS = _names(
    "PUBLIC_PROPOSALS", "EPO,calib,standard,pointing", "fragments of proposal ids: public at once"
)
PRIVATE_PROPOSALS = _names("PRIVATE_PROPOSALS", "LCOEngineering", "fragments of proposal ids: private for 999 years")
PRIVATE_FILE_TYPES = _names("PRIVATE_FILE_TYPES", "-t00,-x00", "fragments of file names: private for 999 years")
DAYS_UNTIL_PUBLIC = _number("DAYS_UNTIL_PUBLIC", "365", "days from the observation to the public date otherwise")
CALIBRATION_TYPES = _names(
    "CALIBRATION_TYPES", "BIAS,DARK,SKYFLAT,EXPERIMENTAL", "configuration types: public at once, no footprint"
)

# Files and headers
FILETYPE_MAPPING_OVERRIDES = _mapping("FILETYPE_MAPPING_OVERRIDES", "{}", "extension to dotted path of a translator")
IGNORED_CHARS = _names("IGNORED_CHARS", "-l00,tstnrs", "fragments of names that are not ingested")
HEADER_BLACKLIST = _names("HEADER_BLACKLIST", "HISTORY,COMMENT", "header keys that are not kept")
REQUIRED_HEADERS = _names(
    "REQUIRED_HEADERS",
    "PROPID,DATE-OBS,DAY-OBS,INSTRUME,SITEID,TELID,OBSTYPE,BLKUID",
    "header keys without which a file is refused",
)
REQUIRED_THUMBNAIL_METADATA = _names(
    "REQUIRED_THUMBNAIL_METADATA",
    "frame_basename,size,DATE-OBS,DAY-OBS,INSTRUME,SITEID,TELID",
    "keys without which a thumbnail is refused",
)
NULL_HEADER_VALUES = _names("NULL_HEADER_VALUES", "N/A,UNSPECIFIED,UNKNOWN", "header values that mean: not known")
OBSERVATION_DATE_KEY = _text("OBSERVATION_DATE_KEY", "DATE-OBS", "header key of the start of the observation")
OBSERVATION_DAY_KEY = _text("OBSERVATION_DAY_KEY", "DAY-OBS", "header key of the night")
OBSERVATION_END_TIME_KEY = _text("OBSERVATION_END_TIME_KEY", "UTSTOP", "header key of the end of the observation")
REDUCTION_LEVEL_KEY = _text("REDUCTION_LEVEL_KEY", "RLEVEL", "header key of the reduction level")
EXPOSURE_TIME_KEY = _text("EXPOSURE_TIME_KEY", "EXPTIME", "header key of the exposure time, s")
INSTRUMENT_ID_KEY = _text("INSTRUMENT_ID_KEY", "INSTRUME", "header key of the instrument")
SITE_ID_KEY = _text("SITE_ID_KEY", "SITEID", "header key of the site")
TELESCOPE_ID_KEY = _text("TELESCOPE_ID_KEY", "TELID", "header key of the telescope")
OBSERVATION_ID_KEY = _text("OBSERVATION_ID_KEY", "BLKUID", "header key of the observation's number")
CONFIGURATION_ID_KEY = _text("CONFIGURATION_ID_KEY", "MOLUID", "header key of the configuration's number")
REQUEST_ID_KEY = _text("REQUEST_ID_KEY", "REQNUM", "header key of the request's number")
REQUESTGROUP_ID_KEY = _text("REQUESTGROUP_ID_KEY", "TRACKNUM", "header key of the request group's number")
PRIMARY_OPTICAL_ELEMENT_KEY = _text("PRIMARY_OPTICAL_ELEMENT_KEY", "FILTER", "header key of the filter")
TARGET_NAME_KEY = _text("TARGET_NAME_KEY", "OBJECT", "header key of the target")
CONFIGURATION_TYPE_KEY = _text("CONFIGURATION_TYPE_KEY", "OBSTYPE", "header key of the configuration type")
PROPOSAL_ID_KEY = _text("PROPOSAL_ID_KEY", "PROPID", "header key of the proposal")
CATALOG_TARGET_FRAME_KEY = _text(
    "CATALOG_TARGET_FRAME_KEY", "L1IDCAT", "header key by which an image and its catalogue name each other"
)
PUBLIC_DATE_KEY = _text("PUBLIC_DATE_KEY", "L1PUBDAT", "header key of the public date")
RELATED_FRAME_KEYS = _names(
    "RELATED_FRAME_KEYS",
    "L1IDBIAS,L1IDDARK,L1IDFLAT,L1IDSHUT,L1IDMASK,L1IDFRNG,L1IDCAT,L1IDARC,L1ID1D,L1ID2D,L1IDSUM,TARFILE,ORIGNAME,ARCFILE,FLATFILE,GUIDETAR",
    "header keys that name other frames",
)
THUMBNAIL_FRAME_BASENAME_KEY = _text(
    "THUMBNAIL_FRAME_BASENAME_KEY", "frame_basename", "metadata key of a thumbnail's frame"
)
THUMBNAIL_SIZE_KEY = _text("THUMBNAIL_SIZE_KEY", "size", "metadata key of a thumbnail's size")
RADIUS_KEY = _text("RADIUS_KEY", "RADIUS", "header key of the radius of a circular field, arcsec")
RA_KEY = _text("RA_KEY", "RA", "header key of its right ascension, hour angle")
DEC_KEY = _text("DEC_KEY", "DEC", "header key of its declination, degrees")

# Photon Ranch
FAMILIES_PUBLIC_WITHOUT_HEADER = _flag(
    "FAMILIES_PUBLIC_WITHOUT_HEADER",
    "True",
    "everybody may see pictures whose header has not come; False: nobody, where proposals have an embargo",
)
JPG_THUMBNAIL_HEIGHT_PX = _number("JPG_THUMBNAIL_HEIGHT_PX", "128", "height of the small pictures of families, px")

# Reductions of adaptive-optics images
AO_SETTLE_SECONDS = _number(
    "AO_SETTLE_SECONDS",
    "60",
    "how long no further raw file must have come before the files of one exposure are whole, s",
)
REDUCTION_WORKERS = _number("REDUCTION_WORKERS", "0", "products that one machine makes at a time; 0: half its cores")
REDUCTIONS_QUIET_HOURS = _hours(
    "REDUCTIONS_QUIET_HOURS", "", "when no reduction begins, such as 18:00-07:00; empty: they begin at any time"
)
REDUCTIONS_TIME_ZONE = _read(
    "REDUCTIONS_TIME_ZONE", "UTC", "whose clock these hours are of, such as America/Phoenix", ZoneInfo
)
REDUCTION_ATTEMPTS = _number(
    "REDUCTION_ATTEMPTS", "5", "how often a product is tried before it has failed and a person looks"
)
REDUCTION_RETRY_SECONDS = _number(
    "REDUCTION_RETRY_SECONDS",
    "60",
    "wait after the first attempt that failed, s; each further one is four times as long",
)
REDUCTION_LEASE_SECONDS = _number(
    "REDUCTION_LEASE_SECONDS", "60", "a worker that has not been heard of for so long is taken for dead, s"
)

# Telemetry
TELEMETRY_READERS = _choice(
    "TELEMETRY_READERS",
    "staff",
    "who may read telemetry: staff, users (whoever has an account) or everyone; of a frame's exposure whoever sees the frame",
    ("staff", "users", "everyone"),
)
TELEMETRY_PRIVATE_EVENTS = _names(
    "TELEMETRY_PRIVATE_EVENTS",
    "telem_observer,user_log,observer",
    "events that name people: for staff alone, wherever they are read",
)
TELEMETRY_UTC_OFFSET_HOURS = _number(
    "TELEMETRY_UTC_OFFSET_HOURS",
    "-4",
    "the telescope's clock against UTC: nights of telemetry begin at its noon, hours",
)

# Limits of foreign files
INSPECTION_SECONDS = _number("INSPECTION_SECONDS", "120", "longest time that reading one file's headers may take, s")
INSPECTION_MEGABYTES = _number(
    "INSPECTION_MEGABYTES", "512", "most memory that it may take beside the reader itself, MB"
)
UNPACKED_GIGABYTES = _number("UNPACKED_GIGABYTES", "8", "largest file that a compressed one may unpack to, GB")
