"""A small observation portal: profiles of bearers, and nothing else. Real HTTP, on a port of its own."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROFILES: dict[str, dict[str, Any]] = {
    "Token alice-portal-token": {"username": "alice", "proposals": ["PROP001", "PROP002"]},
    "Token bob-portal-token": {"username": "bob", "proposals": []},
    "Token gone-portal-token": {"username": "gone", "proposals": []},
    "Bearer bob-bearer": {"username": "bob", "proposals": []},
}


class PortalRequest(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = PROFILES.get(self.headers.get("Authorization", ""))
        if self.path != "/api/profile/" or known is None:
            self._answer(401, {"detail": "Invalid token."})
            return
        name = known["username"]
        self._answer(
            200,
            {
                "username": name,
                "first_name": "",
                "last_name": "",
                "email": f"{name}@example.org",
                "is_staff": False,
                "is_superuser": False,
                "profile": {"staff_view": False},
                "tokens": {"api_token": f"{name}-portal-token"},
                "proposals": [{"id": proposal, "title": proposal} for proposal in known["proposals"]],
            },
        )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(401, {"error": "invalid_grant"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def portal() -> Iterator[str]:
    """The address of a portal that runs meanwhile."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), PortalRequest)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
