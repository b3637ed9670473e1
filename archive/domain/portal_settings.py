"""What the archive knows of the observation portal."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Client:
    """The archive, as the portal knows it."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """Addresses, clients, and how long an answer holds."""

    token_url: str
    profile_url: str
    authorize_url: str
    client: Client
    login_client: Client
    timeout_s: float
    retry_after_s: int
    bearer_holds_s: int
    proposals_hold: timedelta
    proposals_hold_while_away: timedelta

    @property
    def checks_passwords(self) -> bool:
        return bool(self.client.id)

    @property
    def offers_login(self) -> bool:
        return bool(self.client.id and self.authorize_url)

    def client_with(self, client_id: str) -> Client:
        """Client that a stored token was given to."""
        return self.login_client if client_id == self.login_client.id else self.client
