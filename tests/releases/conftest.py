"""A database of its own for the two releases, migrated by the one before."""

import os
from contextlib import contextmanager

import pytest
from django.db import connection

from tests.conftest import url_of_this_server

from .release import Release

NAME = "workflows_two_releases"


@pytest.fixture(scope="module")
def releases(tmp_path_factory, django_db_blocker):
    """The release before, which has migrated the database, and the one after."""
    directory = tmp_path_factory.mktemp("releases")
    with django_db_blocker.unblock(), a_new_database(directory) as url:
        before, after = (Release(name, url, directory / "book") for name in ("before", "after"))
        assert before.manage("migrate")[0] == 0
        yield before, after


@pytest.fixture(scope="module")
def deployed(releases):
    """The release after has migrated the database, too."""
    assert releases[1].manage("migrate")[0] == 0


@pytest.fixture
def before(releases):
    return releases[0]


@pytest.fixture
def after(releases):
    return releases[1]


@contextmanager
def a_new_database(directory):
    if connection.vendor == "sqlite":
        yield f"sqlite:///{directory / 'releases.sqlite3'}"
        return
    name = f"{NAME}_{os.getpid()}"
    on_the_server(f"DROP DATABASE IF EXISTS {name}")
    on_the_server(f"CREATE DATABASE {name}")
    try:
        yield url_of_this_server(name)
    finally:
        on_the_server(f"DROP DATABASE {name}")


def on_the_server(statement):
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)
