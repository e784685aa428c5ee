"""The guard stands in a project's own test runs, whatever pytest-django is asked for."""

import subprocess
import sys
from uuid import uuid4

import pytest
from django.db import connection

from .test_migrations import Project, own_database, tell_the_server  # noqa: F401

SETTINGS = """

DATABASES["default"]["TEST"] = {{"NAME": {name!r}}}
"""

TESTS = """
    from django.db import IntegrityError, transaction
    from django.test import TestCase, TransactionTestCase
    import pytest
    from ships.models import Ship
    from workflows_app import SYSTEM
    from workflows_app.engine import execute
    from workflows_app.models.guard import missing


    def guard_stands():
        assert missing("default") == []
        ship = Ship.objects.create(title="Beagle")
        execute(ship.sail, by=SYSTEM)
        assert Ship.objects.count() == 1
        with pytest.raises(IntegrityError, match="execute"), transaction.atomic():
            Ship.objects.filter(pk=ship.pk).update(status="harbour")


    @pytest.mark.django_db
    def test_in_a_transaction():
        guard_stands()


    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("again", [1, 2])
    def test_flushed_between(again):
        guard_stands()


    def test_with_a_live_server(live_server):
        guard_stands()


    class TestIt(TestCase):
        def test_it(self):
            guard_stands()


    class TestFlushed(TransactionTestCase):
        def test_it(self):
            guard_stands()

        def test_it_again(self):
            guard_stands()
"""


@pytest.fixture
def suite(tmp_path, own_database, django_db_blocker):  # noqa: F811
    """Run pytest with options in a project of its own."""
    project = Project(tmp_path, own_database)
    project.models()
    name = f"test_ships_{uuid4().hex}"
    of_sqlite = connection.vendor == "sqlite"
    test_name = str(tmp_path / f"{name}.sqlite3") if of_sqlite else name
    with (tmp_path / "settings.py").open("a") as settings:
        settings.write(SETTINGS.format(name=test_name))
    project.write("test_ships.py", TESTS)
    project.manage("makemigrations", "ships", "--verbosity=0")

    def run(*options):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error",
             "-o", "python_files=test_*.py", "--rootdir", str(tmp_path), *options, "test_ships.py"],
            cwd=tmp_path, env=project.environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "7 passed" in done.stdout, done.stdout

    yield run
    if not of_sqlite:
        with django_db_blocker.unblock():
            tell_the_server(f"DROP DATABASE IF EXISTS {name}")


def test_a_database_that_is_used_again(suite):
    suite("--reuse-db")
    suite("--reuse-db")


def test_two_processes_without_migrations(suite):
    suite("-n", "2", "--nomigrations")
