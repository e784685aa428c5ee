"""The doors: HTTP servers that can be closed and opened again, and how they read and write."""

import json
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from .world import World

LONGEST_BODY = 1_000_000  # bytes


class Door(ThreadingHTTPServer):
    """A listening socket that can be closed and opened again while its callers are served."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, handler: Callable[..., "Handler"]) -> None:
        super().__init__((host, port), handler)  # type: ignore[arg-type]

    def server_bind(self) -> None:
        """Bind without asking the DNS for our own name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", int(self.server_address[1])

    def open(self) -> "Door":
        """Serve from now on."""
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def close(self) -> None:
        """Refuse connections from now on."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller who hangs up is no error of ours."""


class Handler(BaseHTTPRequestHandler):
    """Reads JSON and writes JSON."""

    def __init__(self, world: "World", *args: Any) -> None:
        self.world = world
        super().__init__(*args)

    @property
    def place(self) -> str:
        """The path, without the question."""
        return urlsplit(self.path).path.rstrip("/") or "/"

    def asked(self, name: str) -> str | None:
        """One value of the query string."""
        return parse_qs(urlsplit(self.path).query).get(name, [None])[0]

    def read(self) -> bytes:
        """The body."""
        length = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(min(length, LONGEST_BODY))

    def answer(self, status: int, body: Any, **headers: str) -> None:
        """Answer with JSON."""
        self.write(status, "application/json", json.dumps(body, indent=2), **headers)

    def write(self, status: int, content_type: str, text: str, **headers: str) -> None:
        """Answer with a text."""
        encoded = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(encoded)))
        self.send_header("Content-Security-Policy", "default-src 'self'; form-action 'self'")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: Any) -> None:
        """The books keep the log."""
