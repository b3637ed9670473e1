"""The head of each page: where one can go from it. A page stands in it from the day that its route is there."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

# Name of the route that an entry leads to, what it says, and the start of the names of its other pages.
ENTRIES = (
    ("search", "Search"),
    ("night-list", "Nights"),
    ("site-list", "Sites"),
    ("gallery", "Gallery"),
    ("telemetry-plots", "Telemetry"),
    ("cart", "Cart"),
    ("staff", "Staff"),
    ("swagger", "API"),
)
CART = "cart"  # its entry says how many frames are in it
OF_STAFF = {"staff"}
# Pages that belong to an entry without having its name.
BELOW = {
    "night-page": "night-list",
    "observation-page": "night-list",
    "site-page": "site-list",
    "site-family": "site-list",
    "frame-page": "search",
    "frame-family": "search",
    "frame-page-telemetry": "search",
    "searches": "search",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the head."""

    label: str
    address: str
    is_here: bool
    is_cart: bool = False


def entries(request: HttpRequest) -> list[Entry]:
    """What this reader is offered, in order."""
    match = request.resolver_match
    here = "" if match is None else match.url_name or ""
    shown = [(name, label) for name, label in ENTRIES if name not in OF_STAFF or request.user.is_staff]
    found = []
    for name, label in shown:
        try:
            address = reverse(name)
        except NoReverseMatch:
            continue
        is_here = name in {here, BELOW.get(here)} or here.startswith(f"{name}-")
        found.append(Entry(label, address, is_here, name == CART))
    return found
