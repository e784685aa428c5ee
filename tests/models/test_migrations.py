"""Migrations of a workflow's table, as a project runs them, with rows there and the guard up."""

import pytest

from .project import WORKFLOW, Project, database_for

PLAIN_MODELS = """
    from django.db import models
    from django_fsm import FSMField

    class Ship(models.Model):
        title = models.CharField(max_length=20)
        status = FSMField(default="harbour")
"""

WITHOUT_STATUS = """
    from django.db import models

    class Ship(models.Model):
        title = models.CharField(max_length=20)
"""

MIGRATE = """
    manage("makemigrations", "ships")
    manage("migrate")
"""

NOTHING_TO_MIGRATE = 'manage("makemigrations", check_changes=True)'

BEGIN = """
    from ships.models import Ship
    from workflows_app import SYSTEM
    from workflows_app.engine import execute
    Ship.objects.create(title="Argo")
    execute(Ship.objects.create(title="Beagle").sail, by=SYSTEM)
"""

IMPORTS = """
    from ships.models import {name}
    from workflows_app import SYSTEM
    from workflows_app.engine import execute
    from workflows_app.models import Event, EffectRun, Operation
    from workflows_app.models.guard import missing
    from workflows_app.models.guard.dialects import dialect_of
"""

STILL_TRUE = """
    found = list({name}.objects.order_by("title").values_list("title", "status", "version"))
    assert found == {rows}, found
"""

GUARD_STANDS = """
    assert missing("default") == [], missing("default")
    for wrong in ({{"status": "harbour"}}, {{"version": 9}}, {{"version": 2}}):
        refused("execute(", {name}.objects.filter(title="Beagle").update, **wrong)
    refused("append-only", Operation.objects.update, target="sea")
    refused("append-only", Operation.objects.filter(version=0).delete)
"""

ROWS = [("Argo", "harbour", 0), ("Beagle", "sea", 1)]


@pytest.fixture
def project(tmp_path, django_db_blocker):
    with database_for(tmp_path, django_db_blocker) as database:
        project = Project(tmp_path, database)
        project.models()
        yield project


def all_stands(name="Ship", rows=ROWS):
    return "\n".join(
        (IMPORTS.format(name=name), STILL_TRUE.format(name=name, rows=rows),
         GUARD_STANDS.format(name=name))
    )  # fmt: skip


def test_the_status_column_is_altered_and_a_field_added(project):
    project.step(MIGRATE, BEGIN)
    project.workflow(more_states='SUNK = State("sunk", "Sunk", final=True)')
    project.models(
        options=", max_length=80, db_index=True",
        more_fields="tons = models.IntegerField(default=1)",
    )
    project.step(
        MIGRATE,
        all_stands(),
        """
        execute(Ship.objects.get(title="Argo").sail, by=SYSTEM)
        assert Ship.history.count() == 4
        """,
    )


def test_the_model_is_renamed_and_told_so_keeps_its_past(project):
    project.step(MIGRATE, BEGIN)
    rename_to_vessel(project)
    project.models(name="Vessel")
    project.step(NOTHING_TO_MIGRATE, MIGRATE, all_stands("Vessel"))
    project.models(name="Vessel", more_fields='workflow_object_type = "ships.ship"')
    project.step(
        NOTHING_TO_MIGRATE,
        MIGRATE,
        all_stands("Vessel"),
        """
        from workflows_app.describe.timeline import timeline
        beagle, argo = Vessel.objects.get(title="Beagle"), Vessel.objects.get(title="Argo")
        assert len(timeline(beagle).entries) == 2
        assert execute(argo.sail, by=SYSTEM).object_type == "ships.ship"
        argo.refresh_from_db()
        argo.delete()
        assert {one.object_type for one in Operation.objects.all()} == {"ships.ship"}
        assert Operation.objects.filter(object_type="ships.ship").count() == 5
        """,
    )


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
    project.step(
        MIGRATE,
        """
        from ships.models import Ship
        Ship.objects.create(title="Argo")
        Ship.objects.create(title="Beagle", status="sea")
        """,
    )
    project.models()
    project.step(
        MIGRATE,
        IMPORTS.format(name="Ship"),
        'execute(Ship.objects.get(title="Argo").sail, by=SYSTEM)',
        STILL_TRUE.format(name="Ship", rows=[("Argo", "sea", 1), ("Beagle", "sea", 0)]),
        GUARD_STANDS.format(name="Ship"),
    )


def test_a_status_column_is_renamed_and_rows_are_updated_in_the_same_run(project):
    project.step(MIGRATE, BEGIN)
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
    project.step(
        NOTHING_TO_MIGRATE,
        MIGRATE,
        IMPORTS.format(name="Ship"),
        """
        assert missing("default") == [], missing("default")
        execute(Ship.objects.get(title="Argos").sail, by=SYSTEM)
        refused("execute(", Ship.objects.filter(title="Argos").update, phase="harbour")
        """,
    )


