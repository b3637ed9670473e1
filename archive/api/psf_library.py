"""/psf-library/: stars by whose images the light of others is taken out, and what staff changes of that."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.ao_nights import DATE
from archive.api.parsers import BoundedJSON
from archive.api.permissions import StaffWrites
from archive.api.representations import links_of
from archive.domain import psf_library
from archive.domain.observing import observation_named
from archive.domain.observing_nights import night_named
from archive.domain.psf_candidates import Candidate, candidates_for, candidates_of, memberships_of, version_named
from archive.domain.reduced import bytes_of, files_for
from archive.errors import NotFoundError
from archive.models import Product, ProductQuerySet, PsfMember, is_staff
from archive.terms.high_contrast import CandidateFilter
from archive.terms.observations import narrowed

LONGEST_REASON = 1000
OBSERVATION_COLUMNS = ("proposal_id", "target_name", "night", "observed_at", "telescope_id", "camera")
MEMBER_COLUMNS = ("sha256", "added_at", "added_by", "added_reason", "removed_at", "removed_by", "removed_reason")
NAME = OpenApiParameter("name", str, OpenApiParameter.PATH, description="Name of the observation")
SHA256 = OpenApiParameter("sha256", str, OpenApiParameter.PATH, description="Name of the version")


class MembershipSchema(serializers.Serializer[Any]):
    """When a star's image was in the library."""

    sha256 = serializers.CharField(help_text="Of the image, by which results name it")
    added_at = serializers.DateTimeField(help_text="UTC")
    added_by = serializers.CharField()
    added_reason = serializers.CharField()
    removed_at = serializers.DateTimeField(allow_null=True, help_text="UTC; null: it is in the library")
    removed_by = serializers.CharField()
    removed_reason = serializers.CharField()


class CandidateSchema(serializers.Serializer[Any]):
    """A star that was cut out."""

    observation = serializers.CharField(help_text="Its name")
    proposal_id = serializers.CharField(help_text="Programme")
    target_name = serializers.CharField()
    night = serializers.DateField()
    observed_at = serializers.DateTimeField(help_text="UTC")
    telescope_id = serializers.CharField()
    camera = serializers.CharField()
    primary_optical_element = serializers.CharField(help_text="Filter")
    seeing_nearest_arcsec = serializers.FloatField(allow_null=True, help_text="Measured nearest in time")
    strehl_ratio = serializers.FloatField(allow_null=True)
    fwhm_arcsec = serializers.FloatField(allow_null=True, help_text="Width of its core")
    warnings = serializers.ListField(child=serializers.CharField(), help_text="What speaks against its Strehl ratio")
    companion_count = serializers.IntegerField(help_text="Found beside it: such a star serves nobody, and is not used")
    sha256 = serializers.CharField(allow_null=True, help_text="Of its image as it was made last")
    in_library = serializers.BooleanField()
    is_outdated = serializers.BooleanField(help_text="The library holds an older image of it: add it again")
    image = serializers.CharField(allow_null=True, help_text="Link to the image (FITS)")
    picture = serializers.CharField(allow_null=True, help_text="Link to a picture of it (PNG)")
    address = serializers.CharField(help_text="The candidate by itself")


class CandidateAloneSchema(CandidateSchema):
    """One by itself."""

    memberships = MembershipSchema(many=True, required=False, help_text="Newest first; told to staff")


class AddSerializer(serializers.Serializer[Any]):
    """Which star is to be put into the library, and why."""

    observation = serializers.CharField(max_length=200, help_text="Name of the observation")
    reason = serializers.CharField(max_length=LONGEST_REASON, allow_blank=True, default="")


class ReasonSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=LONGEST_REASON)


class MaybeReasonSerializer(serializers.Serializer[Any]):
    """Why, if anybody should know."""

    reason = serializers.CharField(max_length=LONGEST_REASON, allow_blank=True, default="")


class VersionMemberSchema(serializers.Serializer[Any]):
    sha256 = serializers.CharField(help_text="Of the image")
    observation = serializers.CharField(allow_null=True, help_text="Whose; null: you may not see it, or it is gone")


class LibraryVersionSchema(serializers.Serializer[Any]):
    """Images that were in the library together."""

    sha256 = serializers.CharField(help_text="Its name, by which results name it")
    telescope_id = serializers.CharField()
    camera = serializers.CharField()
    primary_optical_element = serializers.CharField(help_text="Filter")
    created_at = serializers.DateTimeField(help_text="When it was first so, UTC")
    members = VersionMemberSchema(many=True)


class MadeAnewSchema(serializers.Serializer[Any]):
    night = serializers.DateField()
    n_products = serializers.IntegerField(help_text="How many are made again")


class Forms:
    """Forms for the answer to one request, with its links."""

    def __init__(self, request: Request) -> None:
        self._request, self._links = request, links_of(request)

    def candidate(self, found: Candidate) -> dict[str, Any]:
        observation, values = found.product.observation, found.product.values
        if observation is None:
            raise NotFoundError("there is no such observation.")
        strehl = found.strehl
        return {
            "observation": observation.name,
            **{name: getattr(observation, name) for name in OBSERVATION_COLUMNS},
            "primary_optical_element": observation.primary_optical_element,
            "seeing_nearest_arcsec": observation.seeing_nearest_arcsec,
            "strehl_ratio": None if strehl is None else strehl.strehl_ratio,
            "fwhm_arcsec": values.get("fwhm_arcsec"),
            "warnings": [] if strehl is None else strehl.warnings,
            "companion_count": found.companion_count,
            "sha256": getattr(found.files.get(psf_library.IMAGE), "sha256", None),
            "in_library": found.member is not None,
            "is_outdated": found.is_outdated,
            "image": self._link(found, psf_library.IMAGE),
            "picture": self._link(found, "picture"),
            "address": self._request.build_absolute_uri(reverse("psf-candidate", args=[observation.name])),
        }

    def alone(self, found: Candidate) -> dict[str, Any]:
        answer = self.candidate(found)
        if is_staff(self._request.user):
            answer["memberships"] = list(map(_membership, memberships_of(found.product)))
        return answer

    def _link(self, found: Candidate, role: str) -> str | None:
        file = found.files.get(role)
        return None if file is None else self._links.to_object(bytes_of(file))


