"""Every wrong declaration is refused where it is written, with the fault and the cure."""

import copy
import pickle
from datetime import timedelta

import pytest
from rest_framework import serializers

from workflows_app import (
    SYSTEM,
    NotSent,
    Rejected,
    Retry,
    Role,
    State,
    States,
    Unknown,
    Workflow,
    guard,
    keyed,
    replay_safe,
    transition,
)
from workflows_app.failures import ContractError, Failure, ProtectedState

people = Role("people", "testapp.view_parcel")


class Lamp(States):
    OFF = State("off", "Off", owner=people, initial=True)
    ON = State("on", "On", owner=people)
    BROKEN = State("broken", "Broken", final=True)


class OtherLamp(States):
    OFF = State("off", "Off", owner=people, initial=True)


class Brightness(serializers.Serializer):
    percent = serializers.IntegerField()


class Silent(Unknown):
    """No answer."""


@guard("no_power", "Switch the power on.")
def has_power(lamp):
    return True


@replay_safe()
def ring(lamp, run):
    """Ring."""


@keyed(owner=people)
def charge(lamp, run):
    """Charge."""


def plain(lamp, run):
    """No effect."""


def body(self, cmd):
    """Do it."""


def declared(**said):
    """A contract with one transition that says this."""
    said = {"source": Lamp.OFF, "target": Lamp.ON, "by": people} | said

    class LampWorkflow(Workflow, states=Lamp, seen_by=people):
        @transition(**said)
        def switch(self, cmd):
            """Switch it."""

    return LampWorkflow.workflow_transitions["switch"]


async def unrun(self, cmd):
    pass


def never_begun(self, cmd):
    yield


def without_command(self):
    pass


def otherwise_named(lamp, cmd):
    pass


WRONG_TRANSITIONS = {
    "an unknown source": ({"source": "dim"}, "'dim' is not a state of Lamp: off, on, broken"),
    "an unknown source in a list": ({"source": ["off", "dim"]}, "'dim' is not a state"),
    "a source of another class": ({"source": OtherLamp.OFF}, "is not a state of Lamp"),
    "a creation that stays": ({"source": None, "target": None}, "there is no state to stay in"),
    "a creation that may stay": ({"source": None, "target": [Lamp.ON, None]}, "say the target="),
    "a creation of a version": (
        {"source": None, "version_required": True},
        "nobody can have seen a version",
    ),
    "an empty list of sources": ({"source": []}, r"source=\[\] begins nowhere"),
    "a star in a list": ({"source": ["*"]}, r"'\*' is not a state"),
    "a source twice": ({"source": [Lamp.OFF, Lamp.OFF]}, "source names <State 'off'> twice"),
    "an unknown target": ({"target": "dim"}, "target='dim' is not a state of Lamp"),
    "an unknown target in a list": ({"target": [Lamp.ON, "dim"]}, "'dim' is not a state"),
    "an empty list of targets": ({"target": []}, r"target=\[\] leads nowhere"),
    "a target twice": ({"target": [Lamp.ON, Lamp.ON]}, "twice"),
    "a target that is no text": ({"target": 3}, "target"),
    "nobody": ({"by": None}, "by= takes a role or SYSTEM, not None"),
    "a permission as text": ({"by": "app.view"}, "by= takes a role or SYSTEM, not 'app.view'"),
    "a guard alone": ({"guards": has_power}, r"guards takes a list; write \[has_power\]"),
    "a function as guard": ({"guards": [plain]}, "is no guard; declare it with @guard"),
    "a guard twice": ({"guards": [has_power, has_power]}, "guards names has_power twice"),
    "an effect alone": ({"effects": ring}, r"effects takes a list; write \[ring\]"),
    "an effect without safety class": (
        {"effects": [plain]},
        "is no effect; declare it with @replay_safe, @keyed or @committed",
    ),
    "an effect twice": ({"effects": [ring, ring]}, "effects names ring twice"),
    "effects for no target of it": (
        {"effects": {Lamp.BROKEN: [ring]}},
        "effects for .*'broken'.* no targets",
    ),
    "data that is an instance": ({"data": Brightness()}, "data= takes a serializer class"),
    "data without is_valid": ({"data": dict}, "data= takes a serializer class"),
    "data that is no dotted path": ({"data": "Brightness"}, "or its dotted path"),
}


@pytest.mark.parametrize(("said", "fault"), WRONG_TRANSITIONS.values(), ids=WRONG_TRANSITIONS)
def test_a_transition_is_refused_with(said, fault):
    with pytest.raises(ContractError, match=fault):
        declared(**said)


