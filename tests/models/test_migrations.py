"""Migrations of a workflow's table, as a project runs them, with rows there and the guard up."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from uuid import uuid4

import pytest
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

PLAIN_MODELS = """
    from django.db import models
    from django_fsm import FSMField

    class Ship(models.Model):
        title = models.CharField(max_length=20)
        status = FSMField(default="harbour")
"""

BEGIN = """
    from ships.models import Ship
    from workflows_app import SYSTEM
    from workflows_app.engine import execute
    Ship.objects.create(title="Argo")
    execute(Ship.objects.create(title="Beagle").sail, by=SYSTEM)
"""

GUARD_STANDS = """
    from django.db import IntegrityError
    from workflows_app.models.guard import missing
    assert missing("default") == [], missing("default")
    for wrong in ({{"status": "harbour"}}, {{"version": 9}}, {{"version": 2}}):
        try:
            {name}.objects.filter(title="Beagle").update(**wrong)
        except IntegrityError as error:
            assert "execute(" in str(error), error
        else:
            assert False, wrong
"""

STILL_TRUE = """
    from ships.models import {name}
    from workflows_app import SYSTEM
    from workflows_app.engine import execute
    rows = {name}.objects.order_by("title").values_list("title", "status", "version")
    assert list(rows) == {rows}, list(rows)
"""


class Project:
    """A project of its own, with a database of its own, driven by its commands."""

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

    def manage(self, *arguments):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "django", *arguments],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def migrate(self):
        self.manage("makemigrations", "ships", "--verbosity=0")
        return self.manage("migrate")

    def run(self, *scripts):
        self.manage("shell", "--verbosity=0", "-c", "\n".join(map(dedent, scripts)))


@pytest.fixture
def project(tmp_path, own_database):
    return Project(tmp_path, own_database)


@pytest.fixture
def own_database(tmp_path, django_db_blocker):
    """The URL of an empty database of the kind this run is on."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path}/ships.sqlite3"
        return
    name = f"ships_{uuid4().hex}"
    with django_db_blocker.unblock():
        tell_the_server(f"CREATE DATABASE {name}")
        yield url_of_this_server(name)
        tell_the_server(f"DROP DATABASE {name}")


def tell_the_server(statement):
    with connection.creation._nodb_cursor() as cursor:
        cursor.execute(statement)


ROWS = [("Argo", "harbour", 0), ("Beagle", "sea", 1)]


def test_the_status_column_is_altered_and_a_field_added(project):
    project.models()
    project.migrate()
    project.run(BEGIN)
    project.workflow(more_states='SUNK = State("sunk", "Sunk", final=True)')
    assert "No changes" in project.manage("makemigrations", "--check")
    project.models(
        options=", max_length=80, db_index=True",
        more_fields="tons = models.IntegerField(default=1)",
    )
    project.migrate()
    project.run(STILL_TRUE.format(name="Ship", rows=ROWS), GUARD_STANDS.format(name="Ship"))
    project.run("""
        from ships.models import Ship
        from workflows_app import SYSTEM
        from workflows_app.engine import execute
        execute(Ship.objects.get(title="Argo").sail, by=SYSTEM)
        assert Ship.history.count() == 4
    """)


def test_the_model_is_renamed(project):
    project.models()
    project.migrate()
    project.run(BEGIN)
    rename_to_vessel(project)
    project.models(name="Vessel")
    assert "No changes" in project.manage("makemigrations", "--check")
    project.migrate()
    project.run(STILL_TRUE.format(name="Vessel", rows=ROWS), GUARD_STANDS.format(name="Vessel"))


def rename_to_vessel(project):
    project.write(
        "ships/migrations/0002_renamed.py",
        """
        from django.db import migrations

        class Migration(migrations.Migration):
            dependencies = [("ships", "0001_initial")]
            operations = [
                migrations.RenameModel("Ship", "Vessel"),
                migrations.RenameModel("HistoricalShip", "HistoricalVessel"),
                migrations.AlterModelOptions("HistoricalVessel", {
                    "verbose_name": "historical vessel",
                    "verbose_name_plural": "historical vessels",
                    "ordering": ("-history_date", "-history_id"),
                    "get_latest_by": ("history_date", "history_id"),
                }),
            ]
        """,
    )


