"""An override goes round the contract, and nothing else: all that the database promises holds."""

import pytest

from tests.orders.models import Order
from tests.orders.workflow import Silent
from workflows_app.contract.people import SYSTEM
from workflows_app.describe.receipt import receipt
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.failures import Forbidden, Invalid, KeyReused, NotAllowed, Stale
from workflows_app.models import EffectRun, Operation
from workflows_app.ops import force_cancel, foresee, override
from workflows_app.testing import drain

pytestmark = pytest.mark.django_db(transaction=True)


def effects_of(entries):
    return [entry["effect"] for entry in entries]


def test_it_leads_where_the_contract_does_not(order, chief):
    operation = override(order, "paid", by=chief, reason="Paid in cash.", version=0)
    assert (order.status, order.version) == ("paid", 1)
    assert (operation.kind, operation.source, operation.target) == ("override", "open", "paid")
    assert operation.data == {"target": "paid", "field": "status"}
    assert order.status_since == operation.accepted_at
    assert order.history.first().history_change_reason == "Paid in cash."
    assert timeline(order).entries[-1]["text"] == (
        "Override, by Chief. Now: Paid. Reason: Paid in cash."
    )


def test_it_ends_every_open_run_of_its_own_workflow_and_of_no_other(order, clerk, chief):
    execute(order.show, by=clerk)
    execute(order.put_aside, by=clerk)
    execute(order.pack, by=clerk)
    operation = override(order, "paid", by=chief, reason="Paid in cash.")
    states = dict(EffectRun.objects.values_list("effect", "state"))
    assert states == {"enlist": "cancelled", "reserve": "cancelled", "wrap": "queued"}
    assert effects_of(receipt(operation)["cancelled"]) == ["enlist", "reserve"]


def test_the_other_workflow_has_no_override_so_nobody_may(order, chief):
    with pytest.raises(Forbidden, match="Only nobody may override packing"):
        override(order, "packed", by=chief, reason="because")


def test_what_has_left_is_undone_when_it_turns_out_done(order, clerk, chief, answers, run_of):
    answers["charge"] = Silent
    execute(order.buy, by=clerk)
    drain()
    operation = override(order, "open", by=chief, reason="a mistake")
    told = receipt(operation)
    assert effects_of(told["already_sent"]) == effects_of(told["will_undo"]) == ["charge"]


def test_undos_are_left_alone(order, clerk, chief, run_of):
    execute(order.buy, by=clerk)
    drain()
    execute(Order.objects.get().take_back, by=clerk)
    override(Order.objects.get(), "halted", by=chief, reason="look at it")
    assert run_of("refund").state == "queued"


@pytest.mark.parametrize("who", ["clerk", "operator", "system"])
def test_only_whom_the_contract_names_may(order, clerk, operator, who):
    by = {"clerk": clerk, "operator": operator, "system": SYSTEM}[who]
    with pytest.raises(Forbidden, match="Only a chief may override order"):
        override(order, "paid", by=by, reason="because")
    assert not Operation.objects.filter(kind="override").exists()


@pytest.mark.parametrize(
    ("state", "reason", "told"),
    [
        ("paid", " ", "Say why"),
        ("nowhere", "because", "no state of order or packing"),
        ("sent", "because", "Sent needs address"),
    ],
)
def test_it_says_what_is_missing(order, chief, state, reason, told):
    Order.objects.filter(pk=order.pk).update(address="")
    with pytest.raises(Invalid, match=told):
        override(order, state, by=chief, reason=reason)
    order.refresh_from_db()
    assert (order.status, order.version) == ("open", 0)


def test_on_an_old_page_it_is_refused(order, clerk, chief):
    execute(order.show, by=clerk)
    with pytest.raises(Stale):
        override(order, "paid", by=chief, reason="because", version=0)


def test_the_same_key_is_the_same_override_and_another_is_refused(order, chief):
    first = override(order, "paid", by=chief, reason="because", key="k")
    again = override(order, "paid", by=chief, reason="because", key="k")
    assert (again, again.replayed) == (first, True)
    with pytest.raises(KeyReused):
        override(order, "halted", by=chief, reason="because", key="k")


def test_it_is_foreseen(order, clerk, chief, answers):
    answers["enlist"] = Silent
    execute(order.show, by=clerk)
    execute(order.put_aside, by=clerk)
    answers["reserve"] = Silent
    drain()
    execute(order.put_aside, by=clerk)
    Order.objects.filter(pk=order.pk).update(address="")
    order.refresh_from_db()
    before = list(EffectRun.objects.order_by("pk").values())
    foreseen = foresee(order, "sent")
    assert [run.effect for run in foreseen.cancelled] == ["reserve"]
    assert [run.effect for run in foreseen.already_sent] == ["enlist", "reserve"]
    assert [run.effect for run in foreseen.will_undo] == ["enlist", "reserve"]
    assert [reason.detail for reason in foreseen.refused] == ["Nothing leads from Open to Sent."]
    assert [reason.pointer for reason in foreseen.missing] == ["/address"]
    assert list(EffectRun.objects.order_by("pk").values()) == before


def test_guards_that_would_have_refused_are_foreseen(order, chief):
    override(order, "paid", by=chief, reason="because")
    Order.objects.filter(pk=order.pk).update(address="")
    order.refresh_from_db()
    assert [reason.code for reason in foresee(order, "sent").refused] == ["address_missing"]
    assert foresee(order, "open").refused[0].code == "wrong_state"


def test_it_is_cancelled_from_anywhere(order, clerk, chief, operator):
    execute(order.put_aside, by=clerk)
    override(order, "sent", by=chief, reason="because")
    operation = force_cancel(order, by=operator, reason="The customer has died.")
    assert (order.status, operation.kind) == ("cancelled", "operator")
    with pytest.raises(NotAllowed, match="Called off already"):
        force_cancel(order, by=operator, reason="again")


def test_force_cancel_ends_what_is_open(order, clerk, operator):
    execute(order.put_aside, by=clerk)
    operation = force_cancel(order, by=operator, reason="because")
    assert effects_of(receipt(operation)["cancelled"]) == ["reserve"]


def test_force_cancel_needs_its_permission_and_one_such_state(order, clerk, operator):
    with pytest.raises(Forbidden, match="workflows_app.force_cancel"):
        force_cancel(order, by=clerk, reason="because")
    with pytest.raises(Invalid, match="packing marks no state as cancelled"):
        force_cancel(order, by=operator, reason="because", field="packing")
