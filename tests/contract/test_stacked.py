"""Several declarations on one method: each state belongs to one, and each is checked by itself."""

import pytest
from django.db.models import Q
from django.test.utils import isolate_apps
from django_fsm import can_proceed, has_transition_perm
from rest_framework import serializers

from tests.engine.conftest import person
from tests.testapp.models import Product
from workflows_app import (
    SYSTEM,
    Role,
    State,
    States,
    Workflow,
    guard,
    keyed,
    replay_safe,
    transition,
)
from workflows_app.contract import checks
from workflows_app.contract.registry import Contract, contract_of
from workflows_app.failures import ContractError
from workflows_app.models import StatusField

from .test_checks import model

people = Role("people", "testapp.view_parcel")
others = Role("others", "testapp.view_crate")


class Lamp(States):
    OFF = State("off", "Off", owner=people, initial=True)
    ON = State("on", "On", owner=people)
    BROKEN = State("broken", "Broken", final=True)


class Percent(serializers.Serializer):
    percent = serializers.IntegerField()


@guard("no_power", "Switch the power on.")
def has_power(lamp):
    return True


@replay_safe()
def ring(lamp, run):
    """Ring."""


@keyed(owner=people)
def charge(lamp, run):
    """Charge."""


DOWN = {"source": Lamp.OFF, "target": Lamp.ON, "by": people}
UP = {"source": Lamp.ON, "target": [Lamp.OFF, None], "by": others | SYSTEM}


def contract(*stacked, **members):
    """A contract whose method ``switch`` carries these, in this order."""

    def switch(self, cmd):
        """Switch it."""

    for said in reversed(stacked):
        switch = transition(**said)(switch)
    members = {"switch": switch} | members
    return type(Workflow)("LampWorkflow", (Workflow,), members, states=Lamp, seen_by=people)


def moving(name, **said):
    def body(self, cmd):
        """Move it."""

    body.__name__ = name
    return {name: transition(**({"by": people, "target": None} | said))(body)}


def switch_of(*stacked):
    return contract(*stacked).workflow_transitions["switch"]


def test_the_state_decides_which_declaration_holds():
    down = DOWN | {"data": Percent, "guards": [has_power], "label": "On"}
    up = UP | {"effects": {Lamp.OFF: [ring], None: [charge]}, "version_required": True}
    switch = switch_of(down, up)
    off, on = switch.at("off"), switch.at("on")
    assert switch.ways == (off, on)
    assert (off.data, off.guards, off.label, off.targets) == (Percent, (has_power,), "On", ("on",))
    assert (on.data, on.guards, on.label, on.targets) == (None, (), "Switch", ("off", None))
    assert (off.all_effects(), on.effects_for("off"), on.effects_for(None)) == (
        (),
        (ring,),
        (charge,),
    )
    assert (off.version_required, on.version_required) == (False, True)


def test_where_none_holds_it_stands_for_all_of_them():
    switch = switch_of(DOWN, UP)
    assert switch.at("broken") is switch
    assert (switch.sources, switch.targets) == (("off", "on"), ("on", "off", None))
    assert str(switch.by) == "people or others or the system"
    assert switch_of(DOWN, UP | {"by": people}).by is people


def test_two_filters_are_two_roles_though_they_are_written_alike():
    mine, yours = (Role(label, rows=lambda user: Q(pk=user.pk)) for label in ("mine", "yours"))
    switch = switch_of(DOWN | {"by": mine}, UP | {"by": yours})
    assert str(switch.by) == "mine or yours"


def test_people_said_twice_are_named_once():
    switch = switch_of(DOWN | {"by": people | others}, UP | {"by": people | others})
    assert str(switch.by) == "people or others"


