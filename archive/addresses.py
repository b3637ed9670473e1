"""The address that a request comes from, as far as it can be believed."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

LOCAL_SOCKET = "unix"
IPV6_CUSTOMER_BITS = 64  # one customer has at least this many addresses to change between


@lru_cache(maxsize=8)
def _networks(names: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(name, strict=False) for name in names if name != LOCAL_SOCKET)


def client_address(request: HttpRequest) -> str:
    """Address of the client: the last one that no proxy of ours vouches for. An IPv6 client is its network.

    `X-Forwarded-For` counts only where TRUSTED_PROXIES names who added to it; what a client writes there itself stands
    further left and is never read.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    claimed = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while claimed and _is_our_proxy(address):
        said = claimed.pop().strip()
        if _parsed(said) is None:
            break
        address = said
    found = _parsed(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((int(found), IPV6_CUSTOMER_BITS), strict=False))
    return address


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_our_proxy(address: str) -> bool:
    trusted = tuple(settings.TRUSTED_PROXIES)
    if not address:
        return LOCAL_SOCKET in trusted
    found = _parsed(address)
    return found is not None and any(found in network for network in _networks(trusted))
