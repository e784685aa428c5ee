"""Somebody who follows a page: its files are written and its commands run, in its order."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PORT_OF_THE_PAGE = "8000"
SMTP_PORT_OF_THE_PAGE = "2525"
AT_MOST_SECONDS = 60
INSTALLATION = "python3 -m venv .venv\n. .venv/bin/activate\npip install ../django-workflows\n"


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what stands behind it, and its text."""

    language: str
    note: str
    text: str


def blocks_of(page):
    found = re.findall(r"^```(\w+) ?(.*)\n((?:.*\n)*?)^```$", text_of(page), re.MULTILINE)
    return [Block(*parts) for parts in found]


def text_of(page):
    return (ROOT / "docs" / page).read_text()


class Reader:
    """Somebody who does what the page says, in an empty directory."""

    def __init__(self, directory):
        self.directory = directory
        self.ports = {PORT_OF_THE_PAGE: free_port(), SMTP_PORT_OF_THE_PAGE: free_port()}
        self.background = {}
        self.output = ""
        self.again = None

    def follow(self, block):
        text = self.with_free_ports(block.text)
        match block.language, block.note:
            case "python", note:
                self.write(note, text)
            case "sh", "background":
                self.start(text)
            case "sh", "install":
                assert text == INSTALLATION  # this test runs in an environment that has it all
            case "sh", note:
                self.again = text if note == "until" else None
                self.run(text, {"": {0}, "fails": {1}, "until": range(256)}[note])
            case (("json" | "text"), _):
                self.expect([line.strip() for line in text.splitlines()])

    def with_free_ports(self, text):
        for of_the_page, free in self.ports.items():
            text = re.sub(rf"\b{of_the_page}\b", free, text)
        return text

    def write(self, note, text):
        name, _, add = note.partition(" ")
        with (self.directory / name).open("a" if add == "+" else "w") as file:
            file.write(f"\n{text}" if add else text)

    def start(self, command):
        if earlier := self.background.get(command):
            stop(earlier)
        self.background[command] = subprocess.Popen(
            command.split(),
            cwd=self.directory,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if "runserver" in command:
            self.wait_until_it_answers()

    def wait_until_it_answers(self):
        ends = time.monotonic() + AT_MOST_SECONDS
        with socket.socket() as attempt:
            while attempt.connect_ex(("127.0.0.1", int(self.ports[PORT_OF_THE_PAGE]))):
                assert time.monotonic() < ends, "the server did not start"
                time.sleep(0.1)

    def run(self, commands, exit_codes):
        finished = subprocess.run(
            ["bash", "-e", "-c", commands],
            cwd=self.directory,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=AT_MOST_SECONDS,
        )
        self.output = finished.stdout + finished.stderr
        assert finished.returncode in exit_codes, self.output

    def expect(self, lines):
        ends = time.monotonic() + AT_MOST_SECONDS
        while missing := [line for line in lines if not shows(self.output, line)]:
            assert self.again, f"{missing} not in {self.output}"
            assert time.monotonic() < ends, f"{missing} not in {self.output}"
            time.sleep(0.2)
            self.run(self.again, range(256))  # a server that reloads its settings is away

    def leave(self):
        for process in self.background.values():
            stop(process)


def environment():
    """As the reader's: his directory first, our package among the installed ones."""
    ours = {"DJANGO_SETTINGS_MODULE", "WORKFLOWS_TEST_DATABASE"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    path = os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]])
    return kept | {"PATH": path, "PYTHONPATH": str(ROOT)}


def shows(output, line):
    """Whether the output has this text, or JSON with this member, however it is spaced."""
    if line in output:
        return True
    tight = re.sub(r"\s+", "", line)
    return tight in re.sub(r"\s+", "", output)


def stop(process):
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(AT_MOST_SECONDS)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return str(listening.getsockname()[1])