def test_one_declaration_is_its_own_only_way():
    switch = switch_of(DOWN)
    assert (switch.ways, switch.at("off"), switch.at("on")) == ((switch,), switch, switch)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (Lamp.OFF, "two of its declarations begin in 'off'"),
        ([Lamp.ON, Lamp.OFF], "two of its declarations begin in 'off'"),
        ("*", "two of its declarations begin in 'off'"),
        (None, "source=None has no second @transition"),
    ],
)
def test_declarations_that_hold_at_once_are_refused_where_they_are_written(source, fault):
    for stacked in ((DOWN, UP | {"source": source, "target": Lamp.ON}),):
        with pytest.raises(ContractError, match=f"switch: .*{fault}"):
            contract(*stacked)
        with pytest.raises(ContractError, match=f"switch: .*{fault}"):
            contract(*reversed(stacked))


def test_two_ways_to_begin_are_two_methods():
    begin = {"source": None, "target": Lamp.ON, "by": people}
    with pytest.raises(ContractError, match="write a second method"):
        contract(begin, begin | {"target": Lamp.OFF})


def test_effects_of_one_name_in_two_declarations_are_refused():
    def again():
        @replay_safe()
        def ring(lamp, run):
            """Ring."""

        return ring

    with pytest.raises(ContractError, match="two effects are called ring"):
        contract(DOWN | {"effects": [again()]}, UP | {"effects": [again()]})


@isolate_apps("tests.testapp")
def version(*stacked):
    obeyed = contract(*stacked)
    return Contract(model(obeyed), obeyed, "status").version


def test_the_version_of_a_contract_tells_every_declaration():
    versions = {
        version(DOWN),
        version(DOWN, UP),
        version(DOWN, UP | {"target": Lamp.OFF}),
        version(DOWN, UP | {"by": others}),
        version(DOWN, UP | {"guards": [has_power]}),
        version(DOWN, UP | {"effects": [ring]}),
    }
    assert len(versions) == 6
    assert version(UP, DOWN) == version(DOWN, UP)


@isolate_apps("tests.testapp")
def found(*stacked, **members):
    broken = moving("drop", source="*", target=Lamp.BROKEN)
    obeyed = contract(*stacked, **(broken | members))
    faults = checks.faults_of([model(obeyed, status=StatusField(Lamp))])
    return {fault.id.removeprefix("workflows_app.") for fault in faults}


def test_nothing_is_wrong_with_declarations_as_they_should_be():
    assert found(DOWN, UP | {"data": Percent, "effects": [ring]}) == set()


def test_every_declaration_is_checked():
    assert found(DOWN, UP | {"data": "tests.testapp.Nowhere"}) == {"E012"}
    assert found(DOWN, UP | {"by": Role("nobody", "testapp.fly")}) == {"E031"}
    assert found(DOWN | {"target": None}, UP | {"source": Lamp.BROKEN}) == {"W001"}


def test_a_follow_up_is_for_the_system_in_the_state_in_which_it_follows():
    @replay_safe(then="switch")
    def blink(lamp, run):
        """Blink."""

    asking = moving("ask", source=Lamp.OFF, target=Lamp.ON, effects=[blink])
    assert found(DOWN, UP, **asking) == set()
    assert found(DOWN, UP | {"by": people}, **asking) == {"E021"}
    assert found(DOWN | {"by": people | SYSTEM}, UP | {"by": people}, **asking) == {"E021"}
    barred = moving("ask", source=Lamp.OFF, target=None, effects=[blink])
    assert found(DOWN | {"by": people | SYSTEM}, UP | {"by": people}, **barred) == set()


@pytest.mark.django_db
def test_django_fsm_2_reads_each_declaration_for_its_own_sources():
    product = Product(title="a")
    assert can_proceed(product.withdraw)
    assert has_transition_perm(product.withdraw, person("maker", "make_product"))
    assert not has_transition_perm(product.withdraw, person("tester", "test_product"))
    mine = [one for one in product.get_all_status_transitions() if one.name == "withdraw"]
    assert [(one.source, one.custom["label"]) for one in mine] == [
        ("idea", "Drop the idea"),
        ("live", "Recall"),
    ]
    assert contract_of(Product).all_transitions["withdraw"].label == "Drop the idea"
