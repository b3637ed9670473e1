"""What this observatory's files and headers look like, and when they become public."""

from datetime import UTC, datetime, timedelta

from ingest.headers import muse, ocs, roboao
from ingest.headers.installations import INFRARED, VISIBLE, Installation
from ingest.headers.rules import HeaderKeys, HeaderRules, PublicDateRules
from ingest.inspection import CircleKeys
from settings import env

__all__ = [
    "CIRCLE_KEYS",
    "CONFIGDB_URL",
    "CONFIGURATION_TYPES",
    "FAMILIES_PUBLIC_WITHOUT_HEADER",
    "FAMILY_THUMBNAIL_HEIGHT_PX",
    "GUIDE_CAMERAS_TO_PERSIST",
    "HEADER_RULES",
    "IGNORED_CHARS",
    "INSPECTION_MEGABYTES",
    "INSPECTION_SECONDS",
    "INSTALLATIONS",
    "NIGHTLOG_LIFETIME",
    "OBSERVATION_PORTAL_API_TOKEN",
    "OBSERVATION_PORTAL_BASE_URL",
    "PREVIEW_SIZES_PX",
    "REQUIRED_THUMBNAIL_METADATA",
    "SCIENCE_CONFIGURATION_TYPES",
    "THUMBNAIL_FRAME_BASENAME_KEY",
    "THUMBNAIL_SIZE_CHOICES",
    "THUMBNAIL_SIZE_KEY",
    "TRANSLATOR_OVERRIDES",
    "UNPACKED_GIGABYTES",
]

# Robo-AO left Palomar on 1 September 2015: the plate scale changed then. The original archive called its telescope
# Palomar for a month more; here label, mirror and scale change together.
_MOVED_AT = datetime(2015, 9, 1, tzinfo=UTC)
INSTALLATIONS = (
    Installation(
        instrument_id=roboao.INSTRUMENT,
        site_id="palomar",
        telescope_id="Palomar_P60",
        valid_from=None,
        valid_until=_MOVED_AT,
        primary_m=1.524,
        obstruction_m=0.578,
        pixel_scales_arcsec={VISIBLE: 0.043, INFRARED: 0.0794},
    ),
    Installation(
        instrument_id=roboao.INSTRUMENT,
        site_id="kpno",
        telescope_id="KPNO_2.1m",
        valid_from=_MOVED_AT,
        valid_until=None,
        primary_m=1.85,
        obstruction_m=0.879,
        pixel_scales_arcsec={VISIBLE: 0.0351594},
    ),
)

CIRCLE_KEYS = CircleKeys(radius=env.RADIUS_KEY, ra=env.RA_KEY, dec=env.DEC_KEY)
HEADER_RULES = HeaderRules(
    keys=HeaderKeys(
        observation_date=env.OBSERVATION_DATE_KEY,
        observation_day=env.OBSERVATION_DAY_KEY,
        reduction_level=env.REDUCTION_LEVEL_KEY,
        exposure_time=env.EXPOSURE_TIME_KEY,
        instrument_id=env.INSTRUMENT_ID_KEY,
        site_id=env.SITE_ID_KEY,
        telescope_id=env.TELESCOPE_ID_KEY,
        observation_id=env.OBSERVATION_ID_KEY,
        configuration_id=env.CONFIGURATION_ID_KEY,
        request_id=env.REQUEST_ID_KEY,
        request_group_id=env.REQUESTGROUP_ID_KEY,
        primary_optical_element=env.PRIMARY_OPTICAL_ELEMENT_KEY,
        target_name=env.TARGET_NAME_KEY,
        configuration_type=env.CONFIGURATION_TYPE_KEY,
        proposal_id=env.PROPOSAL_ID_KEY,
        catalogue=env.CATALOG_TARGET_FRAME_KEY,
        public_date=env.PUBLIC_DATE_KEY,
    ),
    required=env.REQUIRED_HEADERS,
    blacklist=frozenset(env.HEADER_BLACKLIST),
    null_values=frozenset(env.NULL_HEADER_VALUES),
    related_keys=env.RELATED_FRAME_KEYS,
    calibration_types=frozenset(env.CALIBRATION_TYPES),
    public_date=PublicDateRules(
        public_tags=frozenset(env.PUBLIC_PROPOSAL_TAGS),
        private_tags=frozenset(env.PRIVATE_PROPOSAL_TAGS),
        public_proposals=env.PUBLIC_PROPOSALS,
        private_proposals=env.PRIVATE_PROPOSALS,
        private_file_types=env.PRIVATE_FILE_TYPES,
        days_until_public=env.DAYS_UNTIL_PUBLIC,
    ),
    installations=INSTALLATIONS,
)
TRANSLATOR_OVERRIDES = env.FILETYPE_MAPPING_OVERRIDES
IGNORED_CHARS = env.IGNORED_CHARS
CONFIGURATION_TYPES = tuple(dict.fromkeys((*env.CONFIGURATION_TYPES, *ocs.TYPES_OF_NAMES, *roboao.TYPES, *muse.TYPES)))
SCIENCE_CONFIGURATION_TYPES = env.SCIENCE_CONFIGURATION_TYPES
CONFIGDB_URL = env.CONFIGDB_URL
GUIDE_CAMERAS_TO_PERSIST = env.GUIDE_CAMERAS_TO_PERSIST
REQUIRED_THUMBNAIL_METADATA = env.REQUIRED_THUMBNAIL_METADATA
THUMBNAIL_FRAME_BASENAME_KEY = env.THUMBNAIL_FRAME_BASENAME_KEY
THUMBNAIL_SIZE_KEY = env.THUMBNAIL_SIZE_KEY
THUMBNAIL_SIZE_CHOICES = env.THUMBNAIL_SIZE_CHOICES
PREVIEW_SIZES_PX = {"small": 256, "medium": 1024, "large": 4096}  # longest side; never enlarged
OBSERVATION_PORTAL_BASE_URL = env.OBSERVATION_PORTAL_BASE_URL
OBSERVATION_PORTAL_API_TOKEN = env.OBSERVATION_PORTAL_API_TOKEN
INSPECTION_SECONDS = env.INSPECTION_SECONDS
INSPECTION_MEGABYTES = env.INSPECTION_MEGABYTES
UNPACKED_GIGABYTES = env.UNPACKED_GIGABYTES
FAMILIES_PUBLIC_WITHOUT_HEADER = env.FAMILIES_PUBLIC_WITHOUT_HEADER
FAMILY_THUMBNAIL_HEIGHT_PX = env.JPG_THUMBNAIL_HEIGHT_PX
NIGHTLOG_LIFETIME = timedelta(hours=env.NIGHTLOG_HOURS)
