"""How the OpenAPI document names the ways to say who one is."""

from typing import Any

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "archive.api.authentication.BearerAuthentication"
    name = "portalBearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 - its signature
        return {"type": "http", "scheme": "bearer", "description": "Access token of the observation portal"}


class PageSessionScheme(SessionScheme):  # type: ignore[no-untyped-call]
    target_class = "archive.api.authentication.SessionAuthentication"
