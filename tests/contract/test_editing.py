"""What the owner of the first state edits where the contract does not say."""

from django.contrib.auth import get_user_model
from django.db import models
from django.test.utils import isolate_apps

from workflows_app import Role, State, States, Workflow, replay_safe, transition
from workflows_app.contract.editing import columns_by_default
from workflows_app.contract.registry import contract_of
from workflows_app.models import StatusField

from .test_checks import model

people = Role("people", "testapp.view_parcel")
helper = Role("the helper", column="helper")
fixer = Role("the fixer", column="fixer")


class Lamp(States):
    OFF = State("off", "Off", owner=people, initial=True)
    ON = State("on", "On", owner=None, editable={helper: ["room"]})


@replay_safe(owner=fixer)
def ring(lamp, run):
    """Ring."""


def switch(self, cmd):
    """Switch it on."""


@isolate_apps("tests.testapp")
def test_a_column_whose_person_edits_later_or_decides_about_an_effect_is_left_out():
    switched = transition(source=Lamp.OFF, target=Lamp.ON, by=people, effects=[ring])(switch)
    workflow = type(Workflow)(
        "LampWorkflow", (Workflow,), {"switch": switched}, states=Lamp, seen_by=people
    )
    person = [models.ForeignKey(get_user_model(), models.CASCADE, related_name="+") for _ in "ab"]
    lantern = model(workflow, status=StatusField(Lamp), helper=person[0], fixer=person[1])
    left = set(columns_by_default(contract_of(lantern)))
    assert "room" in left and not left & {"helper", "fixer"}