@pytest.mark.parametrize("missing", ["source", "target", "by"])
def test_a_transition_says(missing):
    said = {"source": Lamp.OFF, "target": Lamp.ON, "by": people}
    del said[missing]
    with pytest.raises(TypeError, match=missing):
        transition(**said)


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (unrun, "plain def; async"),
        (never_begun, "plain def; with yield"),
        (without_command, r"always \(self, cmd\)"),
        (otherwise_named, r"always \(self, cmd\)"),
        (staticmethod(body), r"always \(self, cmd\)"),
    ],
)
def test_a_body_is_a_plain_function_of_self_and_cmd(wrong, fault):
    with pytest.raises(ContractError, match=fault):
        transition(source=Lamp.OFF, target=Lamp.ON, by=people)(wrong)


@pytest.mark.parametrize("name", ["save", "delete", "pk", "Switch", "_switch"])
def test_a_transition_has_a_free_and_speakable_name(name):
    def method(self, cmd):
        """Do it."""

    method.__name__ = name
    members = {name: transition(source=Lamp.OFF, target=Lamp.ON, by=people)(method)}
    with pytest.raises(ContractError, match=name):
        type(Workflow)("W", (Workflow,), members, states=Lamp, seen_by=people)


def test_a_transition_has_no_second_name():
    with pytest.raises(ContractError, match="second name"):

        class LampWorkflow(Workflow, states=Lamp, seen_by=people):
            @transition(source=Lamp.OFF, target=Lamp.ON, by=people)
            def switch(self, cmd):
                """Switch it."""

            flip = switch


def test_a_star_means_every_state_that_is_not_final():
    assert declared(source="*").sources == ("off", "on")


def test_an_explicit_source_may_leave_a_final_state():
    assert declared(source=Lamp.BROKEN).sources == ("broken",)


def test_effects_of_a_list_run_at_every_target():
    switch = declared(target=[Lamp.ON, None], effects=[ring])
    assert switch.effects_for("on") == switch.effects_for(None) == (ring,)


def test_effects_by_target_run_at_their_own_target_only():
    effects = {Lamp.ON: [ring], None: [charge]}
    switch = declared(target=[Lamp.ON, Lamp.BROKEN, None], effects=effects)
    assert switch.effects_for("on") == (ring,)
    assert switch.effects_for("broken") == ()
    assert switch.effects_for(None) == (charge,)


def test_two_effects_of_one_name_are_refused_because_their_runs_could_not_be_told_apart():
    @replay_safe()
    def first(lamp, run):
        """Ring."""

    def other(lamp, run):
        """Ring another bell."""

    other.__name__ = "first"
    with pytest.raises(ContractError, match="two effects are called first"):
        declared(target=[Lamp.ON, None], effects={Lamp.ON: [first], None: [replay_safe()(other)]})


WRONG_STATES = {
    "no owner": (("a", "A"), {}, "say owner=, or owner=None"),
    "an owner that is no role": (("a", "A"), {"owner": "finance"}, "owner= takes a role"),
    "an owner of an end": (("a", "A"), {"final": True, "owner": people}, "is final: nobody"),
    "a withdrawal that is no end": (("a", "A"), {"owner": None, "cancelled": True}, "final=True"),
    "a beginning that is an end": (
        ("a", "A"),
        {"initial": True, "final": True},
        "initial and final",
    ),
    "nothing to store": (("", "A"), {"owner": None}, "1 to 50 characters"),
    "too much to store": (("a" * 51, "A"), {"owner": None}, "1 to 50 characters"),
    "the star": (("*", "A"), {"owner": None}, r"not '\*'"),
    "nothing to read": (("a", ""), {"owner": None}, "what people read"),
    "one required name as text": (
        ("a", "A"),
        {"owner": None, "required": "iban"},
        r"required takes a list; write \['iban'\]",
    ),
    "one column to edit as text": (
        ("a", "A"),
        {"owner": people, "editable": "iban"},
        r"editable takes a list; write \['iban'\]",
    ),
    "columns for an owner who is not there": (
        ("a", "A"),
        {"owner": None, "editable": ["iban"]},
        r"nobody owns this state; say who may: editable=\{role: \[...\]\}",
    ),
    "columns at an end without saying whose": (
        ("a", "A"),
        {"final": True, "editable": ["iban"]},
        "nobody owns this state",
    ),
    "columns for a role by its name": (
        ("a", "A"),
        {"owner": None, "editable": {"people": ["iban"]}},
        "roles themselves as keys.*not 'people'",
    ),
    "columns for the system": (
        ("a", "A"),
        {"owner": people, "editable": {people | SYSTEM: ["iban"]}},
        "only people edit",
    ),
    "one column of a role as text": (
        ("a", "A"),
        {"owner": None, "editable": {people: "iban"}},
        r"editable by people takes a list; write \['iban'\]",
    ),
}


