"""/muse/exposures/: exposures with MUSE, found by what was measured; made, changed and deleted by superusers."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.muse_forms import MuseAloneSchema, MuseExposureSchema, alone_form, exposure_form
from archive.api.pagination import EitherPages
from archive.api.parsers import BoundedJSON
from archive.api.permissions import SuperuserWrites
from archive.api.renderers import FastJSON, PicturePages
from archive.domain import muse, muse_editing, muse_views
from archive.domain.order import Order, Term
from archive.errors import ConflictError, UsageError
from archive.models import MuseExposure, MuseExposureQuerySet
from archive.terms.muse import MuseExposureFilter
from archive.terms.observations import narrowed
from archive.terms.ordering import order_of

NEWEST_FIRST: Order = (Term("observed_at", descending=True), Term("id", descending=True))
ORDERED_BY = ("id", "name", "observed_at", "ins_mode", "obs_id", "n_sources", *muse_editing.SCALARS)
VIEWS = ("data", "psfParams", "sources")
LONGEST_COMMENT = 10_000
PAGE_PARAMETERS = [
    OpenApiParameter("pagination_style", enum=["cursor"], description="cursor: pages without count and offset"),
    OpenApiParameter("cursor", str, description="Place to go on from, out of `next` or `previous`"),
    OpenApiParameter(
        "ordering",
        str,
        description=f"Columns with commas between, `-` before one for the reverse: {', '.join(ORDERED_BY)}. "
        "What lacks a value counts as the largest. Default: newest first",
    ),
]
CONFIRM = OpenApiParameter("confirm", str, description="Its name, once you know what goes with it")
FILES = OpenApiParameter(
    "files", enum=["keep", "delete"], description="delete: frames and bytes go too that belong to no other exposure"
)
SAID = (
    f"What a person sets counts more than what the files say; null takes it back: {', '.join(muse_editing.CHANGEABLE)}"
)


class MadeSerializer(serializers.Serializer[Any]):
    """An exposure to be made by hand."""

    name = serializers.CharField(max_length=muse_editing.LONGEST_NAME, help_text="As its cube is or would be called")
    target = serializers.CharField(
        max_length=200, allow_blank=True, default="", help_text="Name or alias of its target"
    )
    comment = serializers.CharField(max_length=LONGEST_COMMENT, allow_blank=True, default="")
    values = serializers.DictField(required=False, default=dict, help_text=SAID)


class ChangedSerializer(serializers.Serializer[Any]):
    """What is to be changed of an exposure."""

    target = serializers.CharField(
        max_length=200, allow_null=True, required=False, help_text="Move it to this target; null: to that of its header"
    )
    comment = serializers.CharField(max_length=LONGEST_COMMENT, allow_blank=True, required=False)
    values = serializers.DictField(required=False, help_text=SAID)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        others = sorted(set(self.initial_data) - set(self.fields))
        if others or not attrs:
            raise UsageError(
                f"{', '.join(others)[:200] or 'nothing'} can not be changed: give target, comment or values."
            )
        return attrs


class MuseExposuresView(EitherPages, generics.ListAPIView[MuseExposure]):
    """Exposures that the caller may see, without arrays; POST makes one by hand."""

    queryset = MuseExposure.objects.none()
    serializer_class = MadeSerializer
    filterset_class = MuseExposureFilter
    permission_classes = (SuperuserWrites,)
    renderer_classes = (FastJSON, PicturePages)

    def get_queryset(self) -> MuseExposureQuerySet:
        return muse.exposures_for(self.request.user, at=timezone.now())

    def order(self) -> Order:
        return order_of(self.request.query_params.get("ordering", ""), columns=ORDERED_BY, default=NEWEST_FIRST)

    @extend_schema(summary="Find exposures with MUSE", parameters=PAGE_PARAMETERS, responses=MuseExposureSchema)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        found = narrowed(self.get_queryset(), MuseExposureFilter, request.query_params)
        page = self.paginate_queryset(found) or []
        return self.get_paginated_response([exposure_form(row) for row in page])

    @extend_schema(
        summary="Make an exposure by hand (superusers)", request=MadeSerializer, responses={201: MuseAloneSchema}
    )
    def post(self, request: Request) -> Response:
        sent = MadeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        made = muse_editing.create(**sent.validated_data, by=request.user.get_username(), at=timezone.now())
        return Response(alone_form(made, None), status=status.HTTP_201_CREATED)


class MuseExposureView(APIView):
    """One exposure, by its name or number, with the files that it is linked with."""

    permission_classes = (SuperuserWrites,)
    parser_classes = (BoundedJSON,)
    renderer_classes = (FastJSON, PicturePages)

    @extend_schema(
        summary="One exposure with MUSE, its files and fits",
        parameters=[OpenApiParameter("views", str, description=f"Put these in, commas between: {', '.join(VIEWS)}")],
        responses=MuseAloneSchema,
    )
    def get(self, request: Request, name: str) -> Response:
        row = muse.exposure_named(name, request.user, at=timezone.now())
        return Response(self._form(row) | views_of(row, request.query_params.get("views", "")))

    @extend_schema(
        summary="Change or move an exposure (superusers)", request=ChangedSerializer, responses=MuseAloneSchema
    )
    def patch(self, request: Request, name: str) -> Response:
        now, by = timezone.now(), request.user.get_username()
        row = muse.exposure_named(name, request.user, at=now)
        sent = ChangedSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        if "values" in given or "comment" in given:
            row = muse_editing.change(row, given.get("values", {}), by=by, at=now, comment=given.get("comment"))
        if "target" in given:
            row = muse_editing.move(row, given["target"], by=by, at=now)
        return Response(self._form(row))

    @extend_schema(
        summary="Delete an exposure (superusers)",
        parameters=[CONFIRM, FILES],
        responses={
            204: OpenApiResponse(description="It is gone"),
            409: OpenApiResponse(description="What would go, and how to say that it shall"),
        },
    )
    def delete(self, request: Request, name: str) -> Response:
        now = timezone.now()
        row = muse.exposure_named(name, request.user, at=now)
        with_files = files_go(request)
        frames = f" and {muse_editing.frames_that_go([row])} frames with their bytes" if with_files else ""
        require_confirmed(request, row.name, f"This deletes the exposure {row.name}{frames}.")
        muse_editing.delete_exposures([row], with_files=with_files, by=request.user.get_username(), at=now)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _form(self, row: MuseExposure) -> dict[str, Any]:
        return alone_form(row, muse_views.cube_file(row))


def views_of(row: MuseExposure, text: str) -> dict[str, Any]:
    """Views that a reader asks for, by name; null where there is no file of one. Raises UsageError for another name."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if others := [name for name in names if name not in VIEWS]:
        raise UsageError(f"there is no view {others[0]!r}: choose of {', '.join(VIEWS)}.")
    fit = muse_views.fit_of(row) if {"psfParams", "sources"} & set(names) else None
    found: dict[str, Any] = {}
    for name in names:
        if name == "data":
            found[name] = muse_views.data_of(row)
        elif name == "psfParams":
            found[name] = muse_views.psf_params_of(fit)
        else:
            found[name] = None if fit is None or fit.psf is None else dict(muse_views.sources_of(fit))
    return found


def files_go(request: Request) -> bool:
    """Whether a request deletes files too. Raises UsageError for another word than keep and delete."""
    word = request.query_params.get("files", "keep")
    if word not in {"keep", "delete"}:
        raise UsageError(f"files is {word[:20]!r}: say keep or delete.")
    return word == "delete"


def require_confirmed(request: Request, word: str, what: str) -> None:
    """Raise ConflictError, which says what would go, unless the request repeats the word."""
    if request.query_params.get("confirm") != word:
        raise ConflictError(f"{what} Send the same again with confirm={word} if it shall.")
