"""/saved-searches/: searches that a user keeps, and how they hear of new frames."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from archive.domain import saved_searches
from archive.enums import NoticeWay
from archive.models import SavedSearch
from archive.terms.saved import kept_terms

LONGEST_QUERY = 4000


class SavedSearchSerializer(serializers.ModelSerializer[SavedSearch]):
    """A search that its owner keeps."""

    query = serializers.CharField(
        max_length=LONGEST_QUERY, allow_blank=True, default="", help_text="Terms of /frames/, as in an address"
    )
    way = serializers.ChoiceField(
        [way.value for way in NoticeWay], default=NoticeWay.NONE.value, help_text="How its owner hears of new frames"
    )
    address = serializers.CharField(
        max_length=500,
        allow_blank=True,
        default="",
        help_text="Of the webhook; mail goes to the account's",
    )
    is_active = serializers.BooleanField(read_only=True, help_text="False: paused, by its owner or after failures")

    class Meta:
        model = SavedSearch
        fields = ("id", "name", "query", "way", "address", "secret", "is_active", "fault", "created_at")
        read_only_fields = ("id", "secret", "fault", "created_at")


class ChangeSerializer(serializers.Serializer[Any]):
    """Whether a search is paused."""

    is_active = serializers.BooleanField(help_text="false pauses; true goes on with what comes from now on")


class SavedSearchesView(generics.ListCreateAPIView[SavedSearch]):
    """Searches of whoever asks, by name; POST keeps one."""

    serializer_class = SavedSearchSerializer
    permission_classes = (IsAuthenticated,)
    queryset = SavedSearch.objects.none()

    def get_queryset(self) -> Any:
        return SavedSearch.objects.filter(owner=self.request.user.pk)

    @extend_schema(summary="Your saved searches")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(summary="Keep a search, and hear of new frames")
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().post(request, *args, **kwargs)

    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        given = self.get_serializer(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        owner = cast("User", request.user)  # the permission lets no other in
        kept = saved_searches.keep(
            owner=owner,
            name=values["name"],
            query=kept_terms(owner, values["query"]),
            way=NoticeWay(values["way"]),
            address=values["address"],
            site_url=request.build_absolute_uri("/").rstrip("/"),
            at=timezone.now(),
        )
        return Response(self.get_serializer(kept).data, status=status.HTTP_201_CREATED)


class SavedSearchView(generics.GenericAPIView[SavedSearch]):
    """One of them: PATCH pauses it or lets it go on, DELETE ends it."""

    serializer_class = SavedSearchSerializer
    permission_classes = (IsAuthenticated,)
    queryset = SavedSearch.objects.none()

    @extend_schema(summary="One of your saved searches")
    def get(self, request: Request, search_id: int) -> Response:
        return Response(self.get_serializer(self._found(request, search_id)).data)

    @extend_schema(
        summary="Pause a saved search, or let it go on", request=ChangeSerializer, responses=SavedSearchSerializer
    )
    def patch(self, request: Request, search_id: int) -> Response:
        asked = ChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = self._found(request, search_id)
        saved_searches.set_active(found, is_active=asked.validated_data["is_active"])
        return Response(self.get_serializer(found).data)

    @extend_schema(summary="End a saved search", responses={204: OpenApiResponse(description="It is ended")})
    def delete(self, request: Request, search_id: int) -> Response:
        self._found(request, search_id).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _found(self, request: Request, search_id: int) -> SavedSearch:
        return saved_searches.search_of(cast("User", request.user), search_id)
