"""A real outside world for every test that needs one."""

import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from demo_project.outside.world import World


@pytest.fixture
def world():
    world = World("127.0.0.1", {"outside": 0, "bank": 0, "mail": 0})
    yield world
    world.close()


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


def request(method, url, body=None, *, key=None, timeout=5):
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname, address.port, timeout=timeout)
    try:
        path = address.path + (f"?{address.query}" if address.query else "")
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        connection.request(method, path or "/", None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read().decode()
        is_json = response.headers.get_content_type() == "application/json"
        return response.status, response.headers, json.loads(text) if is_json else text
    finally:
        connection.close()
