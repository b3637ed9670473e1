"""Who is asking, and tokens for scripts."""

from typing import cast

from django.contrib.auth.models import User
from django.db import transaction
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.authtoken.views import ObtainAuthToken
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.models import Proposal


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
        proposals = list(Proposal.ids_of(user).order_by("id"))
        return Response({"username": user.username, "profile": {"proposals": proposals}, "is_staff": user.is_staff})


class TokenView(ObtainAuthToken):
    """A token for a user name and a password."""

    @extend_schema(
        summary="Get a token",
        responses=inline_serializer("Token", {"token": serializers.CharField()}),
    )
    def post(self, request: Request, *args: object, **kwargs: object) -> Response:
        return super().post(request, *args, **kwargs)


class RevokeTokenView(APIView):
    """Put another token in place of the caller's own."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        summary="Revoke the own token",
        request=None,
        responses=inline_serializer("Revoked", {"message": serializers.CharField()}),
    )
    def post(self, request: Request) -> Response:
        user = cast("User", request.user)  # the permission lets no other in
        with transaction.atomic():
            Token.objects.filter(user=user).delete()
            Token.objects.create(user=user)
        return Response({"message": "API token revoked."})
