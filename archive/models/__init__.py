"""What the archive knows, as rows."""

from archive.models.account import PortalMembership, Profile
from archive.models.any_of import AnyOf
from archive.models.cached_image import CachedImage
from archive.models.event import Event
from archive.models.exposure import Exposure
from archive.models.frame import Frame, FrameQuerySet, Headers, Reader, Relation
from archive.models.proposal import Proposal
from archive.models.selection import FrozenSelection
from archive.models.site import NightNote, Site, SiteConfiguration
from archive.models.stored_object import StoredObject
from archive.models.tally import ProposalTally, ProposalTimeTally, SetupTally, TargetTally
from archive.models.version import Thumbnail, Version

__all__ = [
    "AnyOf",
    "CachedImage",
    "Event",
    "Exposure",
    "Frame",
    "FrameQuerySet",
    "FrozenSelection",
    "Headers",
    "NightNote",
    "PortalMembership",
    "Profile",
    "Proposal",
    "ProposalTally",
    "ProposalTimeTally",
    "Reader",
    "Relation",
    "SetupTally",
    "Site",
    "SiteConfiguration",
    "StoredObject",
    "TargetTally",
    "Thumbnail",
    "Version",
]
