"""What an agent tells of itself, in Prometheus's text format, on this computer only."""

import threading
import time
from dataclasses import dataclass, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class Metrics:
    """Counters and gauges; one thread writes them."""

    bytes_sent_total: int = 0
    records_total: int = 0
    damages_total: int = 0
    refusals_total: int = 0  # requests that the archive refused
    outages_total: int = 0  # times that it went away
    archive_up: int = 0
    files_waiting: int = 0  # that changed and are not sent to their end
    spool_bytes: int = 0
    spool_is_full: int = 0
    last_success_timestamp_seconds: float = 0.0

    def succeeded(self) -> None:
        """The archive has answered."""
        self.archive_up, self.last_success_timestamp_seconds = 1, time.time()

    def text(self) -> str:
        """All of them, one a line."""
        lines = []
        for each in fields(self):
            kind = "counter" if each.name.endswith("_total") else "gauge"
            name = f"telemetry_agent_{each.name}"
            lines += [f"# TYPE {name} {kind}", f"{name} {getattr(self, each.name)}"]
        return "\n".join(lines) + "\n"


def serve(metrics: Metrics, port: int) -> ThreadingHTTPServer:
    """Answer to GET on 127.0.0.1 until the process ends or `shutdown` is called."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = metrics.text().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing: each scrape would be a line."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