def test_a_plain_model_of_django_fsm_moves_over_with_its_rows(project):
    project.write("ships/models.py", PLAIN_MODELS)
    project.migrate()
    project.run("""
        from ships.models import Ship
        Ship.objects.create(title="Argo")
        Ship.objects.create(title="Beagle", status="sea")
    """)
    project.models()
    project.migrate()
    rows = [("Argo", "harbour", 0), ("Beagle", "sea", 0)]
    project.run(
        STILL_TRUE.format(name="Ship", rows=rows),
        GUARD_STANDS.format(name="Ship"),
        'execute(Ship.objects.get(title="Argo").sail, by=SYSTEM)',
    )


def test_going_back_to_nothing_leaves_no_trigger(project):
    project.models()
    project.migrate()
    project.run(BEGIN)
    project.manage("migrate", "ships", "zero")
    project.run("""
        from django.db import connection
        from workflows_app.models.guard.dialects import dialect_of
        tables = {trigger.table for trigger in dialect_of(connection).standing()}
        ours = {f"workflows_app_{one}" for one in ("operation", "event", "tombstone")}
        assert tables == ours, tables
    """)


def test_the_model_is_renamed_and_keeps_its_past(project):
    project.models()
    project.migrate()
    project.run(BEGIN)
    rename_to_vessel(project)
    project.models(name="Vessel", more_fields='workflow_object_type = "ships.ship"')
    assert "No changes" in project.manage("makemigrations", "--check")
    project.migrate()
    project.run(STILL_TRUE.format(name="Vessel", rows=ROWS), GUARD_STANDS.format(name="Vessel"))
    project.run("""
        from ships.models import Vessel
        from workflows_app import SYSTEM
        from workflows_app.describe.timeline import timeline
        from workflows_app.engine import execute
        from workflows_app.models import Operation
        beagle, argo = Vessel.objects.get(title="Beagle"), Vessel.objects.get(title="Argo")
        assert len(timeline(beagle).entries) == 2
        assert execute(argo.sail, by=SYSTEM).object_type == "ships.ship"
        argo.refresh_from_db()
        argo.delete()
        assert {one.object_type for one in Operation.objects.all()} == {"ships.ship"}
        assert Operation.objects.filter(object_type="ships.ship").count() == 5
    """)


def test_a_status_column_is_renamed_and_rows_are_updated_in_the_same_run(project):
    project.models()
    project.migrate()
    project.run(BEGIN)
    project.write(
        "ships/migrations/0002_phase.py",
        """
        from django.db import migrations

        class Migration(migrations.Migration):
            dependencies = [("ships", "0001_initial")]
            operations = [
                migrations.RenameField("Ship", "status", "phase"),
                migrations.RenameField("Ship", "status_since", "phase_since"),
                migrations.RenameField("HistoricalShip", "status", "phase"),
                migrations.RenameField("HistoricalShip", "status_since", "phase_since"),
            ]
        """,
    )
    project.write(
        "ships/migrations/0003_retitled.py",
        """
        from django.db import migrations

        def retitle(apps, schema_editor):
            apps.get_model("ships", "Ship").objects.filter(title="Argo").update(title="Argos")

        class Migration(migrations.Migration):
            dependencies = [("ships", "0002_phase")]
            operations = [migrations.RunPython(retitle, migrations.RunPython.noop)]
        """,
    )
    project.rename_field("status", "phase")
    assert "No changes" in project.manage("makemigrations", "--check")
    project.migrate()
    project.run("""
        from django.db import IntegrityError
        from ships.models import Ship
        from workflows_app import SYSTEM
        from workflows_app.engine import execute
        from workflows_app.models.guard import missing
        assert missing("default") == [], missing("default")
        argo = Ship.objects.get(title="Argos")
        execute(argo.sail, by=SYSTEM)
        try:
            Ship.objects.filter(title="Argos").update(phase="harbour")
        except IntegrityError as error:
            assert "execute(" in str(error), error
        else:
            assert False
    """)


