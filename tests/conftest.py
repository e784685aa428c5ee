"""What every test may use: which database this run is on, and how a child process finds it."""

import logging
import os

import pytest
from django.db import connection

from tests.emptying import quick_ends

pytest_plugins = ["workflows_app.testing.pytest_plugin"]


def pytest_collection_modifyitems(config, items):
    """Leave out the tests that are written for another database than this run's."""
    other = [item for item in items if not is_for(item, connection.vendor)]
    if other:
        config.hook.pytest_deselected(items=other)
        items[:] = [item for item in items if item not in other]


def is_for(item, vendor):
    marker = item.get_closest_marker("only_on")
    return marker is None or vendor in marker.args


@pytest.fixture(scope="session", autouse=True)
def emptied_quickly():
    with quick_ends():
        yield


@pytest.fixture(autouse=True)
def repairs(request):
    """The lanes that the sweep repaired: none, except where a test breaks one by hand."""
    repaired = Repairs()
    logging.getLogger("workflows_app").addHandler(repaired)
    yield repaired
    logging.getLogger("workflows_app").removeHandler(repaired)
    assert bool(repaired.told) == bool(request.node.get_closest_marker("breaks_a_lane"))


class Repairs(logging.Handler):
    """What was logged about them."""

    def __init__(self):
        super().__init__()
        self.told = []

    def emit(self, record):
        if "was repaired" in record.getMessage():
            self.told.append(record.getMessage())


@pytest.fixture
def child_environment(transactional_db):
    """Environment variables under which a child process works on this test's database."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "WORKFLOWS_TEST_DATABASE": url_of_the_test_database(),
    }


def url_of_the_test_database():
    name = connection.settings_dict["NAME"]
    return f"sqlite:///{name}" if connection.vendor == "sqlite" else url_of_this_server(name)


def url_of_this_server(database):
    settings = connection.settings_dict
    scheme = {"postgresql": "postgres", "mysql": "mysql"}[connection.vendor]
    password = f":{settings['PASSWORD']}" if settings["PASSWORD"] else ""
    host = settings["HOST"].replace("/", "%2F")
    port = f":{settings['PORT']}" if settings["PORT"] else ""
    return f"{scheme}://{settings['USER']}{password}@{host}{port}/{database}"
