"""Names that more than one room uses. Imports nothing of the project."""

from enum import IntEnum, StrEnum


class EventName(StrEnum):
    """What the outbox reports, in the past tense."""

    FRAME_INGESTED = "frame.ingested"  # new bytes of a frame are in the archive
    FRAME_POSTED = "frame.posted"  # a client says that it stored bytes of a frame; nobody has read them yet
    FRAME_UPDATED = "frame.updated"  # a frame's metadata changed, its bytes did not
    FRAME_DELETED = "frame.deleted"  # a frame and its bytes are gone
    PREVIEWS_MADE = "previews.made"  # a frame's thumbnails are in the store
    FAMILY_DELETED = "family.deleted"  # a family and its bytes are gone
    FAMILY_UPDATED = "family.updated"  # a family of Photon Ranch or an info image has a new file
    PRODUCT_DONE = "product.done"  # a product was made, and its files are in the archive
    PRODUCT_FAILED = "product.failed"  # a product could not be made, and is not tried again by itself
    PRODUCT_CANCELLED = "product.cancelled"  # a person said that a product is not to be made


class ExposureKind(StrEnum):
    """Which system's naming rules tie the files of one exposure together."""

    OCS = "ocs"
    # Four kinds of one naming rule, told by the folder of the store.
    PHOTON_RANCH = "photonranch"
    ALL_SKY = "allsky"
    TEST = "test"
    INFO_IMAGE = "info-image"


class FileRole(StrEnum):
    """What a file is to its family."""

    HEADER = "header"  # text
    FITS = "fits"
    PICTURE = "picture"
    THUMBNAIL = "thumbnail"  # made by the archive
    OTHER = "other"  # only info images have such


class UploadKind(StrEnum):
    """What clients may bring. Each kind has a folder of its name in the store, and object events are heard of these."""

    DATA = "data"
    INFO_IMAGES = "info-images"
    ALLSKY = "allsky"
    TEST = "test"


class ReceivedState(StrEnum):
    """What became of an object that others put into the store."""

    WAITING = "waiting"
    TAKEN = "taken"
    REPEATED = "repeated"  # the archive held its bytes already
    SUPERSEDED = "superseded"  # a later version of the path was taken in before
    REFUSED = "refused"  # its name or its bytes can never pass
    GONE = "gone"  # the store has no such version
    FAILED = "failed"  # tried too often: a person looks


class ExpiringKind(StrEnum):
    """What has a life time of its own."""

    FRAME = "frame"
    # An exposure of Photon Ranch with all of its files, also those that are frames, by the folder of the store.
    FAMILY = "family"
    ALL_SKY = "all-sky"
    TEST = "test"
    INFO_IMAGE = "info-image"
    CACHE = "cache"  # files that the archive made to be downloaded, and can make again


class ColourState(StrEnum):
    """How far a colour picture is."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"  # of these three files it can not be made


class PeopleChangeKind(StrEnum):
    """What of a user or a programme somebody changed."""

    ADDED = "added"
    REMOVED = "removed"
    EMAIL = "e-mail"
    NAME = "name"
    RIGHTS = "rights"  # reader, staff or superuser
    ACTIVE = "active"
    HOLDS = "holds"  # a programme
    ORPHANED = "orphaned"  # it no longer holds a programme, which was taken from all who did
    LINK = "link"  # by which the user sets a password
    TOKENS = "tokens"


class NoticeWay(StrEnum):
    """How somebody is told that new frames match a search of theirs."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    NONE = "none"  # it is only kept


class CountedFrom(StrEnum):
    """When a life time begins."""

    UPLOAD = "upload"  # of the newest file
    OBSERVATION = "observation"


class RelationKind(StrEnum):
    """What the source frame is to the frame derived from it."""

    RAW_OF = "raw-of"
    CALIBRATES = "calibrates"
    CATALOGUE_OF = "catalogue-of"
    RELATED = "related"  # the client named it without saying how


class ReductionLevel(IntEnum):
    """Levels that the archive itself treats in a special way; instruments define others."""

    RAW = 0
    FINAL = 91


class RawKind(StrEnum):
    """What a raw file of the adaptive-optics camera shows, as its name tells."""

    SCIENCE = "science"
    DARK = "dark"
    FLAT = "flat"
    BIAS = "bias"
    SEEING = "seeing"
    POINTING = "pointing"


class SignalClass(StrEnum):
    """How bright a target was for its camera, as the reduction found it."""

    HIGH_FLUX = "high_flux"
    FAINT = "faint"
    ZERO_FLUX = "zero_flux"
    FAILED = "failed"


class ProductKind(StrEnum):
    """What is made of raw frames. `pipeline.graph` says what each is made from."""

    DARK = "dark"  # master of a night, for one detector mode
    FLAT = "flat"  # master of a night, for one filter
    BRIGHT = "bright"
    FAINT = "faint"
    PLANETARY = "planetary"
    BRIGHT_STREHL = "bright-strehl"
    FAINT_STREHL = "faint-strehl"
    BRIGHT_PREVIEW = "bright-preview"
    FAINT_PREVIEW = "faint-preview"
    PLANETARY_PREVIEW = "planetary-preview"
    BRIGHT_PSF = "bright-psf"  # the star cut out, as the PSF library takes it
    BRIGHT_PCA = "bright-pca"  # without the star's light: limits and companions
    FAINT_PCA = "faint-pca"
    SEEING = "seeing"  # of one seeing exposure
    # Of a night, all programmes together.
    NIGHT_SEEING = "night-seeing"
    NIGHT_STREHL = "night-strehl"
    NIGHT_CONTRAST = "night-contrast"


# Kinds that show a whole night: for those who may see every observation of it. The seeing is for everybody.
OF_WHOLE_NIGHT = (ProductKind.NIGHT_STREHL, ProductKind.NIGHT_CONTRAST)
PLOTS_OF_NIGHT = (ProductKind.NIGHT_SEEING, *OF_WHOLE_NIGHT)


# Made with images of other stars, out of the PSF library.
OF_REFERENCES = (ProductKind.BRIGHT_PCA, ProductKind.FAINT_PCA)


class ProductState(StrEnum):
    """Where the making of a product stands."""

    PENDING = "pending"  # waits for what it is made from, or for its turn
    QUEUED = "queued"  # a worker was asked
    RUNNING = "running"  # a worker holds its lease
    DONE = "done"
    FAILED = "failed"  # tried too often, or can never succeed: the error says why, and a person may force it
    SKIPPED = "skipped"  # there is nothing to make of these inputs: the reason says why
    STALE = "stale"  # its inputs, its algorithm or its parameters have changed since


class StrehlFlag(StrEnum):
    """Whether core and halo of a star look like a corrected image."""

    OK = "OK"
    BAD = "BAD?"
