"""Names that more than one room uses. Imports nothing of the project."""

from enum import IntEnum, StrEnum


class EventName(StrEnum):
    """What the outbox reports, in the past tense."""

    FRAME_INGESTED = "frame.ingested"  # new bytes of a frame are in the archive
    FRAME_POSTED = "frame.posted"  # a client says that it stored bytes of a frame; nobody has read them yet
    FRAME_UPDATED = "frame.updated"  # a frame's metadata changed, its bytes did not
    FRAME_DELETED = "frame.deleted"  # a frame and its bytes are gone
    PREVIEWS_MADE = "previews.made"  # a frame's thumbnails are in the store
    FAMILY_UPDATED = "family.updated"  # a file of a Photon Ranch family or info image came, or went


class ExposureKind(StrEnum):
    """Which system's naming rules tie the files of one exposure together."""

    OCS = "ocs"


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
