"""How owners of saved searches are told: mail, and signed requests to webhooks."""

import hashlib
import hmac
import ipaddress
import json
import socket
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

import urllib3
from django.conf import settings
from django.core.mail import send_mail
from urllib3.exceptions import HTTPError

from archive.domain.delivering import Deliver, News
from archive.enums import NoticeWay
from archive.errors import TransientError

MOST_FRAMES = 50  # that one notice names; the search itself has them all
TIMEOUT_S = 10.0
SIGNATURE = "X-Archive-Signature"  # "sha256=" and the HMAC of the body with the search's secret, in hex
COLUMNS = ("id", "basename", "observation_date", "target_name", "instrument_id", "primary_optical_element")


def mail(news: News) -> None:
    """Send a mail to the owner. Raises TransientError when that fails."""
    search, owner = news.search, news.search.owner
    if not settings.EMAIL_HOST:
        raise TransientError("this archive has no mail server (EMAIL_HOST).")
    if not owner.email:
        raise TransientError("your account has no e-mail address any more.")
    told = _described(news)
    lines = [f"{told['n_frames']} new, of the search {search.name!r}:", ""]
    lines += [_line(frame) for frame in told["frames"]]
    if told["n_frames"] > len(told["frames"]):
        lines.append(f"… and {told['n_frames'] - len(told['frames'])} more.")
    lines += ["", f"All that match: {told['search_url']}", f"Change or end this: {search.site_url}/searches/"]
    title = f"{told['n_frames']} new: {search.name}".replace("\n", " ").replace("\r", " ")
    try:
        send_mail(title, "\n".join(lines), None, [owner.email])
    except (SMTPException, OSError) as error:
        raise TransientError(f"the mail server did not take it: {error}") from error


def webhook(news: News) -> None:
    """POST to the address of a search. Raises TransientError unless the answer is 2xx; redirects are not followed.

    The host's addresses are looked up once, and must be public or their host be in WEBHOOK_PRIVATE_HOSTS: nobody may
    have the archive talk to machines behind its own walls.
    """
    search = news.search
    body = json.dumps({"id": news.notice.pk, **_described(news)}).encode()
    signature = hmac.new(search.secret.encode(), body, hashlib.sha256).hexdigest()
    url = urlsplit(search.address)
    host, path = url.hostname or "", (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = {
        "Host": url.netloc.rpartition("@")[2],
        "Content-Type": "application/json",
        SIGNATURE: f"sha256={signature}",
    }
    try:
        with _pool(host, url.port, is_tls=url.scheme == "https") as pool:
            # The status says all: a body may have no end.
            answer = pool.request(
                "POST", path, body=body, headers=headers, redirect=False, retries=False, preload_content=False
            )
            answer.close()
    except (HTTPError, OSError, ValueError) as error:
        raise TransientError(f"{host} did not take it: {error}") from error
    if not 200 <= answer.status < 300:
        raise TransientError(f"{host} answered {answer.status}.")


WAYS: dict[str, Deliver] = {NoticeWay.EMAIL.value: mail, NoticeWay.WEBHOOK.value: webhook}


def _pool(host: str, port: int | None, *, is_tls: bool) -> urllib3.HTTPConnectionPool:
    """Connections to an address of this host that was found to be one that may be asked."""
    address = _address_of(host, port or (443 if is_tls else 80))
    timeout = urllib3.Timeout(total=TIMEOUT_S)
    if not is_tls:
        return urllib3.HTTPConnectionPool(address, port or 80, timeout=timeout)
    return urllib3.HTTPSConnectionPool(
        address, port or 443, timeout=timeout, server_hostname=host, assert_hostname=host, cert_reqs="CERT_REQUIRED"
    )


def _address_of(host: str, port: int) -> str:
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if host in settings.WEBHOOK_PRIVATE_HOSTS:
        return found[0]
    if not all(ipaddress.ip_address(address.partition("%")[0]).is_global for address in found):
        raise TransientError(f"{host} is in a private network: name it in WEBHOOK_PRIVATE_HOSTS if it may be asked.")
    return found[0]


def _described(news: News) -> dict[str, Any]:
    search = news.search
    frames = list(news.frames.values(*COLUMNS)[:MOST_FRAMES])
    for frame in frames:
        frame["observation_date"] = frame["observation_date"].isoformat().replace("+00:00", "Z")
        frame["url"] = f"{search.site_url}/frames/{frame['id']}/"
    return {
        "search": search.name,
        "query": search.query,
        "search_url": f"{search.site_url}/search/?{search.query}",
        "n_frames": news.frames.count(),
        "frames": frames,
    }


def _line(frame: dict[str, Any]) -> str:
    told = (frame["basename"], frame["target_name"], frame["instrument_id"], frame["observation_date"], frame["url"])
    return "  ".join(filter(None, told))
