"""Who asked for a stream: found out when it begins, and again while it lasts."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.module_loading import import_string
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.models import Reader


class Caller:
    """What a caller showed to prove who it is: the header Authorization, or the session of the pages."""

    def __init__(self, *, authorization: str, session_key: str | None, address: dict[str, str]) -> None:
        self.key = (authorization, session_key)
        self._meta = {**address, "HTTP_AUTHORIZATION": authorization} if authorization else address

    @classmethod
    def of(cls, request: HttpRequest) -> "Caller":
        names = ("REMOTE_ADDR", "HTTP_X_FORWARDED_FOR")
        return cls(
            authorization=request.headers.get("Authorization", ""),
            session_key=request.session.session_key,
            address={name: request.META[name] for name in names if name in request.META},
        )

    @property
    def is_nobody(self) -> bool:
        return self.key == ("", None)

    def reader(self) -> Reader:
        """Whoever the API would take a request of this caller to come from, read anew from the database.

        Raises DRF's APIException for what is worth nothing (any more), TransientError when nobody can tell just now.
        """
        request = HttpRequest()
        request.method = "GET"
        request.META = dict(self._meta)
        request.user = self._user_of_session(request)
        user: Reader = Request(request, authenticators=APIView().get_authenticators()).user
        return user

    def _user_of_session(self, request: HttpRequest) -> Reader:
        _, session_key = self.key
        if session_key is None:
            return AnonymousUser()
        session: Any = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(session_key)
        request.session = session
        user: Reader = get_user(request)
        return user
