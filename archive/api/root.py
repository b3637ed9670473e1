"""`/`: the addresses of the lists for programs, the search page for people."""

from http import HTTPStatus
from typing import Any

from django.urls import reverse
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import APIRootView, DefaultRouter


class RootView(APIRootView):
    """The addresses of the lists."""

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Whoever prefers HTML is a person, and goes to the search page, unless `?format=api` asks for this one."""
        is_page = isinstance(request.accepted_renderer, BrowsableAPIRenderer)
        if is_page and self.settings.URL_FORMAT_OVERRIDE not in request.query_params:
            return Response(status=HTTPStatus.FOUND, headers={"Location": reverse("search")})
        return super().get(request, *args, **kwargs)


class Router(DefaultRouter):
    APIRootView = RootView
    include_format_suffixes = False
