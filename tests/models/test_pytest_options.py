"""The guard stands in a project's own test runs, whatever pytest-django is asked for."""

from uuid import uuid4

import pytest
from django.db import connection

from .project import Project, database_for, tell_the_server

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


#: Only what the options are about: a pytest with every plugin of this environment starts slowly.
PLUGINS = ["-p", "pytest_django.plugin", "-p", "xdist.plugin", "-p", "no:cacheprovider"]


@pytest.fixture(scope="module")
def suite(tmp_path_factory, django_db_blocker):
    """Run pytest with options in a project of its own."""
    home = tmp_path_factory.mktemp("ships")
    name = f"test_ships_{uuid4().hex}"
    of_sqlite = connection.vendor == "sqlite"
    with database_for(home, django_db_blocker) as database:
        project = Project(home, database)
        project.environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        project.models()
        with (home / "settings.py").open("a") as settings:
            settings.write(SETTINGS.format(name=f"{home}/{name}.sqlite3" if of_sqlite else name))
        project.write("pytest.ini", "[pytest]")  # or it finds that of a directory above it
        project.write("test_ships.py", TESTS)
        project.step('manage("makemigrations", "ships")')

        def run(*options):
            said = project.python(
                "-m", "pytest", "-q", "-W", "error", *PLUGINS, "-o", "python_files=test_*.py",
                "--rootdir", str(home), *options, "test_ships.py",
            )  # fmt: skip
            assert "7 passed" in said, said

        yield run
        if not of_sqlite:
            with django_db_blocker.unblock():
                tell_the_server(f"DROP DATABASE IF EXISTS {name}")


def test_a_database_that_is_used_again(suite):
    suite("--reuse-db")
    suite("--reuse-db")


def test_two_processes_without_migrations(suite):
    suite("-n", "2", "--nomigrations")
