"""A supersession and the send marker at once. The run's row lock decides, and both know it."""

import pytest

from tests.orders.models import Order
from tests.stories.locks import wait_until_somebody_waits_for_a_lock
from tests.stories.races import at_once
from workflows_app.describe.receipt import receipt
from workflows_app.engine import execute
from workflows_app.engine.claim import claim
from workflows_app.engine.perform import perform
from workflows_app.engine.sweep import effect_of
from workflows_app.models import EffectRun, Operation
from workflows_app.ops import override
from workflows_app.testing import Pause, drain, statement

pytestmark = pytest.mark.django_db(transaction=True)

#: The statement with which the supersession has written, and not committed, what is left.
SUPERSEDED = statement("UPDATE", "workflows_app_effectrun", "superseded_as")
MARK = statement("UPDATE", "workflows_app_effectrun", "sent_at", "lease_until", before=True)


@pytest.fixture
def claimed(order, clerk):
    """A payment that a worker has claimed and not marked."""
    execute(order.buy, by=clerk)
    (run,) = claim("default", 1)
    return run


def work(run):
    run.operation  # noqa: B018  loaded by this thread's connection
    perform("default", run, effect_of(run), Order.objects.get())


def told():
    return receipt(Operation.objects.get(transition="cancel"))


def test_a_supersession_that_comes_first_is_found_by_the_marker(claimed, clerk, answers):
    superseding, marking = Pause(SUPERSEDED), Pause(MARK)

    def supersede():
        with superseding.here():
            return execute(Order.objects.get().cancel, by=clerk)

    def perform_it():
        superseding.wait_until_reached()
        with marking.here():
            work(claimed)

    def conduct():
        marking.wait_until_reached()
        marking.let_go()
        wait_until_somebody_waits_for_a_lock()
        superseding.let_go()

    outcomes = at_once(supersede, perform_it, conduct)
    assert not [one for one in outcomes if isinstance(one, Exception)]
    assert answers.calls_of("charge") == []
    run = EffectRun.objects.get(effect="charge")
    assert (run.state, run.superseded_as, run.sent_at) == ("cancelled", "cancelled", None)
    assert [one["effect"] for one in told()["cancelled"]] == ["charge"]
    assert told()["already_sent"] == []


def test_a_marker_that_comes_first_is_found_by_the_supersession(claimed, clerk, answers):
    arrived = Pause("handler.begun")

    def perform_it():
        with arrived.here():
            work(claimed)

    def supersede():
        arrived.wait_until_reached()
        execute(Order.objects.get().cancel, by=clerk)
        arrived.let_go()

    assert at_once(perform_it, supersede) == [None, None]
    assert len(answers.calls_of("charge")) == 1
    run = EffectRun.objects.get(effect="charge")
    assert (run.state, run.superseded_as) == ("done", "already_sent")
    assert [one["effect"] for one in told()["already_sent"]] == ["charge"]
    assert [one["effect"] for one in told()["will_undo"]] == ["charge"]
    drain()
    assert len(answers.calls_of("refund")) == 1


def test_a_keyed_answer_and_a_supersession_at_once_settle_it_once(order, clerk, answers):
    execute(order.put_aside, by=clerk)
    (run,) = claim("default", 1)
    settling = Pause("run.locked")

    def settle():
        with settling.here():
            work(run)

    def supersede():
        settling.wait_until_reached()
        return execute(Order.objects.get().cancel, by=clerk)

    def conduct():
        settling.wait_until_reached()
        wait_until_somebody_waits_for_a_lock()
        settling.let_go()

    outcomes = at_once(settle, supersede, conduct)
    assert not [one for one in outcomes if isinstance(one, Exception)]
    stored = EffectRun.objects.get(effect="reserve")
    assert (stored.state, stored.superseded_as) == ("done", "")


def test_of_two_who_override_at_once_one_is_told_that_the_other_was_first(order, chief):
    def override_it():
        return override(Order.objects.get(), "paid", by=chief, reason="now", version=0)

    outcomes = at_once(override_it, override_it)
    assert sorted(type(one).__name__ for one in outcomes) == ["Operation", "Stale"]
    assert Operation.objects.filter(kind="override").count() == 1


def test_a_double_click_on_an_override_is_one(order, chief):
    def override_it():
        return override(Order.objects.get(), "paid", by=chief, reason="now", key="k1")

    first, second = at_once(override_it, override_it)
    assert first == second
    assert sorted([first.replayed, second.replayed]) == [False, True]
    assert Order.objects.get().version == 1
