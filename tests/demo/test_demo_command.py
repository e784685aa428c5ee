"""``manage.py demo`` keeps its promises, and nothing it started outlives it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from .conftest import request

# The demo brings a database of its own, so once is enough.
pytestmark = pytest.mark.only_on("sqlite")

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
END_SECONDS = 60
FAMILY = 7


@pytest.fixture
def demo(tmp_path):
    """``demo("--serve")`` starts the command on a database of its own."""
    started = []

    def start(*arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", *arguments],
            cwd=ROOT,
            env=own_environment(tmp_path) | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Who is run in the background ignores Ctrl-C, and his children inherit that.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def own_environment(directory):
    ours = {"DATABASE_URL": f"sqlite:///{directory}/own.sqlite3", "TMPDIR": str(directory)}
    return os.environ | ours | {"DJANGO_SETTINGS_MODULE": "demo_project.settings"}


def serving(process):
    """Where the site and the outside world are, once they are served."""
    addresses = []
    for line in process.stdout:
        addresses += re.findall(r"http://\S+?(?=/)", line)
        if "Ctrl-C" in line:
            return addresses
    raise AssertionError(f"It ended with {process.wait()}.")


def family(process):
    """Everybody, once everybody is there: outside world, web server, worker and its cluster."""
    ends = time.monotonic() + START_SECONDS
    while len(found := psutil.Process(process.pid).children(recursive=True)) < FAMILY:
        assert time.monotonic() < ends, found
        time.sleep(0.1)
    return found


def listens(address):
    with socket.socket() as attempt:
        return attempt.connect_ex((urlsplit(address).hostname, urlsplit(address).port)) == 0


def assert_nothing_is_left(children, addresses, directory=None):
    ends = time.monotonic() + END_SECONDS
    while time.monotonic() < ends:
        left = [child for child in children if child.is_running() and not is_zombie(child)]
        if not left and not any(map(listens, addresses)):
            break
        time.sleep(0.1)
    assert left == []
    assert [address for address in addresses if listens(address)] == []
    assert directory is None or list(directory.glob("demo-*")) == []


def is_zombie(child):
    try:
        return child.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.timeout(START_SECONDS + END_SECONDS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_everything_ends_with_the_command(demo, tmp_path, number):
    process = demo("--serve")
    addresses = serving(process)
    children = family(process)
    process.send_signal(number)
    process.wait(END_SECONDS)
    cleaned = None if number == signal.SIGKILL else tmp_path
    assert_nothing_is_left(children, addresses, cleaned)


@pytest.mark.timeout(START_SECONDS + END_SECONDS)
def test_the_end_of_any_process_ends_the_demo_with_its_last_words(demo, tmp_path):
    process = demo("--serve")
    addresses = serving(process)
    children = family(process)
    (world,) = [child for child in children if "demo_project.outside" in child.cmdline()]
    world.kill()
    output = process.communicate(timeout=END_SECONDS)[0]
    assert process.returncode == 1
    assert "the last lines of" in output
    assert_nothing_is_left(children, addresses, tmp_path)


@pytest.mark.timeout(START_SECONDS + END_SECONDS)
def test_a_taken_port_is_said_and_nothing_is_left(demo, tmp_path):
    with somebody_else_s_server() as port:
        process = demo("--serve", "--port", str(port))
        output = process.communicate(timeout=START_SECONDS)[0]
    assert process.returncode == 1
    assert f"Port {port} is already in use" in output
    assert "start here" not in output
    assert list(tmp_path.iterdir()) == []


@contextmanager
def somebody_else_s_server():
    """One that answers, as the site would."""
    with HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.timeout(3 * START_SECONDS)
def test_a_promise_that_does_not_hold_fails_the_check(demo, tmp_path):
    process = demo("--check")
    faults = world_of(process, tmp_path) + "/faults"
    assert request("PUT", faults, {"bank": {"settles": "refused"}})[0] == 200
    output = process.communicate(timeout=3 * START_SECONDS)[0]
    assert process.returncode == 1
    assert "in vain until the claim is paid" in output.partition("BROKEN:")[2]
    assert list(tmp_path.glob("demo-*")) == []


def world_of(process, directory):
    """The address of the outside world, from its log, as soon as it has one."""
    while process.poll() is None:
        for log in directory.glob("demo-*/outside.log"):
            if (first := log.read_text()).endswith("\n"):
                return json.loads(first)["outside"]
        time.sleep(0.02)
    raise AssertionError(process.communicate()[0])
