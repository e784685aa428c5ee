"""The processes of the demo: the outside world, the web server and the worker. None outlives us."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

PR_SET_PDEATHSIG = 1
START_SECONDS = 30.0
STOP_SECONDS = 10.0
LAST_LINES = 30


class DidNotStart(Exception):
    """A process of the demo ended, or did not answer in time."""


@dataclass(frozen=True)
class Process:
    """One process with everything it starts: a group of its own, and a log."""

    name: str
    popen: "subprocess.Popen[str]"
    log: Path

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.popen.poll() is None

    def ask_to_stop(self) -> None:
        """Ask it to end what it does, and end."""
        if self.alive:
            self.popen.terminate()

    def end(self, until: float) -> None:
        """Wait for it until then (monotonic seconds); kill what is left of its group."""
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(max(0.0, until - time.monotonic()))
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def last_words(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join([f"--- the last lines of {self.log} ---", *lines])


@dataclass(frozen=True)
class Stage:
    """Everything that runs, and where it is found."""

    site: str
    outside: str
    bank: str
    mail: str
    processes: tuple[Process, ...]

    def last_words(self) -> str:
        """The end of every log."""
        return "\n".join(process.last_words() for process in self.processes)


def refuse_taken_port(port: int) -> None:
    """Before anything is started: somebody else's server would answer in our place."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise DidNotStart(
            f"Port {port} is already in use. Stop what listens there, or take another one:"
            f" {sys.executable} manage.py demo --port {port + 1}"
        ) from error


@contextmanager
def running_stage(logs: Path, *, port: int, database_url: str) -> Iterator[Stage]:
    """Start everything, and end everything, whatever happens in between.

    ``port`` is the web server's; 0 is a free one. Raises DidNotStart.
    """
    started: list[Process] = []
    environment = os.environ | {"DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"}
    try:
        yield _start_everything(started, logs, port, environment)
    finally:
        for process in started:
            process.ask_to_stop()
        until = time.monotonic() + STOP_SECONDS
        for process in started:
            process.end(until)


def _start_everything(
    started: list[Process], logs: Path, port: int, environment: Mapping[str, str]
) -> Stage:
    def start(name: str, *command: str) -> Process:
        process = _start(name, logs / f"{name}.log", command, environment)
        started.append(process)
        return process

    port = port or _free_port()
    site = f"http://127.0.0.1:{port}"
    environment = {**environment, "BANK_WEBHOOK_SECRET": settings.BANK_WEBHOOK_SECRET}
    told = f"{site}/api/v1/inbox/bank/"
    outside = start("outside", "-m", "demo_project.outside", "--port", "0", "--told", told)
    world = _addresses(outside)
    environment = {**environment, **{f"{name.upper()}_URL": url for name, url in world.items()}}
    web = start("web", "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}")
    start("worker", "manage.py", "workflows_worker")
    _wait_for_answer(web, site)
    return Stage(site, **world, processes=tuple(started))


def _start(
    name: str, log: Path, command: tuple[str, ...], environment: Mapping[str, str]
) -> Process:
    with log.open("w") as output:
        popen = subprocess.Popen(  # noqa: S603  our own programs
            [sys.executable, *command],
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # no thread runs here yet
        )
    return Process(name, popen, log)


def _die_with_parent() -> None:
    """Be killed when the demo is, even by SIGKILL (Linux; elsewhere Ctrl-C and SIGTERM must do)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _addresses(outside: Process) -> dict[str, str]:
    """What the outside world prints first: where everybody is."""
    for _ in _patiently(outside):
        first, end, _rest = outside.log.read_text().partition("\n")
        if end:
            addresses: dict[str, str] = json.loads(first)
            return addresses
    raise DidNotStart(outside.last_words())


def _wait_for_answer(web: Process, site: str) -> None:
    for _ in _patiently(web):
        with suppress(OSError):
            connection = HTTPConnection(urlsplit(site).netloc, timeout=5)
            connection.request("GET", "/")
            connection.getresponse()
            return
    raise DidNotStart(web.last_words())


def _patiently(process: Process) -> Iterator[None]:
    """Again and again, as long as the process lives and there is hope."""
    until = time.monotonic() + START_SECONDS
    while process.alive and time.monotonic() < until:
        yield
        time.sleep(0.05)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
