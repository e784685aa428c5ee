"""The doors: HTTP servers, one for each company and one for those who watch the world."""

import json
import socketserver
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from .books import KeyReused
from .pages import STYLE, world_page
from .switches import Switch, WrongSwitch

if TYPE_CHECKING:
    from .world import World

LONGEST_BODY = 1_000_000  # bytes
#: A message sent again may say how things stand by now; to the mail server it is the same one.
KNOWS_BY_KEY_ALONE = "mail"


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


class CompanyHandler(Handler):
    """A company: takes orders under idempotency keys, unless its switch says otherwise."""

    def __init__(self, company: str, place: str, *args: Any) -> None:
        self.company, self.orders = company, place
        super().__init__(*args)

    def do_GET(self) -> None:  # noqa: N802  the name is http.server's
        """What the company accepted: ``?key=`` asks for one key."""
        if self.place != self.orders:
            return self.answer(404, {"detail": f"Try {self.orders}."})
        entries = self.world.books.entries(self.company, self.asked("key"))
        return self.answer(200, [entry.as_json() for entry in entries])

    def do_POST(self) -> None:  # noqa: N802
        """Take an order."""
        switch = self.world.switches.use(self.company)
        self._call = self.world.books.note_call(
            self.company, "POST", self.path, self.key, self.headers.get("User-Agent", "")
        )
        self._fault = switch.fault
        body = self.read()
        if self.place != self.orders:
            self._reply(404, {"detail": f"Try {self.orders}."})
        else:
            self._behave(switch, body)

    @property
    def key(self) -> str:
        """The idempotency key, bare or quoted."""
        return str(self.headers.get("Idempotency-Key", "")).strip('"')

    def _behave(self, switch: Switch, body: bytes) -> None:
        match switch.fault:
            case "busy":
                self._be_busy(switch)
            case "500":
                self._reply(500, {"detail": "Something broke here."})
            case "refuse":
                self._reply(422, {"detail": "This is never going to work."})
            case "timeout":
                time.sleep(switch.seconds)
                self._hang_up()
            case "accept_then_drop":
                self._take(switch, body)
                self._hang_up()
            case "slow":
                taken = self._take(switch, body)
                time.sleep(switch.seconds)
                self._reply(*taken)
            case _:
                self._reply(*self._take(switch, body))

    def _take(self, switch: Switch, body: bytes) -> tuple[int, Any]:
        """Put the order into the books; the status and body of an honest answer."""
        if not self.key:
            return 400, {"detail": "Send an Idempotency-Key."}
        try:
            order = json.loads(body)
            entry, new = self.world.books.accept(
                self.company,
                self.key,
                order,
                honour_key=switch.keys == "honoured",
                compare=self.company != KNOWS_BY_KEY_ALONE,
            )
        except ValueError:
            return 400, {"detail": "Send JSON."}
        except KeyReused:
            return 422, {"detail": "This key was used for another order."}
        return (201 if new else 200), entry.as_json()

    def _be_busy(self, switch: Switch) -> None:
        later = {} if switch.retry_after is None else {"Retry_After": str(switch.retry_after)}
        self._reply(503, {"detail": "Too busy. Nothing was taken."}, **later)

    def _reply(self, status: int, body: Any, **headers: str) -> None:
        self.world.books.note_answer(self._call, self._fault, status)
        self.answer(status, body, **headers)

    def _hang_up(self) -> None:
        self.world.books.note_answer(self._call, self._fault, None)
        self.close_connection = True


class WatchHandler(Handler):
    """For those who watch: a page, the log, and the switches."""

    def do_GET(self) -> None:  # noqa: N802
        """Show what the world believes."""
        match self.place:
            case "/":
                self.write(200, "text/html; charset=utf-8", world_page(self.world))
            case "/style.css":
                self.write(200, "text/css", STYLE)
            case "/log":
                self.answer(200, self.world.books.calls())
            case "/faults":
                self.answer(200, self.world.switches.as_json())
            case _:
                self.answer(404, {"detail": "Try /, /log or /faults."})

    def do_PUT(self) -> None:  # noqa: N802
        """Turn switches."""
        if self.place != "/faults":
            return self.answer(404, {"detail": "Switches are at /faults."})
        try:
            self.world.turn(json.loads(self.read()))
        except (ValueError, AttributeError):
            return self.answer(400, {"detail": "Send a JSON object."})
        except WrongSwitch as error:
            return self.answer(400, {"detail": str(error)})
        return self.answer(200, self.world.switches.as_json())

    def do_POST(self) -> None:  # noqa: N802
        """Turn one switch with the page's form."""
        form = {name: values[0] for name, values in parse_qs(self.read().decode()).items()}
        try:
            self.world.turn({form["company"]: form.get("fault") or None})
        except (KeyError, WrongSwitch) as error:
            return self.answer(400, {"detail": str(error)})
        return self.write(303, "text/plain", "", Location="/")
