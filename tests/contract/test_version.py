"""The version of a contract: it tells what the contract means, and nothing else."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from tests.testapp.models import Parcel
from workflows_app import (
    SYSTEM,
    NotSent,
    Rejected,
    Retry,
    Role,
    State,
    States,
    guard,
    keyed,
    replay_safe,
    transition,
)
from workflows_app.contract.registry import contract_of
from workflows_app.contract.version import version_of

ROOT = Path(__file__).parents[2]
PROGRAM = """
import django; django.setup()
from django.utils import translation
from workflows_app.contract.registry import contract_for
with translation.override("de"):
    print(contract_for("testapp.parcel").version)
"""

staff = Role("staff", "testapp.view_parcel")
clerk = Role("a clerk", "testapp.handle_parcel")


class Note(serializers.Serializer):
    text = serializers.CharField()


class LongNote(serializers.Serializer):
    text = serializers.CharField()
    more = serializers.CharField(required=False)


class Silent(NotSent):
    """Nobody answered."""


class Refused(Rejected):
    """They said no."""


def version(*, state=None, move=None, effect=None, kind=keyed, guards=("dry",), seen_by=staff,
            secret=(), by=clerk, turned=False, doc="Shine."):  # fmt: skip
    """The version of a small contract that differs in what is given."""
    on = {"label": "On", "owner": clerk, "required": ["title"]} | (state or {})

    class Lamp(States):
        OFF = State("off", "Off", owner=staff, initial=True)
        ON = State("on", on.pop("label"), **on)

    said = {"fails_with": [Silent, Refused], "carries": ["title", "note"], "owner": clerk}

    def shine(lamp, run):
        pass

    shine.__doc__ = doc
    shine = kind(**said | (effect or {}))(shine)
    asked = [guard(code, f"Not {code}.")(lambda lamp: True) for code in guards]

    def switch(self, cmd):
        """Switch it on."""

    declared = {"source": Lamp.OFF, "target": Lamp.ON, "by": by, "guards": asked, "data": Note}
    declared |= {"effects": [shine], **(move or {})}
    switch = transition(**declared)(switch)

    def rest(self, cmd):
        """Switch it off."""

    rest = transition(source=Lamp.ON, target=[Lamp.OFF, None], by=clerk | SYSTEM)(rest)
    return _version(Lamp, [rest, switch] if turned else [switch, rest], seen_by, secret)


def _version(states, bodies, seen_by, secret):
    from workflows_app import Workflow

    names = {"__module__": __name__} | {body.__name__: body for body in bodies}
    workflow = type("LampWorkflow", (Workflow,), names, states=states, seen_by=seen_by)
    moves = workflow.workflow_transitions.values()
    effects = {e.name: e for one in moves for e in one.all_effects()}.values()
    return version_of(states.all(), moves, effects, seen_by, secret)


@pytest.mark.parametrize("seed", ["0", "1"])
def test_it_is_the_same_in_every_process_and_language(seed):
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == contract_of(Parcel).version
    assert re.fullmatch("[0-9a-f]{12}", contract_of(Parcel).version)


def test_a_contract_written_again_has_the_same_version():
    assert version() == version()


@pytest.mark.parametrize(
    "change",
    [
        {"state": {"label": "Shining"}},
        {"state": {"label": gettext_lazy("Yes")}},
        {"state": {"was": ["alight"]}},
        {"state": {"waiting_on": "the moth"}},
        {"move": {"label": "Light it"}},
        {"effect": {"label": "Shine brightly"}},
        {"effect": {"was": ["glow"]}},
        {"doc": "Shine, please."},
        {"turned": True},
        {"guards": ("dry",), "by": Role("somebody else by name", "testapp.handle_parcel")},
    ],
)
def test_what_is_only_said_changes_no_version(change):
    assert version(**change) == version()


def test_a_translated_label_changes_no_version():
    label = {"state": {"label": gettext_lazy("Yes")}}
    with translation.override("de"):
        german = version(**label)
    with translation.override("en"):
        assert version(**label) == german


@pytest.mark.parametrize(
    "change",
    [
        {"state": {"owner": staff}},
        {"state": {"owner": None}},
        {"state": {"final": True, "owner": None}, "move": {}},
        {"state": {"required": []}},
        {"state": {"editable": ["title"]}},
        {"state": {"editable": {staff: ["title"]}}},
        {"state": {"editable": []}},
        {"by": clerk | SYSTEM},
        {"by": clerk & staff},
        {"move": {"data": None}},
        {"move": {"data": LongNote}},
        {"move": {"target": None}},
        {"move": {"source": "*"}},
        {"move": {"version_required": True}},
        {"move": {"effects": []}},
        {"guards": ("dry", "safe")},
        {"guards": ()},
        {"kind": replay_safe},
        {"effect": {"retry": Retry(times=3)}},
        {"effect": {"timeout": timedelta(seconds=3)}},
        {"effect": {"window": timedelta(hours=30)}},
        {"effect": {"carries": []}},
        {"effect": {"fails_with": [Silent]}},
        {"effect": {"then": "rest"}},
        {"effect": {"otherwise": "rest"}},
        {"effect": {"owner": None}},
        {"effect": {"lane": "light"}},
        {"seen_by": clerk},
        {"secret": ("title",)},
    ],
)
def test_what_is_meant_otherwise_is_another_version(change):
    assert version(**change) != version()


def test_who_may_edit_which_column_is_meant():
    said = [None, [], ["title"], ["title", "note"], {staff: ["title"]}]
    said += [{clerk: ["title"], staff: ["note"]}, {clerk: ["note"], staff: ["title"]}]
    assert len({version(state={"editable": editable}) for editable in said}) == len(said)
    assert version(state={"editable": ["a", "b"]}) == version(
        state={"editable": {clerk: ["b", "a"]}}
    )


def test_effects_are_compared_target_by_target_and_in_order():
    @replay_safe()
    def ring(parcel, run):
        """Ring."""

    @replay_safe()
    def knock(parcel, run):
        """Knock."""

    asked = [[ring, knock], [knock, ring], [ring]]
    assert len({version(move={"effects": effects}) for effects in asked}) == 3


def test_a_dotted_path_means_the_class_it_leads_to():
    path = f"{Note.__module__}.{Note.__qualname__}"
    assert version(move={"data": path}) == version()


def test_the_columns_of_two_filters_are_told_apart_whatever_their_order():
    mine, yours = (Role(label, rows=lambda user: Q(pk=user.pk)) for label in ("mine", "yours"))
    asked = [
        {mine: ["title"], yours: ["note"]},
        {yours: ["note"], mine: ["title"]},
        {mine: ["title"], yours: ["title"]},
    ]
    first, turned, other = (version(state={"editable": editable}) for editable in asked)
    assert first == turned != other
