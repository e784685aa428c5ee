"""Several workflows on one model: what no two may share is refused where the model is written."""

import pytest
from django.db import models
from django.test.utils import isolate_apps
from django_fsm import can_proceed, has_transition_perm

from tests.engine.conftest import person
from tests.testapp.models import Crate, Gem, Product
from tests.testapp.several import Launch, LaunchWorkflow, Review, ReviewWorkflow
from workflows_app import SYSTEM, Role, State, States, Workflow, replay_safe, transition
from workflows_app.contract import checks
from workflows_app.contract.registry import (
    contract_for,
    contract_of,
    contracts,
    contracts_of,
    first_contracts,
)
from workflows_app.failures import ContractError
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

people = Role("people", "testapp.view_parcel")


class Lamp(States):
    OFF = State("off", "Off", owner=people, initial=True)
    ON = State("on", "On", owner=people)


def test_a_model_has_a_contract_for_each_field_the_first_inherited_first():
    launch, review = contracts_of(Product)
    assert (launch.field, launch.name, launch.workflow) == ("status", "launch", LaunchWorkflow)
    assert (review.field, review.name, review.workflow) == (
        "review_status",
        "review",
        ReviewWorkflow,
    )
    assert contract_of(Product) is contract_for("testapp.product") is launch
    assert contract_of(Product(), "review_status") is review
    assert contract_for("testapp.product", "review_status") is review
    assert [one for one in contracts() if one.model is Product] == [launch, review]
    assert [one for one in first_contracts() if one.model is Product] == [launch]


def test_what_the_object_has_once_is_the_same_in_each_of_its_contracts():
    columns = ("status", "status_since", "review_status", "review_status_since", "version")
    for contract in contracts_of(Product):
        assert contract.protected == columns
        assert contract.secret == {"recipe", "fault"}
        assert list(contract.all_effects) == ["list_in_shop", "tell_maker", "ask_lab"]
        assert {"launch", "review"} <= set(contract.all_transitions)
    assert [one.name for one in contract_of(Gem).all_creations] == ["find"]
    assert contract_of(Gem).creations == ()


def test_each_workflow_has_its_own_states_transitions_beginnings_and_version():
    launch, review = contracts_of(Product)
    assert (launch.states, review.states) == (Launch, Review)
    assert list(launch.transitions) == ["launch", "hurry", "retire", "withdraw"]
    assert launch.version != review.version
    assert [one.beginnings for one in contracts_of(Gem)] == [("open",), ("open", "shut")]


def test_a_row_of_a_field_that_is_gone_is_told_with_the_first_contract():
    assert contract_for("testapp.product", "no_longer") is contract_of(Product)
    assert contract_for("testapp.crate", "no_longer") is contract_of(Crate)


@pytest.mark.django_db
def test_django_fsm_2_has_its_names_for_each_field():
    product, tester = Product(title="a"), person("tester", "test_product")
    assert {one.name for one in product.get_all_review_status_transitions()} == {
        "review",
        "pass_review",
        "fail_review",
        "judge",
    }
    available = product.get_available_user_review_status_transitions(tester)
    assert [one.name for one in available] == ["judge", "review"]
    assert [one.name for one in product.get_available_status_transitions()] == [
        "hurry",
        "retire",
        "withdraw",
    ]
    assert can_proceed(product.review)
    assert not can_proceed(product.pass_review)
    assert has_transition_perm(product.review, tester)
    assert not has_transition_perm(product.retire, tester)


def workflow(name="Second", field="second", **said):
    members = said.pop("members", {})
    return type(Workflow)(
        f"{name}Workflow",
        (Workflow,),
        members,
        states=Lamp,
        field=field,
        **({"seen_by": people} | said),
    )


def moving(name, **said):
    def body(self, cmd):
        """Move it."""

    body.__name__ = name
    said = {"source": Lamp.OFF, "target": Lamp.ON, "by": people} | said
    return {name: transition(**said)(body)}


def effect():
    @replay_safe()
    def ring(lamp, run):
        """Ring."""

    return ring


def model(*workflows, **members):
    columns = {one.workflow_field: StatusField(Lamp) for one in workflows}
    body = {"__module__": "tests.testapp.models", "history": WorkflowHistory()} | columns | members
    return type(models.Model)("Lantern", (*workflows, WorkflowModel), body)


@isolate_apps("tests.testapp")
def found(*workflows, **members):
    faults = checks.faults_of([model(*workflows, **members)])
    return [fault.id.removeprefix("workflows_app.") for fault in faults if fault.is_serious()]


ring = effect()
COLLISIONS = {
    "both are about the field 'second'": lambda: [workflow("First"), workflow("Second")],
    "both are called 'second'": lambda: [workflow(field="first"), workflow(field="second")],
    "both have a transition switch; rename one": lambda: [
        workflow("First", "first", members=moving("switch")),
        workflow(members=moving("switch")),
    ],
    "both have an effect ring, and not the same one": lambda: [
        workflow("First", "first", members=moving("switch", effects=[effect()])),
        workflow(members=moving("turn", effects=[effect()])),
    ],
}


@pytest.mark.parametrize(("fault", "inherited"), COLLISIONS.items(), ids=COLLISIONS)
@isolate_apps("tests.testapp")
def test_what_two_workflows_must_not_share_is_refused_where_the_model_is_written(fault, inherited):
    with pytest.raises(ContractError, match=f"class Lantern inherits .* and .*: {fault}"):
        model(*inherited())


def test_two_workflows_may_share_states_people_and_an_effect():
    first = workflow("First", "first", members=moving("switch", effects=[ring]))
    assert found(first, workflow(members=moving("turn", effects=[ring]))) == []


def test_workflows_of_one_model_are_seen_by_the_same_people():
    others = Role("others", "testapp.view_crate")
    assert found(workflow("First", "first"), workflow(seen_by=others)) == ["E050"]


def test_each_workflow_is_checked():
    early = moving("turn", data="tests.testapp.Nowhere")
    assert found(workflow("First", "first"), workflow(members=early)) == ["E012"]
    assert found(workflow("First", "first"), workflow(secret=["nowhere"])) == ["E014"]
    assert found(workflow("First", "first"), workflow(), second=None) == ["E001"]
    assert found(workflow("First", "first"), third=StatusField(Lamp)) == ["E002"]


def test_an_effect_follows_up_in_the_workflow_that_asked_for_it():
    @replay_safe(then="turn")
    def ring(lamp, run):
        """Ring."""

    first = workflow("First", "first", members=moving("switch", effects=[ring]))
    assert found(first, workflow(members=moving("turn", by=people | SYSTEM))) == ["E020"]


def test_workflows_of_different_models_are_shared_by_none():
    with isolate_apps("tests.testapp"):
        shared = workflow("First", "first")
        one = model(shared, workflow())
        body = {"__module__": "tests.testapp.models", "first": StatusField(Lamp)}
        other = type(models.Model)("Torch", (shared, WorkflowModel), body)
        assert "workflows_app.E006" in {fault.id for fault in checks.faults_of([one, other])}


def test_two_filters_written_alike_are_not_the_same_people():
    mine, yours = (Role("staff", rows=lambda user: models.Q(pk=user.pk)) for _ in range(2))
    first = workflow("First", "first", seen_by=mine)
    assert found(first, workflow(seen_by=yours)) == ["E050"]
    again = workflow("First", "first", seen_by=mine)
    assert found(again, workflow(seen_by=Role("the staff", rows=mine.rows_of))) == []
