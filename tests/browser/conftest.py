"""A browser where there is one, a site under a strict policy, and somebody who has logged in."""

import os

import pytest
from django.core.signals import request_finished
from django.db import connections
from pytest_django.live_server_helper import LiveServer

from tests.admin.conftest import answers, clerk, packed, parcel, sender

from . import middleware, webdriver

HERE = bool(webdriver.DRIVER and webdriver.CHROMIUM)
EXPECTED = os.environ.get("WORKFLOWS_EXPECT_BROWSER") == "1"


@pytest.fixture(scope="session")
def window():
    """One window for the run; without a browser the tests are skipped, unless one is expected."""
    if not HERE and EXPECTED:
        pytest.fail("WORKFLOWS_EXPECT_BROWSER=1, but chromium and chromedriver are not installed.")
    if not HERE:
        pytest.skip("chromium and chromedriver are not installed")
    with webdriver.browser() as opened:
        yield opened


@pytest.fixture
def strict(settings):
    settings.MIDDLEWARE = ["tests.browser.middleware.strict_policy", *settings.MIDDLEWARE]


@pytest.fixture
def slow_answers(strict, settings):
    """The paths of the commands that were sent. Ask for it before ``at`` starts the server."""
    settings.MIDDLEWARE = ["tests.browser.middleware.slow_answers", *settings.MIDDLEWARE]
    return middleware.posted


@pytest.fixture
def at(transactional_db, strict):
    """Full addresses at a server of this test's own: it starts with the test's middleware.

    Its threads stay as long as the browser keeps its sockets: they may not keep the database too.
    """
    request_finished.connect(close_connections)
    server = LiveServer("localhost")
    yield lambda path: server.url + path
    server.stop()
    request_finished.disconnect(close_connections)


def close_connections(**_):
    connections.close_all()


@pytest.fixture
def desk(window, at, clerk):
    """The clerk's window, logged in."""
    window.forget()
    window.show(width=1200, height=900)
    window.go(at("/admin/login/"))
    window.type("#id_username", clerk.username)
    window.type("#id_password", "demo")
    window.click("input[type=submit]")
    window.find("#user-tools")
    window.complaints()
    return window