class CandidatesView(generics.ListAPIView[Product]):
    """Stars that were cut out and that the caller may see, and whether the library has them."""

    queryset = Product.objects.none()
    serializer_class = AddSerializer  # what OPTIONS tells of POST
    filterset_class = CandidateFilter
    permission_classes = [StaffWrites]
    parser_classes = [BoundedJSON]

    def get_queryset(self) -> ProductQuerySet:
        return candidates_for(self.request.user, at=timezone.now()).select_related("observation")

    @extend_schema(summary="Candidates of the PSF library", operation_id="psf_library_list", responses=CandidateSchema)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        found = narrowed(self.get_queryset(), CandidateFilter, request.query_params)
        page = self.paginate_queryset(found) or []
        forms = Forms(request)
        candidates = candidates_of(page, files_for(request.user, at=timezone.now()))
        return self.get_paginated_response([forms.candidate(each) for each in candidates])

    @extend_schema(
        summary="Put a star into the PSF library (staff)",
        operation_id="psf_library_add",
        request=AddSerializer,
        responses={
            200: CandidateAloneSchema,
            404: OpenApiResponse(description="There is no such observation, or you may not see it"),
            409: OpenApiResponse(description="Its star has not been cut out"),
        },
    )
    def post(self, request: Request) -> Response:
        now = timezone.now()
        sent = AddSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        observation = observation_named(sent.validated_data["observation"], request.user, at=now)
        by, reason = request.user.get_username(), sent.validated_data["reason"]
        psf_library.add(observation=observation, by=by, reason=reason, at=now)
        return Response(Forms(request).alone(_candidate(request, observation.name)))


class CandidateView(APIView):
    """One star that was cut out."""

    permission_classes = [StaffWrites]
    parser_classes = [BoundedJSON]

    @extend_schema(
        summary="One candidate, and when it was in the PSF library",
        operation_id="psf_library_retrieve",
        parameters=[NAME],
        responses=CandidateAloneSchema,
    )
    def get(self, request: Request, name: str) -> Response:
        return Response(Forms(request).alone(_candidate(request, name)))

    @extend_schema(
        summary="Take a star out of the PSF library (staff)",
        operation_id="psf_library_remove",
        parameters=[NAME],
        request=MaybeReasonSerializer,
        responses={204: None, 404: OpenApiResponse(description="It is not in the library, or you may not see it")},
    )
    def delete(self, request: Request, name: str) -> Response:
        now = timezone.now()
        sent = MaybeReasonSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        observation = observation_named(name, request.user, at=now)
        by, reason = request.user.get_username(), sent.validated_data["reason"]
        if psf_library.remove(observation=observation, by=by, reason=reason, at=now) is None:
            raise NotFoundError("this star is not in the PSF library.")
        return Response(status=status.HTTP_204_NO_CONTENT)


class LibraryVersionView(APIView):
    """What was in the library together, as a result names it."""

    @extend_schema(
        summary="One version of the PSF library",
        operation_id="psf_library_version",
        parameters=[SHA256],
        responses=LibraryVersionSchema,
    )
    def get(self, request: Request, sha256: str) -> Response:
        version, names = version_named(sha256, request.user, at=timezone.now())
        columns = ("sha256", "telescope_id", "camera", "primary_optical_element", "created_at")
        members = [{"sha256": each, "observation": names.get(each)} for each in version.members]
        return Response({**{name: getattr(version, name) for name in columns}, "members": members})


class SubtractAnewView(APIView):
    """Make a night's PSF subtractions anew with the library of now."""

    permission_classes = [StaffWrites]
    parser_classes = [BoundedJSON]

    @extend_schema(
        summary="Take the stars' light out anew, with the PSF library of now (staff)",
        operation_id="nights_subtract_anew",
        parameters=[DATE],
        request=ReasonSerializer,
        responses={202: MadeAnewSchema},
    )
    def post(self, request: Request, date: str) -> Response:
        night = night_named(date)
        sent = ReasonSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        by, reason = request.user.get_username(), sent.validated_data["reason"]
        n_products = psf_library.make_anew(night=night, by=by, reason=reason, at=timezone.now())
        return Response({"night": night, "n_products": n_products}, status=status.HTTP_202_ACCEPTED)


def _candidate(request: Request, name: str) -> Candidate:
    """Raises NotFoundError when there is none that the caller may see."""
    now = timezone.now()
    seen = candidates_for(request.user, at=now).select_related("observation")
    product = None if "\0" in name else seen.filter(observation__name=name).first()
    if product is None:
        raise NotFoundError("there is no such candidate.")
    return candidates_of([product], files_for(request.user, at=now))[0]


def _membership(member: PsfMember) -> dict[str, Any]:
    return {name: getattr(member, name) for name in MEMBER_COLUMNS}
