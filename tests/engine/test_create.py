"""A new object begins by the command of its contract, or plainly where there is none."""

import threading

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django_fsm.signals import post_transition

from tests.engine.conftest import person
from tests.testapp import remote
from tests.testapp.beginnings import LeadWorkflow
from tests.testapp.models import Domain, Lead, Parcel
from workflows_app import SYSTEM, Forbidden, GuardFailed, Invalid, KeyReused
from workflows_app.engine import create, execute
from workflows_app.engine.drain import drain
from workflows_app.failures import ContractError, ProtectedState, Refused
from workflows_app.models import EffectRun, Operation

pytestmark = pytest.mark.django_db

ADA = {"email": "ada@engines.example", "company": "Engines"}


@pytest.fixture
def ada(db):
    return get_user_model().objects.create_user("ada", first_name="Ada")


@pytest.fixture
def registrar(db):
    return person("registrar", "add_domain")


def the_lead(operation):
    return Lead.objects.get(pk=operation.object_id)


def test_the_command_makes_the_object_and_its_operation_0(ada):
    operation = execute(Lead.sign_up, by=ada, data=ADA, reason="Saw us at the fair.")
    lead = the_lead(operation)
    assert (lead.email, lead.owner, lead.status, lead.version) == (ADA["email"], ada, "trial", 0)
    assert operation == Operation.objects.get()
    assert (operation.kind, operation.transition, operation.version) == ("create", "sign_up", 0)
    assert (operation.source, operation.target) == ("", "trial")
    assert (operation.actor, operation.actor_label) == (f"user:{ada.pk}", "Ada")
    assert operation.data == ADA
    assert operation.reason == "Saw us at the fair."


def test_the_body_returns_where_the_object_begins(ada):
    operation = execute(Lead.sign_up, by=ada, data={"email": "ada@engines.example"})
    assert the_lead(operation).status == operation.target == "new"


def test_the_snapshot_belongs_to_the_operation(ada):
    operation = execute(Lead.sign_up, by=ada, data=ADA, reason="Fair.")
    (snapshot,) = the_lead(operation).history.all()
    assert (snapshot.history_type, snapshot.operation_id) == ("+", operation.id)
    assert (snapshot.history_user, snapshot.history_change_reason) == (ada, "Fair.")
    assert (snapshot.status, snapshot.version) == ("trial", 0)


@pytest.mark.django_db(transaction=True)
def test_its_effects_are_requested_with_operation_0_and_performed(ada, answers):
    operation = execute(Lead.sign_up, by=ada, data=ADA)
    runs = EffectRun.objects.order_by("position")
    assert [(run.effect, run.version, run.operation) for run in runs] == [
        ("greet", 0, operation),
        ("look_up", 0, operation),
    ]
    assert runs[1].data["email"] == ADA["email"]
    assert drain() == 2
    assert {run.state for run in EffectRun.objects.all()} == {"done"}


def test_the_object_goes_on_from_there(ada):
    lead = the_lead(execute(Lead.sign_up, by=ada, data=ADA))
    assert execute(lead.lose, by=ada, version=0).version == 1
    assert lead.status == "lost"


def test_the_contract_names_the_command_as_well_as_the_model(ada):
    assert execute(LeadWorkflow.sign_up, by=ada, data=ADA).object_type == "testapp.lead"


def test_the_system_may_where_the_contract_says_so():
    operation = execute(Lead.sign_up, by=SYSTEM, data=ADA)
    assert (operation.actor, operation.kind) == ("system", "create")
    assert the_lead(operation).owner is None


def test_the_same_key_answers_with_the_first_operation(ada):
    first = execute(Lead.sign_up, by=ada, data=ADA, key="k")
    again = execute(Lead.sign_up, by=ada, data=ADA, key="k")
    assert (again.id, again.replayed, first.replayed) == (first.id, True, False)
    assert (Lead.objects.count(), EffectRun.objects.count()) == (1, 2)


def test_a_key_stands_for_one_request(ada):
    execute(Lead.sign_up, by=ada, data=ADA, key="k")
    with pytest.raises(KeyReused):
        execute(Lead.sign_up, by=ada, data={"email": "other@engines.example"}, key="k")


def test_a_refusal_writes_nothing_and_burns_no_key(ada):
    for data, refusal in (
        ({"email": "ada@free.example"}, GuardFailed),
        ({"email": "nonsense"}, Invalid),
        ({**ADA, "owner": 1}, Invalid),
        ({"email": "ada@engines.example", "company": ""}, Invalid),
    ):
        with pytest.raises(refusal) as refused:
            execute(Lead.sign_up, by=ada, data=data, key="k")
        assert refused.value.current is None
    assert not Lead.objects.exists()
    assert not Operation.objects.exists()
    assert execute(Lead.sign_up, by=ada, data=ADA, key="k").replayed is False


def test_a_guard_sees_the_command_and_says_its_reason(ada):
    with pytest.raises(GuardFailed) as refusal:
        execute(Lead.sign_up, by=ada, data={"email": "ada@free.example"})
    assert [reason.code for reason in refusal.value.reasons] == ["free_mail"]


def test_the_state_it_begins_in_asks_for_its_columns(ada, monkeypatch):
    monkeypatch.setattr(LeadWorkflow.workflow_states.TRIAL, "required", ["company", "owner"])
    with pytest.raises(Invalid, match="On trial needs owner") as refusal:
        execute(Lead.sign_up, by=SYSTEM, data=ADA)
    assert [reason.pointer for reason in refusal.value.reasons] == ["/owner"]


