"""What the archive knows, as rows."""

from archive.models.account import Profile
from archive.models.any_of import AnyOf
from archive.models.cached_image import CachedImage
from archive.models.cart import Cart
from archive.models.colour_picture import ColourPicture, ColourPictureQuerySet
from archive.models.event import Event
from archive.models.expiry import DoomedBytes, ExpiryRule, OwnExpiry, Tombstone, TombstoneQuerySet
from archive.models.exposure import Exposure, ExposureFile, ExposureQuerySet
from archive.models.frame import Frame, FrameQuerySet, Headers, Relation
from archive.models.high_contrast import (
    Companion,
    CompanionQuerySet,
    ContrastCurve,
    ContrastQuerySet,
    PsfLibraryVersion,
    PsfMember,
    PsfMemberQuerySet,
)
from archive.models.info_image import InfoImage
from archive.models.muse import (
    AoFile,
    MuseExposure,
    MuseExposureQuerySet,
    MuseFit,
    MuseRaw,
    MuseTarget,
    MuseTargetName,
)
from archive.models.observation import Observation, ObservationQuerySet, QuarantinedFile, RawFile
from archive.models.people_change import PeopleChange
from archive.models.product import (
    PipelineSwitch,
    Product,
    ProductAttempt,
    ProductCancellation,
    ProductFile,
    ProductQuerySet,
)
from archive.models.proposal import PortalMembership, Proposal
from archive.models.quality import SeeingMeasurement, SeeingQuerySet, StrehlMeasurement, StrehlQuerySet
from archive.models.readers import Reader, is_staff
from archive.models.release import ReleaseChange
from archive.models.saved_search import SavedSearch, SearchNotice
from archive.models.selection import FrozenSelection
from archive.models.site import NightNote, Site, SiteConfiguration
from archive.models.stored_object import StoredObject
from archive.models.tally import ProposalTally, ProposalTimeTally, SetupTally, TargetTally
from archive.models.upload import ReceivedObject, UploadEntry, UploadTicket
from archive.models.version import Thumbnail, Version

__all__ = [
    "AnyOf",
    "AoFile",
    "CachedImage",
    "Cart",
    "ColourPicture",
    "ColourPictureQuerySet",
    "Companion",
    "CompanionQuerySet",
    "ContrastCurve",
    "ContrastQuerySet",
    "DoomedBytes",
    "Event",
    "ExpiryRule",
    "Exposure",
    "ExposureFile",
    "ExposureQuerySet",
    "Frame",
    "FrameQuerySet",
    "FrozenSelection",
    "Headers",
    "InfoImage",
    "MuseExposure",
    "MuseExposureQuerySet",
    "MuseFit",
    "MuseRaw",
    "MuseTarget",
    "MuseTargetName",
    "NightNote",
    "Observation",
    "ObservationQuerySet",
    "OwnExpiry",
    "PeopleChange",
    "PipelineSwitch",
    "PortalMembership",
    "Product",
    "ProductAttempt",
    "ProductCancellation",
    "ProductFile",
    "ProductQuerySet",
    "Profile",
    "Proposal",
    "ProposalTally",
    "ProposalTimeTally",
    "PsfLibraryVersion",
    "PsfMember",
    "PsfMemberQuerySet",
    "QuarantinedFile",
    "RawFile",
    "Reader",
    "ReceivedObject",
    "Relation",
    "ReleaseChange",
    "SavedSearch",
    "SearchNotice",
    "SeeingMeasurement",
    "SeeingQuerySet",
    "SetupTally",
    "Site",
    "SiteConfiguration",
    "StoredObject",
    "StrehlMeasurement",
    "StrehlQuerySet",
    "TargetTally",
    "Thumbnail",
    "Tombstone",
    "TombstoneQuerySet",
    "UploadEntry",
    "UploadTicket",
    "Version",
    "is_staff",
]