def test_a_list_of_columns_to_edit_is_the_owners_and_a_dictionary_says_whose():
    assert State("a", "A", owner=people, editable=["iban"]).editable == {people: ("iban",)}
    assert State("a", "A", final=True, editable={people: ["iban"]}).editable == {people: ("iban",)}
    assert State("a", "A", owner=people, editable=[]).editable == {}
    assert State("a", "A", owner=None, editable=[]).editable == {}
    assert State("a", "A", owner=people).editable is None


@pytest.mark.parametrize(("args", "said", "fault"), WRONG_STATES.values(), ids=WRONG_STATES)
def test_a_state_is_refused_with(args, said, fault):
    with pytest.raises(ContractError, match=fault):
        State(*args, **said)


def a(value, **said):
    return State(value, value.upper(), **({"owner": None} | said))


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"A": a("a")}, "mark one state, not 0"),
        ({"A": a("a", initial=True), "B": a("b", initial=True)}, "mark one state, not 2"),
        ({"A": a("a", initial=True), "B": a("a")}, "same stored value"),
        ({"A": a("a", initial=True), "B": "b"}, r"write State\(...\), not 'b'"),
        (
            {
                "A": a("a", initial=True),
                "B": a("b", final=True, cancelled=True),
                "C": a("c", final=True, cancelled=True),
            },
            "cancelled=True at most",
        ),
    ],
)
def test_states_are_refused_with(members, fault):
    with pytest.raises(ContractError, match=fault):
        type("Some", (States,), members)


def test_states_extend_no_other_states():
    with pytest.raises(ContractError, match="extend none"):

        class MoreLamp(Lamp):
            DIM = State("dim", "Dim", owner=None, initial=True)


def test_a_copied_state_is_what_is_stored():
    assert pickle.loads(pickle.dumps(Lamp.ON)) == copy.deepcopy(Lamp.ON) == "on"  # noqa: S301  its own
    assert type(copy.copy(Lamp.ON)) is str


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"seen_by": people}, "say states="),
        ({"states": Lamp}, "say seen_by="),
        ({"states": States, "seen_by": people}, "say states="),
        ({"states": "Lamp", "seen_by": people}, "say states="),
        ({"states": Lamp, "seen_by": SYSTEM}, "say seen_by="),
        ({"states": Lamp, "seen_by": people | SYSTEM}, "say seen_by="),
        ({"states": Lamp, "seen_by": people, "secret": "iban"}, r"write \['iban'\]"),
        ({"states": Lamp, "seen_by": people, "field": "the status"}, "field is 'the status'"),
    ],
)
def test_a_contract_is_refused_with(said, fault):
    with pytest.raises(ContractError, match=fault):
        type(Workflow)("W", (Workflow,), {}, **said)


def test_a_contract_extends_no_other():
    class First(Workflow, states=Lamp, seen_by=people):
        pass

    with pytest.raises(ContractError, match="extends no other"):

        class Second(First, states=Lamp, seen_by=people):
            pass


def test_a_transition_stands_in_the_contract_itself():
    class Mixin:
        @transition(source=Lamp.OFF, target=Lamp.ON, by=people)
        def switch(self, cmd):
            """Switch it."""

    class First(Workflow, states=Lamp, seen_by=people):
        pass

    with pytest.raises(ContractError, match=r"Mixin\.switch"):

        class Mixed(Mixin, Workflow, states=Lamp, seen_by=people):
            pass

    with pytest.raises(ContractError, match=r"Model\.switch"):
        type("Model", (First,), {"switch": vars(Mixin)["switch"]})


def test_a_bare_call_changes_nothing_and_says_what_to_write():
    class LampWorkflow(Workflow, states=Lamp, seen_by=people):
        @transition(source=Lamp.OFF, target=Lamp.ON, by=people)
        def switch(self, cmd):
            """Switch it."""

    with pytest.raises(ProtectedState, match=r"execute\(lampworkflow\.switch, by=user"):
        LampWorkflow().switch()


class Loose(Failure):
    """Of no kind."""


def three(lamp, run, more):
    pass


async def waiting(lamp, run):
    pass