def test_a_violated_constraint_is_a_refusal_in_the_words_of_the_model(ada):
    execute(Lead.sign_up, by=ada, data=ADA)
    with pytest.raises(Invalid) as refusal:
        execute(Lead.sign_up, by=ada, data=ADA)
    assert [reason.pointer for reason in refusal.value.reasons] == ["/email"]
    assert Lead.objects.count() == 1


def test_roles_of_an_object_are_held_by_nobody_before_there_is_one(ada, registrar):
    assert not LeadWorkflow.workflow_seen_by.admits(ada, None)  # the owner, or sales
    with pytest.raises(Forbidden, match="Only a registrar may do this"):
        execute(Domain.open, by=ada, data={"name": "ada"})
    with pytest.raises(Forbidden):
        execute(Domain.ask, by=registrar, data={"name": "ada"})


def test_whoever_is_signed_in_may_and_nobody_else(ada):
    with pytest.raises(Forbidden, match="Log in first"):
        execute(Lead.sign_up, by=AnonymousUser(), data=ADA)
    ada.is_active = False
    with pytest.raises(Forbidden, match="Only anybody who is signed in or the system"):
        execute(Lead.sign_up, by=ada, data=ADA)


def test_several_ways_in_lead_to_their_own_states(ada, registrar):
    asked = execute(Domain.ask, by=ada, data={"name": "ada"})
    opened = execute(Domain.open, by=registrar, data={"name": "engines"})
    assert [asked.target, opened.target] == ["asked", "live"]
    assert Domain.objects.get(name="engines").status == "live"


def test_a_creation_is_named_by_the_model_and_not_by_an_object(ada):
    lead = the_lead(execute(Lead.sign_up, by=ada, data=ADA))
    for command in (lead.sign_up, Lead().sign_up):
        with pytest.raises(ContractError, match=r"execute\(Lead\.sign_up, by=user"):
            execute(command, by=ada, data=ADA)
    with pytest.raises(ContractError, match="no version to compare"):
        execute(Lead.sign_up, by=ada, data=ADA, version=0)
    with pytest.raises(ContractError, match="takes a transition of an instance"):
        execute(Lead.lose, by=ada)


def test_the_plain_way_gives_way_to_the_command_of_the_contract(ada):
    with pytest.raises(ContractError, match=r"execute\(Lead\.sign_up, \.\.\.\)"):
        create(Lead(email="ada@engines.example"), by=SYSTEM)


def test_a_plain_save_begins_in_the_initial_state_only(ada):
    assert Lead.objects.create(email="a@engines.example").status == "new"
    with pytest.raises(ProtectedState, match="begins in 'new' at version 0, not in 'trial'"):
        Lead.objects.create(email="b@engines.example", company="B", status="trial")


def test_signals_of_the_state_machine_tell_of_it_with_no_source(ada):
    heard = []

    def listen(**message):
        heard.append((message["name"], message["source"], message["target"]))

    post_transition.connect(listen)
    try:
        execute(Lead.sign_up, by=ada, data=ADA)
    finally:
        post_transition.disconnect(listen)
    assert heard == [("sign_up", None, "trial")]


def test_inside_a_callers_transaction_it_is_undone_with_it(ada):
    with pytest.raises(RuntimeError), transaction.atomic():
        execute(Lead.sign_up, by=ada, data=ADA)
        raise RuntimeError
    assert not Lead.objects.exists()
    assert not Operation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_parallel_requests_under_one_key_one_creates_and_the_others_hear_of_it(ada):
    ready, answers = threading.Barrier(4), []

    def sign_up():
        try:
            ready.wait(10)
            answers.append(execute(Lead.sign_up, by=ada, data=ADA, key="k"))
        finally:
            connection.close()

    threads = [threading.Thread(target=sign_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({operation.id for operation in answers}) == 1
    assert sorted(operation.replayed for operation in answers) == [False, True, True, True]
    assert (Lead.objects.count(), EffectRun.objects.count()) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_a_duplicate_that_the_first_one_refuses_hears_of_it(ada):
    """The other one commits after this one has looked up its key; where it must wait, it hears."""
    answers, others = [], []

    def sign_up():
        try:
            answers.append(execute(Lead.sign_up, by=ada, data=ADA, key="k"))
        finally:
            connection.close()

    def one_trial_only(lead, cmd):
        if not others:
            others.append(threading.Thread(target=sign_up))
            others[0].start()
            others[0].join(2)
            if Lead.objects.exists():
                raise Refused("One trial is enough.")

    remote.answers["sign_up"] = one_trial_only
    try:
        answers.append(execute(Lead.sign_up, by=ada, data=ADA, key="k"))
    finally:
        remote.forget()
        others[0].join(30)
    assert len({operation.id for operation in answers}) == 1
    assert sorted(operation.replayed for operation in answers) == [False, True]


def test_a_contract_without_such_a_command_begins_plainly(ada):
    sender = person("sender", "add_parcel")
    operation = create(Parcel(sender=sender, title="books"), by=sender)
    assert (operation.transition, operation.kind) == ("create", "create")
    with pytest.raises(Forbidden, match="You need the permission testapp.add_parcel"):
        create(Parcel(sender=ada, title="books"), by=ada)
