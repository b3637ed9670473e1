"""Where files live, and what is made of them for readers."""

from datetime import timedelta

from ingest.stores.factory import StoreSettings
from settings import env

__all__ = ["IMAGE_CACHE_LIFETIME", "IMAGE_JOBS", "IMAGE_MEGABYTES", "IMAGE_SECONDS", "LINK_LIFETIME", "STORE"]

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
)
LINK_LIFETIME = timedelta(hours=env.LINK_HOURS)
IMAGE_JOBS = env.IMAGE_JOBS
IMAGE_SECONDS = env.IMAGE_SECONDS
IMAGE_MEGABYTES = env.IMAGE_MEGABYTES
IMAGE_CACHE_LIFETIME = timedelta(hours=env.IMAGE_CACHE_HOURS)