def test_backwards_to_nothing_and_forwards_again(project):
    project.step(
        MIGRATE,
        BEGIN,
        'manage("migrate", "workflows_app", "0003")',
        'manage("migrate", "workflows_app")',
        all_stands(),
        """
        manage("migrate", "workflows_app", "zero")
        assert dialect_of(connection).standing() == []
        Ship.objects.update(title="alone")
        manage("migrate")
        execute(Ship.objects.create(title="Beagle").sail, by=SYSTEM)
        """,
        GUARD_STANDS.format(name="Ship"),
        """
        manage("migrate", "ships", "zero")
        tables = {trigger.table for trigger in dialect_of(connection).standing()}
        ours = {f"workflows_app_{one}" for one in ("operation", "event", "tombstone")}
        assert tables == ours, tables
        """,
    )


def test_migrations_are_squashed_where_half_of_them_ran_and_where_none_did(project):
    project.write("ships/models.py", WITHOUT_STATUS)
    project.step(
        MIGRATE,
        """
        from ships.models import Ship
        Ship.objects.create(title="Argo")
        """,
    )
    project.models()
    project.step(
        """
        import io, sys
        sys.stdin = io.StringIO("1\\n'harbour'\\n")  # the status of rows that are there
        manage("makemigrations", "ships", name="workflow", interactive=True)
        manage("squashmigrations", "ships", "0002", interactive=False, squashed_name="squashed")
        manage("migrate")
        """,
        IMPORTS.format(name="Ship"),
        """
        from django.db.migrations.recorder import MigrationRecorder
        def applied():
            return {name for app, name in MigrationRecorder(connection).applied_migrations()
                    if app == "ships"}
        assert applied() == {"0001_initial", "0002_workflow", "0001_squashed"}, applied()
        execute(Ship.objects.create(title="Beagle").sail, by=SYSTEM)
        """,
        STILL_TRUE.format(name="Ship", rows=ROWS),
        GUARD_STANDS.format(name="Ship"),
        """
        manage("migrate", "ships", "zero")
        for name in ("0001_initial", "0002_workflow"):
            (pathlib.Path("ships/migrations") / f"{name}.py").unlink()
        manage("migrate")
        assert "0001_squashed" in applied(), applied()
        execute(Ship.objects.create(pk=100, title="Beagle").sail, by=SYSTEM)
        """,
        GUARD_STANDS.format(name="Ship"),
    )


def test_columns_of_our_own_tables_are_altered(project):
    project.step('manage("makemigrations", "ships")')
    project.write(
        "ships/migrations/0002_longer.py",
        """
        from django.db import migrations, models

        def longer(apps, schema_editor):
            for model, name in (
                ("Operation", "transition"), ("Event", "kind"), ("EffectRun", "effect"),
                ("Tombstone", "actor_label"),
            ):
                model = apps.get_model("workflows_app", model)
                old = model._meta.get_field(name)
                new = models.CharField(max_length=300)
                new.set_attributes_from_name(name)
                new.model = model
                schema_editor.alter_field(model, old, new)

        class Migration(migrations.Migration):
            dependencies = [("ships", "0001_initial"), ("workflows_app", "0005_edits")]
            operations = [migrations.RunPython(longer, atomic=False)]
        """,
    )
    project.step(
        """
        manage("migrate", "workflows_app")
        manage("migrate", "ships", "0001")
        """,
        BEGIN,
        'manage("migrate")',
        all_stands(),
        """
        for model in (Operation, Event, EffectRun):
            table = model._meta.db_table
            with connection.cursor() as cursor:
                columns = connection.introspection.get_table_description(cursor, table)
            assert 300 in {one.display_size for one in columns}, columns
        execute(Ship.objects.get(title="Argo").sail, by=SYSTEM)
        """,
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
    from ships.models import Ship
    from workflows_app import SYSTEM
    from workflows_app.engine import execute
    from workflows_app.models.guard import missing
    assert missing("default") == []
    rows = Ship.objects.order_by("title").values_list("title", "status", "paint", "version")
    assert list(rows) == [("Argo", "harbour", "bare", 0), ("Beagle", "sea", "red", 1)]
    for wrong in ({"paint": "red"}, {"paint": "red", "version": 1}):
        refused("paint_since", Ship.objects.filter(title="Argo").update, **wrong)
    argo = Ship.objects.get(title="Argo")
    execute(argo.brush, by=SYSTEM)
    execute(argo.sail, by=SYSTEM)
    assert rows.all()[0] == ("Argo", "sea", "red", 2)
"""


def test_a_second_workflow_comes_to_a_model_that_is_live(project):
    project.step(MIGRATE, BEGIN)
    project.write("ships/workflow.py", WORKFLOW.format(more_states="") + PAINT)
    project.write("ships/models.py", PAINTED_MODELS)
    project.write("ships/migrations/0002_paint.py", PAINT_MIGRATION)
    project.step(
        NOTHING_TO_MIGRATE,
        'manage("migrate")',
        PAINTED,
        'manage("check", databases=["default"], fail_level="ERROR")',
    )
