"""W14: a supersession and a worker who is about to send, in either order."""

import pytest

from tests.engine.conftest import person
from tests.orders.models import Order
from tests.stories.races import at_once
from workflows_app.describe.receipt import receipt
from workflows_app.engine import execute
from workflows_app.models import EffectRun
from workflows_app.testing import Pause, drain, drain_until_quiet, killed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clerk(db):
    """Of orders, not of parcels."""
    return person("clerk", "handle_order", "view_order")


@pytest.fixture
def vendor(answers, book):
    """Whoever takes the money, gives it back and keeps the goods: he takes it all."""
    for effect in ("charge", "refund", "reserve", "release"):
        answers[effect] = book.taking({})
    return book


@pytest.fixture
def buying(order, clerk, vendor):
    execute(order.buy, by=clerk)
    return order


def cancel(clerk):
    return execute(Order.objects.get().cancel, by=clerk)


def told(operation):
    """What the answer to the command says it ended, as effects."""
    says = receipt(operation)
    return {
        name: [entry["effect"] for entry in says[name]]
        for name in ("cancelled", "already_sent", "will_undo")
    }


def run_of(effect):
    return EffectRun.objects.get(effect=effect)


def while_a_worker_stands(point, act):
    """What the act returns, done while a worker stands still at the point."""
    pause = Pause(point)

    def stand_still():
        with pause.here():
            drain()

    def meanwhile():
        pause.wait_until_reached()
        try:
            return act()
        finally:
            pause.let_go()

    nothing, returned = at_once(stand_still, meanwhile)
    assert nothing is None
    return returned


@pytest.mark.parametrize("point", ["claim.committed", "send.unmarked"])
def test_w14_superseded_before_the_send_mark_and_never_sent(buying, clerk, vendor, clock, point):
    operation = while_a_worker_stands(point, lambda: cancel(clerk))
    assert told(operation) == {"cancelled": ["charge"], "already_sent": [], "will_undo": []}
    drain_until_quiet(clock)
    assert run_of("charge").state == "cancelled"
    assert vendor.heard == []


@pytest.mark.parametrize("point", ["send.marked", "handler.begun", "handler.ended"])
def test_w14_superseded_after_the_send_mark_is_told_and_undone_when_it_is_known(
    buying, clerk, vendor, clock, point
):
    operation = while_a_worker_stands(point, lambda: cancel(clerk))
    assert told(operation)["cancelled"] == []
    assert told(operation)["already_sent"] == ["charge"]
    drain_until_quiet(clock)
    charge, refund = run_of("charge"), run_of("refund")
    assert (charge.state, charge.superseded_as, charge.follow_up) == (
        "done",
        "already_sent",
        "none",
    )
    assert (refund.state, refund.undoes_id, refund.operation_id) == (
        "done",
        charge.pk,
        operation.pk,
    )
    assert [one.run for one in vendor.heard] == [charge.pk, refund.pk]


def test_w14_killed_before_the_supersession_is_committed_and_it_goes_on(
    buying, clerk, vendor, clock
):
    assert killed(lambda: cancel(clerk), at="command.written")
    drain_until_quiet(clock)
    assert (run_of("charge").state, Order.objects.get().status) == ("done", "paid")


def test_w14_killed_after_the_supersession_is_committed_and_nothing_is_sent(
    buying, clerk, vendor, clock
):
    assert killed(lambda: cancel(clerk), at="command.committed")
    drain_until_quiet(clock)
    assert (run_of("charge").state, vendor.heard) == ("cancelled", [])
