"""A new object brings its parts with it: its body creates what refers to the object itself."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, models
from django.test.utils import isolate_apps

from workflows_app import Refused, State, States, Workflow, signed_in, transition
from workflows_app.engine import execute
from workflows_app.models import Operation, StatusField, WorkflowModel

from .conftest import person

pytestmark = pytest.mark.django_db(transaction=True)


def made():
    class Open(States):
        OPEN = State("open", "Open", owner=None, initial=True)

    class Written(States):
        OPEN = State("open", "Open", owner=None, initial=True)

    class Noted(States):
        OPEN = State("open", "Open", owner=None, initial=True)

    class ListWorkflow(Workflow, states=Open, seen_by=signed_in):
        @transition(source=None, target=Open.OPEN, by=signed_in)
        def write(self, cmd):
            """Write it, with its lines."""
            self.title = "shopping"
            line = cmd.create(Line, shopping=self, text="milk")
            assert line.pk is None
            cmd.create(Note, line=line, text="fresh")
            cmd.create(Line, shopping=self, text="bread")

        @transition(source=None, target=Open.OPEN, by=signed_in)
        def write_badly(self, cmd):
            """Write the same line twice."""
            for _ in range(2):
                cmd.create(Line, shopping=self, text="milk")

    class LineWorkflow(Workflow, states=Written, seen_by=signed_in):
        pass

    class NoteWorkflow(Workflow, states=Noted, seen_by=signed_in):
        pass

    class List(ListWorkflow, WorkflowModel):
        title = models.CharField(max_length=20)
        status = StatusField(Open)

        class Meta:
            app_label = "testapp"

    class Line(LineWorkflow, WorkflowModel):
        shopping = models.ForeignKey(List, models.PROTECT, related_name="lines")
        text = models.CharField(max_length=20)
        status = StatusField(Written)

        class Meta:
            app_label = "testapp"
            constraints = (models.UniqueConstraint(fields=("shopping", "text"), name="line_once"),)

    class Note(NoteWorkflow, WorkflowModel):
        line = models.ForeignKey(Line, models.PROTECT, related_name="notes")
        text = models.CharField(max_length=20)
        status = StatusField(Noted)

        class Meta:
            app_label = "testapp"

    return List, Line, Note


@pytest.fixture
def paper():
    with isolate_apps("tests.testapp") as registry:
        registry.all_models["auth"] = {"user": User, "group": Group}
        tables = made()
        with connection.schema_editor() as editor:
            for model in tables:
                editor.create_model(model)
        yield tables
        with connection.schema_editor() as editor:
            for model in reversed(tables):
                editor.delete_model(model)


def test_what_refers_to_the_new_object_is_stored_right_after_it(paper, transactional_db):
    shopping, line, note = paper
    operation = execute(shopping.write, by=person("ada"))
    one = shopping.objects.get()
    assert [row.text for row in one.lines.order_by("pk")] == ["milk", "bread"]
    assert note.objects.get().line.text == "milk"
    caused = Operation.objects.filter(cause=operation.as_cause())
    assert [(o.object_type, o.kind) for o in caused.order_by("key")] == [
        ("testapp.line", "create"),
        ("testapp.note", "create"),
        ("testapp.line", "create"),
    ]


def test_a_refused_part_refuses_the_whole(paper, transactional_db):
    shopping, line, _ = paper
    before = Operation.objects.count()
    with pytest.raises(Refused, match="New line: Line with this Shopping and Text already exists"):
        execute(shopping.write_badly, by=person("ada"))
    assert (shopping.objects.count(), line.objects.count()) == (0, 0)
    assert Operation.objects.count() == before
