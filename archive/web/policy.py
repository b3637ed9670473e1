"""What browsers may do with our pages: ask this archive alone, and run no script but its own files."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase

from archive.web.stream import origin

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def policy_with(*others: str, scripts: str = "", styles: str = "") -> str:
    """The policy's text; scripts may also ask these origins; and what else is let run as a script, and as a style."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self'{scripts}",
            f"style-src 'self'{styles}",
            "img-src 'self' data:",
            "font-src 'self'",
            " ".join(("connect-src 'self'", *others)),
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


POLICY = policy_with(*origin())  # of the live stream, where that is another one


def strict_policy(view: View[P]) -> View[P]:
    """Send the policy with each answer that has none yet. Templates can hold neither scripts nor styles."""

    @wraps(view)
    def with_policy(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response["Referrer-Policy"] = "same-origin"
        return response

    return with_policy
