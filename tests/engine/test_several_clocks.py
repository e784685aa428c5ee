"""Clocks of an object with several workflows: each its own, and none is disturbed by the other."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, models
from django.test.utils import isolate_apps

from workflows_app import SYSTEM, After, State, States, Workflow, signed_in, transition
from workflows_app.describe.status import status
from workflows_app.engine import execute
from workflows_app.models import Operation, StatusField, Timer, WorkflowModel
from workflows_app.testing import drain

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


def kite_model():
    """A kite flies or lies, and is new or worn; both last only so long."""

    class Air(States):
        LYING = State("lying", "Lying", owner=signed_in, initial=True)
        FLYING = State("flying", "Flying", owner=signed_in, deadline=After(3 * HOUR, then="land"))

    class Wear(States):
        NEW = State("new", "New", owner=None, initial=True, deadline=After("lasts", then="wear"))
        WORN = State("worn", "Worn", owner=None)

    class AirWorkflow(Workflow, states=Air, seen_by=signed_in):
        @transition(source=Air.LYING, target=Air.FLYING, by=signed_in)
        def fly(self, cmd):
            """Let it fly."""
            self.lasts -= HOUR

        @transition(source=Air.FLYING, target=Air.LYING, by=signed_in | SYSTEM)
        def land(self, cmd):
            """Wind it in."""

    class WearWorkflow(Workflow, states=Wear, seen_by=signed_in, field="wear_status"):
        @transition(source=Wear.NEW, target=Wear.WORN, by=SYSTEM)
        def wear(self, cmd):
            """It is not new any more."""

    class Kite(AirWorkflow, WearWorkflow, WorkflowModel):
        lasts = models.DurationField(default=5 * HOUR)
        status = StatusField(Air)
        wear_status = StatusField(Wear)
        __module__ = "tests.testapp.models"

    return Kite


@pytest.fixture
def kites():
    with isolate_apps("tests.testapp") as registry:
        registry.all_models["auth"] = {"user": User, "group": Group}
        model = kite_model()
        with connection.schema_editor() as editor:
            editor.create_model(model)
        yield model
        with connection.schema_editor() as editor:
            editor.delete_model(model)


def test_a_command_of_one_workflow_computes_the_clocks_of_the_other_again(kites, clerk, clock):
    began = clock.now
    kite = kites.objects.create()
    assert dict(Timer.objects.values_list("clock", "due")) == {"wear": began + 5 * HOUR}
    clock.move(hours=2)
    execute(kite.fly, by=clerk)
    live = Timer.objects.filter(live=True).values_list("field", "clock", "due")
    assert set(live) == {
        ("wear_status", "wear", began + 4 * HOUR),
        ("status", "land", began + 5 * HOUR),
    }
    documents = status(kites.objects.get())["workflows"]
    assert [one["clock"] for one in documents["status"]["deadlines"]] == ["land"]
    assert [one["clock"] for one in documents["wear_status"]["deadlines"]] == ["wear"]


def test_each_fires_in_its_own_workflow(kites, clerk, clock):
    kite = kites.objects.create()
    execute(kite.fly, by=clerk)
    clock.move(hours=4)
    drain()
    kite = kites.objects.get()
    assert (kite.status, kite.wear_status) == ("lying", "worn")
    fired = Operation.objects.filter(cause__startswith="timer:").order_by("version")
    assert [(one.field, one.transition) for one in fired] == [
        ("status", "land"),
        ("wear_status", "wear"),
    ]
