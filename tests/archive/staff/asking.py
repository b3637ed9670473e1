"""How tests ask pages of staff: as somebody who has logged in, and is sure."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client


def come(user: User | None, **how: Any) -> Client:
    """A browser in which this user has logged in; None: nobody."""
    client = Client(**how)
    if user is not None:
        client.force_login(user)
    return client


def text(response: Any) -> str:
    """What an answer of the test client says."""
    return str(response.content.decode())


def sure(client: Client, path: str, **fields: Any) -> Any:
    """POST, be asked, say yes; answers the page that one comes to."""
    asked = client.post(path, fields)
    assert asked.status_code == 200
    assert "Are you sure?" in text(asked)
    return client.post(path, fields | {"sure": "yes"}, follow=True)
