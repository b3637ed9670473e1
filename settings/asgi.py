"""Entry of uvicorn: the live stream, as Server-Sent Events and by WebSocket."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django_application = get_asgi_application()

from archive.live.socket import live_socket  # noqa: E402 - it needs the applications to be loaded
from settings import urls  # noqa: E402, F401 - else the first request would stop everything for as long as it loads them


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await live_socket(scope, receive, send)
    else:
        await django_application(scope, receive, send)
