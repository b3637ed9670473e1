"""What every template is given: the archive's name and where its documents are."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def archive(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001 - Django's signature
    return {"archive": settings.SITE}
