"""What an observatory's settings say about its headers. Built once, in settings/observatory.py."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from ingest.headers.installations import Installation

# The tags of a proposal, as the observation portal knows them; empty when no portal is configured.
ProposalTags = Callable[[str], frozenset[str]]

NEVER = timedelta(days=365 * 999)  # "private" in the OCS: a public date that nobody lives to see


@dataclass(frozen=True, slots=True)
class HeaderKeys:
    """Which header key holds what."""

    observation_date: str
    observation_day: str
    reduction_level: str
    exposure_time: str
    instrument_id: str
    site_id: str
    telescope_id: str
    observation_id: str
    configuration_id: str
    request_id: str
    request_group_id: str
    primary_optical_element: str
    target_name: str
    configuration_type: str
    proposal_id: str
    catalogue: str
    public_date: str

    @property
    def integers(self) -> frozenset[str]:
        """Keys whose unknown value is null; everywhere else it is the empty string."""
        return frozenset({self.observation_id, self.configuration_id, self.request_id, self.request_group_id})


@dataclass(frozen=True, slots=True)
class PublicDateRules:
    """Fragments and tags that decide when a frame becomes public, first match first."""

    public_tags: frozenset[str]
    private_tags: frozenset[str]
    public_proposals: tuple[str, ...]
    private_proposals: tuple[str, ...]
    private_file_types: tuple[str, ...]
    days_until_public: int


@dataclass(frozen=True, slots=True)
class HeaderRules:
    """Everything a translator needs beside the header itself."""

    keys: HeaderKeys
    required: tuple[str, ...]
    blacklist: frozenset[str]
    null_values: frozenset[str]
    related_keys: tuple[str, ...]
    calibration_types: frozenset[str]
    public_date: PublicDateRules
    installations: tuple[Installation, ...] = ()
    proposal_tags: ProposalTags = field(default=lambda _proposal_id: frozenset())
