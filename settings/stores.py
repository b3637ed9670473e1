"""Where files live, and what is made of them for readers."""

from datetime import timedelta

from ingest.stores.factory import StoreSettings
from settings import env

__all__ = [
    "IMAGE_JOBS",
    "IMAGE_MEGABYTES",
    "IMAGE_SECONDS",
    "LINK_LIFETIME",
    "OBJECT_EVENTS_QUEUE",
    "OBJECT_EVENTS_SECRET",
    "STORE",
    "UPLOADS_LOG_LIFETIME",
    "UPLOAD_LINK_LIFETIME",
    "UPLOAD_MAX_BYTES",
]

STORE = StoreSettings(
    type=env.FILESTORE_TYPE,
    root_dir=env.FILESYSTEM_STORAGE_ROOT_DIR,
    base_url=env.FILESYSTEM_STORAGE_BASE_URL,
    signing_key=env.SECRET_KEY,
    bucket=env.BUCKET,
    endpoint_url=env.S3_ENDPOINT_URL,
    region=env.AWS_DEFAULT_REGION,
    addressing_style=env.S3_ADDRESSING_STYLE,
    signature_version=env.S3_SIGNATURE_VERSION,
    access_key=env.AWS_ACCESS_KEY_ID,
    secret_key=env.AWS_SECRET_ACCESS_KEY,
    days_to_ia_storage=env.S3_DAYS_TO_IA_STORAGE,
    takes_forms=env.S3_PRESIGNED_POST,
)
LINK_LIFETIME = timedelta(hours=env.LINK_HOURS)
IMAGE_JOBS = env.IMAGE_JOBS
IMAGE_SECONDS = env.IMAGE_SECONDS
IMAGE_MEGABYTES = env.IMAGE_MEGABYTES
UPLOAD_LINK_LIFETIME = timedelta(minutes=env.UPLOAD_LINK_MINUTES)
UPLOAD_MAX_BYTES = env.UPLOAD_MAX_MEGABYTES << 20
UPLOADS_LOG_LIFETIME = timedelta(hours=env.UPLOADS_LOG_TTL_HOURS)
OBJECT_EVENTS_QUEUE = env.OBJECT_EVENTS_QUEUE
OBJECT_EVENTS_SECRET = env.OBJECT_EVENTS_SECRET
