"""The API: Django REST Framework, its pages and its OpenAPI document."""

from datetime import timedelta

from settings import env

__all__ = [
    "CART_LIFETIME",
    "CART_MAX_FRAMES",
    "DATA_UPLOAD_MAX_NUMBER_FIELDS",
    "DOWNLOAD_LIFETIME",
    "DOWNLOAD_MAX_FRAMES",
    "PAGINATION_DEFAULT_LIMIT",
    "PAGINATION_MAX_LIMIT",
    "REST_FRAMEWORK",
    "SPECTACULAR_SETTINGS",
    "ZIP_DOWNLOAD_FILENAME_BASE",
    "ZIP_DOWNLOAD_MAX_UNCOMPRESSED_FILES",
    "ZIP_MODE",
]

PAGINATION_DEFAULT_LIMIT = env.PAGINATION_DEFAULT_LIMIT
PAGINATION_MAX_LIMIT = env.PAGINATION_MAX_LIMIT
ZIP_DOWNLOAD_FILENAME_BASE = env.ZIP_DOWNLOAD_FILENAME_BASE
ZIP_DOWNLOAD_MAX_UNCOMPRESSED_FILES = env.ZIP_DOWNLOAD_MAX_UNCOMPRESSED_FILES
ZIP_MODE = env.ZIP_MODE
DOWNLOAD_LIFETIME = timedelta(hours=env.DOWNLOAD_HOURS)
DOWNLOAD_MAX_FRAMES = env.DOWNLOAD_MAX_FRAMES
CART_MAX_FRAMES = env.CART_MAX_FRAMES
CART_LIFETIME = timedelta(days=env.CART_DAYS)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a form that asks for a zip of many frames has one for each

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "archive.api.authentication.TokenAuthentication",
        "archive.api.authentication.SessionAuthentication",
        "archive.api.authentication.BearerAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["archive.api.throttles.ReaderThrottle"],
    "DEFAULT_PERMISSION_CLASSES": ["archive.api.permissions.SuperuserWrites"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "archive.api.pagination.LimitOffset",
    "DEFAULT_RENDERER_CLASSES": [
        "archive.api.renderers.FastJSON",
        "archive.api.renderers.PicturePages",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "archive.api.parsers.BoundedJSON",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "archive.api.errors.answer_error",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": env.NAVBAR_TITLE_TEXT,
    "DESCRIPTION": "Frames of an observatory: what was seen, when and where, and its files.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "archive.api.examples.add_examples",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "UploadKindEnum": "archive.api.uploads.KINDS",
        "ProductKindEnum": "archive.api.observation_schemas.KINDS",
        "RelationKindEnum": "archive.api.observation_schemas.RELATIONS",
        "ObservationProductKindEnum": "archive.terms.observations.KINDS",
        "StrehlKindEnum": "archive.terms.observations.STREHL_KINDS",
        "ContrastKindEnum": "archive.terms.high_contrast.PCA_KINDS",
        "InstrumentFileKindEnum": "archive.terms.inventory.KINDS",
        "ProductStateEnum": "archive.api.observation_schemas.STATES",
        "RecordingStateEnum": "archive.terms.inventory.STATES",
        "CopyStateEnum": "archive.api.inventory.COPY_STATES",
        "SeriesKindEnum": "telemetry.queries.binned.KINDS",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
