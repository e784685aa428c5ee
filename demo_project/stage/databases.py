"""The database of a demo: the site's own, or a new one that is gone afterwards."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.core.management import call_command
from django.db import connection


@contextmanager
def own_database(_directory: Path) -> Iterator[str]:
    """The database of the settings, migrated; its URL."""
    call_command("migrate", verbosity=0)
    yield _url_of(str(connection.settings_dict["NAME"]))


@contextmanager
def new_database(directory: Path) -> Iterator[str]:
    """A database as tests have it, migrated; its URL. SQLite's file is in the directory."""
    own = connection.settings_dict["NAME"]
    name = str(directory / "demo.sqlite3") if _is_sqlite() else f"demo_check_{os.getpid()}"
    connection.settings_dict["TEST"]["NAME"] = name
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield _url_of(name)
    finally:
        connection.creation.destroy_test_db(own, verbosity=0)


def _is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def _url_of(name: str) -> str:
    """What DATABASE_URL must be for a process to find this database."""
    if _is_sqlite():
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
