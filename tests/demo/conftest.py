"""A real outside world for every test that needs one."""

import json
import threading
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlencode, urlsplit

import pytest

from demo_project.outside.world import World

SECRET = "whsec_d2hhdCB0aGUgYmFuayBhbmQgd2UgYm90aCBrbm93"


@contextmanager
def a_world(books=":memory:"):
    world = World("127.0.0.1", {"outside": 0, "bank": 0, "mail": 0}, books, secret=SECRET)
    yield world
    world.close()


@pytest.fixture
def world():
    with a_world() as world:
        yield world


@pytest.fixture
def world_of():
    """``with world_of(books) as world``: one whose books are this file."""
    return a_world


class Letterbox:
    """Somebody the bank may tell something: a real server that keeps what it was told."""

    def __init__(self):
        self.heard = []
        self.statuses = []  # of the next answers; 204 when there are no more
        box = self

        class Hearing(BaseHTTPRequestHandler):
            def do_POST(self):
                box.heard.append((dict(self.headers), self.rfile.read(length_of(self))))
                self.send_response(box.statuses.pop(0) if box.statuses else 204)
                self.end_headers()

            def log_message(self, *_arguments):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Hearing)
        self.address = f"http://127.0.0.1:{self.server.server_port}/inbox/bank/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def length_of(request):
    return int(request.headers["Content-Length"])


@pytest.fixture
def letterbox(world):
    """A letterbox that the bank of the world tells everything."""
    letterbox = Letterbox()
    world.messenger.address = letterbox.address
    yield letterbox
    world.messenger.address = ""
    letterbox.close()


def until(question, seconds=10):
    """The answer, as soon as there is one."""
    ends = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.02)
    return answer


@pytest.fixture
def outside(world, settings):
    """The world, with the demo site pointed at it."""
    settings.OUTSIDE_URL = world.addresses["outside"]
    settings.BANK_URL = world.addresses["bank"]
    settings.MAIL_URL = world.addresses["mail"]
    return world


@pytest.fixture
def call():
    """``call("POST", url, body, key=...)`` gives status, headers and body."""
    return request


def request(method, url, body=None, *, form=None, key=None, timeout=5):
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname, address.port, timeout=timeout)
    try:
        path = address.path + (f"?{address.query}" if address.query else "")
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        sent = None if body is None else json.dumps(body)
        if form is not None:
            sent, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        connection.request(method, path or "/", sent, headers)
        response = connection.getresponse()
        text = response.read().decode()
        is_json = response.headers.get_content_type() == "application/json"
        return response.status, response.headers, json.loads(text) if is_json else text
    finally:
        connection.close()
