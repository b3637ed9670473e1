"""What a cart of 5,000 frames takes: to fill it by one search, to show it, to freeze it; and the head of all pages."""

import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.models import User
from django.utils import timezone

from archive.domain import carts
from archive.errors import FatalError
from archive.models import Frame
from benchmarks.page_asks import cookie_of
from benchmarks.report import Aim, Baseline, Figure, median_of

N_FRAMES, N_RUNS, N_HEADS = 5_000, 15, 200
TOKEN = "b" * 32  # of the forms: a browser sends it back in a cookie and in the form
AIM_MS = 150.0


def figures(url: str, member: User, size: int, *, empty: Baseline) -> Iterator[Figure]:
    """With the web process at `url` up; the member's cart is empty before and afterwards."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=120)
    headers = {"Cookie": f"sessionid={cookie_of(member)}; csrftoken={TOKEN}"}
    cart_id = carts.begin(owner=member, at=timezone.now()).pk

    def ask(method: str, path: str, wanted: HTTPStatus, **sent: str) -> float:
        body = urlencode({**sent, "csrfmiddlewaretoken": TOKEN}) if method == "POST" else None
        started_s = time.perf_counter()
        as_form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body, {**headers, **as_form} if body else headers)
        answer = connection.getresponse()
        content = answer.read()
        took_ms = 1000.0 * (time.perf_counter() - started_s)
        if answer.status != wanted:
            raise FatalError(f"{method} {path} answered {answer.status}: {content[:300]!r}")
        return took_ms

    def clear() -> None:
        held = carts.cart_of(carts.Whose(member))
        carts.take_out(cart_id, held.frame_ids if held else [], at=timezone.now())

    def fill_all() -> float:
        clear()
        return ask("POST", "/cart/change/", HTTPStatus.FOUND, all="", query="public=true")

    def shown(name: str, run: Callable[[], float], *, aim: tuple[Aim, float] | None = None) -> Figure:
        run()
        return median_of(f"{name}, {size:,}", [run() for _ in range(N_RUNS)], "ms", baseline=empty, aim=aim)

    yield shown("cart: all found into it, 10,000 of them", fill_all)
    clear()
    newest = Frame.objects.listed().public(at=timezone.now()).order_by("-observation_date")[:N_FRAMES]
    carts.put_in(cart_id, list(newest.values_list("pk", flat=True)), at=timezone.now())
    connection.close()  # it may have rested longer than the server keeps it; the next question opens it again
    page = f"page /cart/ of {N_FRAMES:,} frames"
    aim = (Aim.AT_MOST, AIM_MS)
    yield shown(page, lambda: ask("GET", "/cart/", HTTPStatus.OK), aim=aim)
    yield shown(f"{page} by size", lambda: ask("GET", "/cart/?ordering=-size", HTTPStatus.OK), aim=aim)
    yield shown(f"cart: {N_FRAMES:,} frozen", lambda: ask("POST", "/cart/download/", HTTPStatus.FOUND))
    yield median_of(
        f"head: how many are in the cart, {size:,}",
        [_head_ms(member) for _ in range(N_HEADS)],
        "ms",
        baseline=empty,
    )
    clear()


def _head_ms(member: User) -> float:
    started_s = time.perf_counter()
    carts.number_in(carts.Whose(member))
    return 1000.0 * (time.perf_counter() - started_s)
