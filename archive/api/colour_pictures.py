"""/colour-pictures/: the gallery's pictures for scripts: what they show, what they are made of, where files are."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from archive.domain.target_names import folded
from archive.models import ColourPicture, ColourPictureQuerySet
from archive.models.colour_picture import BANDS
from pipeline.arrays.passbands import passband_of

FILES = {"picture": "picture.jpg", "small_picture": "small.jpg", "planes": "planes.fits.fz"}


class ColourBandSerializer(serializers.Serializer[Any]):
    """One of the three frames, and the colour that it became."""

    colour = serializers.ChoiceField(BANDS)
    frame = serializers.IntegerField(help_text="Id of the frame, as in /frames/")
    basename = serializers.CharField()
    primary_optical_element = serializers.CharField(help_text="Filter, as the header has it")
    wavelength_nm = serializers.FloatField(allow_null=True, help_text="Effective wavelength of that filter, nm")
    exposure_time = serializers.FloatField(help_text="s")
    observation_date = serializers.DateTimeField(help_text="UTC")


class ColourPictureSerializer(serializers.ModelSerializer[ColourPicture]):
    """A picture of the gallery."""

    bands = serializers.SerializerMethodField(help_text="Red, green, blue")
    picture = serializers.SerializerMethodField(help_text="Address of the JPEG")
    small_picture = serializers.SerializerMethodField(help_text="Address of a JPEG of up to 640 px")
    planes = serializers.SerializerMethodField(help_text="Address of its three planes as FITS")
    page = serializers.SerializerMethodField(help_text="Address of its page")

    class Meta:
        model = ColourPicture
        fields = (
            "id", "target_name", "site_id", "instrument_id", "observed_at", "made_at", "width_px", "height_px",
            "pixel_arcsec", "up_deg", "ra_deg", "dec_deg", "bands", "picture", "small_picture", "planes", "page",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(ColourBandSerializer(many=True))
    def get_bands(self, picture: ColourPicture) -> list[dict[str, Any]]:
        return [
            {
                "colour": colour,
                "frame": version.frame_id,
                "basename": version.frame.basename,
                "primary_optical_element": version.frame.primary_optical_element,
                "wavelength_nm": None if (found := passband_of(name)) is None else found.wavelength_nm,
                "exposure_time": version.frame.exposure_time,
                "observation_date": version.frame.observation_date,
            }
            for colour, version in zip(BANDS, picture.versions, strict=True)
            if version is not None and (name := version.frame.primary_optical_element) is not None
        ]

    def get_picture(self, picture: ColourPicture) -> str:
        return self._address(picture, "picture")

    def get_small_picture(self, picture: ColourPicture) -> str:
        return self._address(picture, "small_picture")

    def get_planes(self, picture: ColourPicture) -> str:
        return self._address(picture, "planes")

    def get_page(self, picture: ColourPicture) -> str:
        return self._absolute(reverse("gallery-picture", args=[picture.pk]))

    def _address(self, picture: ColourPicture, role: str) -> str:
        return self._absolute(reverse("gallery-file", args=[picture.pk, FILES[role]]))

    def _absolute(self, path: str) -> str:
        address: str = self.context["request"].build_absolute_uri(path)
        return address


class ColourPictureFilter(filters.FilterSet):
    target_name = filters.CharFilter(method="filter_target", help_text="Part of the target's name, in any spelling")
    site_id = filters.CharFilter(help_text="Site")
    instrument_id = filters.CharFilter(help_text="Camera")

    class Meta:
        model = ColourPicture
        fields = ()

    def filter_target(self, queryset: Any, name: str, value: str) -> Any:  # noqa: ARG002 - django-filter's signature
        key = folded(value)
        return queryset.filter(target_key__contains=key) if key else queryset.none()


class ColourPicturesView(generics.ListAPIView[ColourPicture]):
    """Colour pictures whose three frames are public, newest first. The same for everybody."""

    queryset = ColourPicture.objects.none()
    serializer_class = ColourPictureSerializer
    filterset_class = ColourPictureFilter

    def get_queryset(self) -> ColourPictureQuerySet:
        shown = ColourPicture.objects.shown(at=timezone.now())
        return shown.with_frames().order_by("-observed_at", "-pk")

    @extend_schema(summary="Colour pictures of the gallery")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)