def test_backwards_to_nothing_and_forwards_again(project):
    project.models()
    project.migrate()
    project.run(BEGIN)
    project.manage("migrate", "workflows_app", "0003")
    project.manage("migrate", "workflows_app")
    project.run(STILL_TRUE.format(name="Ship", rows=ROWS), GUARD_STANDS.format(name="Ship"))
    project.manage("migrate", "workflows_app", "zero")
    project.run("""
        from django.db import connection
        from ships.models import Ship
        from workflows_app.models.guard.dialects import dialect_of
        assert dialect_of(connection).standing() == []
        Ship.objects.update(title="alone")
    """)
    project.manage("migrate")
    project.run(
        """
        from ships.models import Ship
        from workflows_app.models.guard import missing
        assert missing("default") == [], missing("default")
        from workflows_app import SYSTEM
        from workflows_app.engine import execute
        execute(Ship.objects.create(title="Beagle").sail, by=SYSTEM)
    """,
        GUARD_STANDS.format(name="Ship"),
    )


PAINT = """

    class Paint(States):
        BARE = State("bare", "Bare", owner=captain, initial=True)
        RED = State("red", "Red", owner=None)

    class PaintWorkflow(Workflow, states=Paint, seen_by=captain, field="paint"):
        @transition(source=Paint.BARE, target=Paint.RED, by=SYSTEM)
        def brush(self, cmd):
            "Paint it red."
"""

PAINTED_MODELS = """
    from django.db import models
    from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel
    from .workflow import Paint, PaintWorkflow, ShipWorkflow, Status

    class Ship(ShipWorkflow, PaintWorkflow, WorkflowModel):
        title = models.CharField(max_length=20)
        status = StatusField(Status)
        paint = StatusField(Paint)
        history = WorkflowHistory()
"""

PAINT_MIGRATION = """
    from django.db import migrations, models
    from django.utils.timezone import now
    from workflows_app.models import StatusField

    def some_are_red(apps, schema_editor):
        apps.get_model("ships", "Ship").objects.filter(title="Beagle").update(paint="red")

    class Migration(migrations.Migration):
        dependencies = [("ships", "0001_initial")]
        operations = [
            operation
            for model in ("ship", "historicalship")
            for operation in (
                migrations.AddField(
                    model, "paint", StatusField(default="bare", editable=False, max_length=50),
                    preserve_default=False,
                ),
                migrations.AddField(
                    model, "paint_since", models.DateTimeField(default=now, editable=False)
                ),
            )
        ] + [migrations.RunPython(some_are_red, migrations.RunPython.noop)]
"""

PAINTED = """
    from django.db import IntegrityError
    from ships.models import Ship
    from workflows_app import SYSTEM
    from workflows_app.engine import execute
    from workflows_app.models.guard import missing
    assert missing("default") == []
    rows = Ship.objects.order_by("title").values_list("title", "status", "paint", "version")
    assert list(rows) == [("Argo", "harbour", "bare", 0), ("Beagle", "sea", "red", 1)]
    for wrong in ({"paint": "red"}, {"paint": "red", "version": 1}):
        try:
            Ship.objects.filter(title="Argo").update(**wrong)
        except IntegrityError as error:
            assert "paint_since" in str(error), error
        else:
            assert False, wrong
    argo = Ship.objects.get(title="Argo")
    execute(argo.brush, by=SYSTEM)
    execute(argo.sail, by=SYSTEM)
    assert rows.all()[0] == ("Argo", "sea", "red", 2)
"""


def test_a_second_workflow_comes_to_a_model_that_is_live(project):
    project.models()
    project.migrate()
    project.run(BEGIN)
    project.write("ships/workflow.py", WORKFLOW.format(more_states="") + PAINT)
    project.write("ships/models.py", PAINTED_MODELS)
    project.write("ships/migrations/0002_paint.py", PAINT_MIGRATION)
    assert "No changes" in project.manage("makemigrations", "--check", "--dry-run", "ships")
    project.manage("migrate")
    project.run(PAINTED)
    project.manage("check", "--database", "default", "--fail-level", "ERROR")
