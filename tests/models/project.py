"""A project of its own, with a database of its own, for what only a whole project can show."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from uuid import uuid4

from django.db import connection

from tests.conftest import url_of_this_server

REPOSITORY = Path(__file__).parents[2]

SETTINGS = """
    from tests.settings import *

    ROOT_URLCONF = "ships.urls"
    MIDDLEWARE = []
    INSTALLED_APPS = [
        "django.contrib.contenttypes", "django.contrib.auth", "simple_history", "django_fsm",
        "django_q", "workflows_app", "ships",
    ]
"""

WORKFLOW = """
    from workflows_app import SYSTEM, Role, State, States, Workflow, transition

    captain = Role("the captain", "auth.view_user")

    class Status(States):
        HARBOUR = State("harbour", "In the harbour", owner=captain, initial=True)
        SEA = State("sea", "At sea", owner=None)
        {more_states}

    class ShipWorkflow(Workflow, states=Status, seen_by=captain):
        @transition(source=Status.HARBOUR, target=Status.SEA, by=SYSTEM)
        def sail(self, cmd):
            "Leave."
"""

MODELS = """
    from django.db import models
    from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel
    from .workflow import ShipWorkflow, Status

    class {name}(ShipWorkflow, WorkflowModel):
        title = models.CharField(max_length=20)
        status = StatusField(Status{options})
        history = WorkflowHistory()
        {more_fields}
"""

SET_UP = """
    import importlib
    import pathlib
    import django
    from django.core.management import call_command
    from django.db import IntegrityError, connection
    django.setup()

    def manage(*arguments, **options):
        importlib.invalidate_caches()
        call_command(*arguments, **{"verbosity": 0} | options)

    def refused(words, change, *arguments, **columns):
        try:
            change(*arguments, **columns)
        except IntegrityError as error:
            assert words in str(error), error
        else:
            raise AssertionError(f"not refused: {arguments} {columns}")
"""


class Project:
    """Its files, and processes that run in it; each costs a second, so a step does much at once."""

    def __init__(self, home, database):
        self.home = home
        self.environment = os.environ | {
            "PYTHONPATH": f"{home}{os.pathsep}{REPOSITORY}",
            "DJANGO_SETTINGS_MODULE": "settings",
            "WORKFLOWS_TEST_DATABASE": database,
        }
        self.write("settings.py", SETTINGS)
        self.write("ships/__init__.py", "")
        self.write("ships/urls.py", "urlpatterns = []")
        self.write("ships/migrations/__init__.py", "")
        self.workflow()

    def write(self, name, text):
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))

    def workflow(self, more_states=""):
        self.write("ships/workflow.py", WORKFLOW.format(more_states=more_states))

    def models(self, name="Ship", options="", more_fields=""):
        text = MODELS.format(name=name, options=options, more_fields=more_fields)
        self.write("ships/models.py", text)

    def rename_field(self, old, new):
        for name, was, now in (
            ("models.py", f"{old} = ", f"{new} = "),
            ("workflow.py", "seen_by=captain)", f'seen_by=captain, field="{new}")'),
        ):
            path = self.home / "ships" / name
            path.write_text(path.read_text().replace(was, now))

    def step(self, *scripts):
        """Run the scripts, one after the other, in a new process of the project."""
        return self.python("-c", "\n".join(map(dedent, (SET_UP, *scripts))))

    def python(self, *arguments):
        done = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def database_for(home, django_db_blocker):
    """The URL of an empty database of the kind this run is on."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{home}/ships.sqlite3"
        return
    name = f"ships_{uuid4().hex}"
    with django_db_blocker.unblock():
        tell_the_server(f"CREATE DATABASE {name}")
        yield url_of_this_server(name)
        tell_the_server(f"DROP DATABASE {name}")


def tell_the_server(statement):
    with connection.creation._nodb_cursor() as cursor:
        cursor.execute(statement)