@pytest.mark.parametrize("safe", [replay_safe, keyed])
@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"carries": "iban"}, r"carries takes a list; write \['iban'\]"),
        ({"carries": [1]}, "lists names as texts"),
        ({"fails_with": Silent}, r"write \[Silent\]"),
        ({"fails_with": [ValueError]}, "subclasses of Rejected, NotSent or Unknown"),
        ({"fails_with": [Loose]}, "subclasses of Rejected, NotSent or Unknown"),
        ({"then": body}, r"then \(the name of a transition\)"),
        ({"otherwise": "Halt it"}, "otherwise"),
        ({"owner": "finance"}, "owner= takes the role"),
        ({"owner": SYSTEM}, "owner= takes the role"),
        ({"timeout": 20}, "timeout is a timedelta"),
        ({"timeout": timedelta(0)}, "longer than nothing"),
        ({"retry": 5}, r"retry= takes Retry\(...\), not 5"),
        ({"lane": "The Lane"}, "lane is 'The Lane'"),
    ],
)
def test_an_effect_is_refused_with(safe, said, fault):
    with pytest.raises(ContractError, match=fault):
        safe(**said)(plain)


@pytest.mark.parametrize("window", [None, 24, timedelta(0)])
def test_a_key_lives_for_a_while(window):
    with pytest.raises(ContractError, match="window is a timedelta"):
        keyed(window=window)


@pytest.mark.parametrize("wrong", [three, waiting, never_begun, print, lambda lamp, run: {}])
def test_a_handler_is_a_named_plain_function_of_two(wrong):
    with pytest.raises(ContractError):
        replay_safe()(wrong)


def test_an_effect_has_one_safety_class():
    with pytest.raises(ContractError, match="choose one of @replay_safe, @keyed and @committed"):
        keyed(owner=people)(ring)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"times": 0}, "at least one attempt"),
        ({"times": 2.5}, "at least one attempt"),
        ({"first": 2}, "first is a timedelta"),
        ({"cap": timedelta(0)}, "cap is a timedelta longer than nothing"),
        ({"give_up_after": -timedelta(1)}, "give_up_after"),
        ({"first": timedelta(hours=2)}, "first= is longer than cap="),
        (
            {"first": timedelta(minutes=5), "give_up_after": timedelta(minutes=5)},
            "before a second try",
        ),
    ],
)
def test_a_retry_is_refused_with(said, fault):
    with pytest.raises(ContractError, match=fault):
        Retry(**said)


def test_waits_grow_threefold_up_to_the_cap():
    retry = Retry(first=timedelta(seconds=2), cap=timedelta(seconds=30))
    assert [retry.delay(n).total_seconds() for n in (1, 2, 3, 4, 500)] == [2, 6, 18, 30, 30]


@pytest.mark.parametrize("wrong", [lambda: True, lambda a, b, c: True, lambda *a: True, waiting])
def test_a_guard_takes_the_object_and_maybe_the_command(wrong):
    with pytest.raises(ContractError, match="Guard 'no_power'"):
        guard("no_power", "Switch it on.")(wrong)


@pytest.mark.parametrize(("code", "message"), [("No power", "Text."), ("", "Text."), ("ok", "")])
def test_a_guard_has_a_code_and_a_sentence(code, message):
    with pytest.raises(ContractError):
        guard(code, message)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({}, "exactly one of"),
        ({"permission": "a.b", "column": "c"}, "exactly one of"),
        ({"permission": "approve"}, r"'app\.codename'"),
        ({"rows": "mine"}, "rows= takes a function"),
        ({"column": ""}, "column= takes a path"),
    ],
)
def test_a_role_is_refused_with(said, fault):
    with pytest.raises(ContractError, match=fault):
        Role("somebody", **said)


@pytest.mark.parametrize(
    "combine", [lambda: people & SYSTEM, lambda: SYSTEM & people, lambda: ~SYSTEM]
)
def test_system_holds_no_role(combine):
    with pytest.raises(ContractError, match="SYSTEM holds no role"):
        combine()


@pytest.mark.parametrize("other", ["text", None, has_power])
def test_roles_combine_with_roles(other):
    with pytest.raises(ContractError, match="Combine roles with roles"):
        people | other


def test_labels_read_as_they_are_combined():
    boss, owner = Role("a boss", "a.b"), Role("the owner", column="owner")
    assert str((people | boss) & ~owner) == "(people or a boss) and not the owner"


def test_a_failure_is_of_one_kind():
    with pytest.raises(ContractError, match="one of Rejected, NotSent and Unknown"):

        class Both(Rejected, NotSent):
            """Impossible."""
