"""Who is asking, tokens for scripts, and what the observation portal tells of its users."""

from typing import Any, cast

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.authtoken.views import ObtainAuthToken
from rest_framework.exceptions import Throttled
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.login import wait_s
from archive.api.permissions import ServerKey
from archive.domain import accounts
from archive.models import Proposal

MESSAGE: dict[str, serializers.Field[Any, Any, Any, Any]] = {"message": serializers.CharField()}


class ProfileView(APIView):
    """The user whose credentials came with the request."""

    permission_classes = [AllowAny]

    @extend_schema(
        summary="Who am I",
        responses=inline_serializer(
            "Profile",
            {
                "username": serializers.CharField(),
                "profile": serializers.DictField(help_text="proposals: ids of own proposals"),
                "is_staff": serializers.BooleanField(),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        user = request.user
        if user.is_anonymous:
            return Response({"username": "", "profile": {}, "is_staff": False})
        proposals = sorted(Proposal.ids_of(user))
        return Response({"username": user.username, "profile": {"proposals": proposals}, "is_staff": user.is_staff})


class TokenView(ObtainAuthToken):
    """A token for a user name and a password, or for whatever the request's header proves."""

    @extend_schema(
        summary="Get a token",
        responses=inline_serializer("Token", {"token": serializers.CharField()}),
    )
    def post(self, request: Request, *args: object, **kwargs: object) -> Response:
        if request.user.is_authenticated and not request.data:
            token, _ = Token.objects.get_or_create(user=request.user)
            return Response({"token": token.key})
        given = request.data.get("username") if hasattr(request.data, "get") else None
        if seconds := wait_s(request._request, given if isinstance(given, str) else ""):  # noqa: SLF001 - DRF's own way
            raise Throttled(seconds)
        return super().post(request, *args, **kwargs)


class RevokeTokenView(APIView):
    """Put another token in place of the caller's own, and forget the portal's key."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        summary="Revoke the own token",
        request=None,
        responses=inline_serializer("Revoked", MESSAGE),
    )
    def post(self, request: Request) -> Response:
        accounts.revoke_tokens(cast("User", request.user))  # the permission lets no other in
        return Response({"message": "API token revoked."})


class _PortalProfile(serializers.Serializer[Any]):
    staff_view = serializers.BooleanField(required=False)


class _PortalTokens(serializers.Serializer[Any]):
    api_token = serializers.CharField(required=False, allow_blank=True, allow_null=True, max_length=200)


class AccountSerializer(serializers.Serializer[Any]):
    """One account as the portal tells it; names that are left out stay as they are."""

    username = serializers.CharField(max_length=150)
    first_name = serializers.CharField(required=False, allow_blank=True, max_length=150)
    last_name = serializers.CharField(required=False, allow_blank=True, max_length=150)
    email = serializers.CharField(required=False, allow_blank=True, max_length=254)
    is_staff = serializers.BooleanField(required=False)
    is_superuser = serializers.BooleanField(required=False)
    profile = _PortalProfile(required=False, allow_null=True)
    tokens = _PortalTokens(required=False, allow_null=True)


class AddUpdateUserView(APIView):
    """The observation portal tells of a new or changed account."""

    authentication_classes = []
    permission_classes = [ServerKey]
    throttle_classes = []

    @extend_schema(
        summary="Make or update an account (the observation portal only)",
        request=AccountSerializer,
        responses=inline_serializer("AccountUpdated", MESSAGE),
    )
    def post(self, request: Request) -> Response:
        asked = AccountSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        fields = dict(asked.validated_data)
        profile, tokens = fields.pop("profile", None) or {}, fields.pop("tokens", None) or {}
        accounts.update_account(
            username=fields.pop("username"),
            fields=fields,
            staff_view=profile.get("staff_view"),
            api_token=(tokens["api_token"] or "") if "api_token" in tokens else None,
        )
        return Response({"message": "User account updated"})
