"""What an operation ends: cancelled where it has not left, never sent again where it may have."""

import pytest

from tests.orders.models import Order
from tests.orders.workflow import Busy, No, Silent
from workflows_app import accepted
from workflows_app.contract.people import SYSTEM
from workflows_app.describe.receipt import receipt
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.engine.claim import claim
from workflows_app.engine.perform import perform
from workflows_app.engine.sweep import effect_of, sweep
from workflows_app.models import EffectRun, Operation
from workflows_app.ops import override, resolve
from workflows_app.testing import drain, drain_until_quiet

pytestmark = pytest.mark.django_db(transaction=True)


def states():
    """Each run as effect, state, and what was left of it."""
    runs = EffectRun.objects.order_by("version", "position")
    return [(run.effect, run.state, run.superseded_as) for run in runs]


def effects_of(entries):
    return [entry["effect"] for entry in entries]


def cancel_meanwhile(order, clerk, answer):
    """A handler during which somebody calls the order off."""

    def handler(obj, run):
        execute(Order.objects.get(pk=order.pk).cancel, by=clerk)
        if isinstance(answer, type):
            raise answer
        return answer

    return handler


def test_what_has_not_begun_is_cancelled_and_nothing_of_it_is_ever_sent(order, clerk, answers):
    execute(order.buy, by=clerk)
    execute(order.put_aside, by=clerk)
    operation = execute(order.cancel, by=clerk)
    assert states() == [
        ("charge", "cancelled", "cancelled"),
        ("reserve", "cancelled", "cancelled"),
        ("tell", "queued", ""),
    ]
    told = receipt(operation)
    assert effects_of(told["cancelled"]) == ["charge", "reserve"]
    assert (told["already_sent"], told["will_undo"]) == ([], [])
    drain()
    assert [call.effect for call in answers.calls] == ["tell"]
    assert not EffectRun.objects.exclude(holds_lane=None).exists()


def test_the_operation_whose_work_was_ended_is_superseded(order, clerk):
    bought = execute(order.buy, by=clerk)
    operation = execute(order.cancel, by=clerk)
    told = receipt(bought)
    assert (told["state"], told["done"]) == ("superseded", True)
    assert told["superseded_by"] == str(operation.pk)
    assert told["effects"][0]["superseded"] == "cancelled"
    words = [entry["text"] for entry in timeline(order).entries]
    assert "Charge is not wanted any more; it had not happened, and never will." in words


def test_what_waits_for_a_retry_and_certainly_did_not_leave_is_cancelled(order, clerk, answers):
    answers["reserve"] = Busy
    execute(order.put_aside, by=clerk)
    drain()
    execute(order.cancel, by=clerk)
    assert states()[0] == ("reserve", "cancelled", "cancelled")


@pytest.mark.parametrize(("command", "effect"), [("put_aside", "reserve"), ("show", "enlist")])
def test_what_once_ended_unknown_is_not_sent_again_and_a_person_finds_out(
    order, clerk, answers, clock, command, effect
):
    answers[effect] = Silent
    execute(getattr(order, command), by=clerk)
    drain()
    operation = execute(order.cancel, by=clerk)
    assert states()[0] == (effect, "in_doubt", "already_sent")
    told = receipt(operation)
    assert effects_of(told["already_sent"]) == effects_of(told["will_undo"]) == [effect]
    drain_until_quiet(clock)
    assert len(answers.calls_of(effect)) == 1


@pytest.mark.lenient  # its handlers play the customer
@pytest.mark.parametrize(
    ("command", "effect"), [("buy", "charge"), ("put_aside", "reserve"), ("show", "enlist")]
)
@pytest.mark.parametrize(
    ("answer", "state", "undone"),
    [({}, "done", True), (Busy, "cancelled", False), (No, "cancelled", False),
     (Silent, "in_doubt", False)],
)  # fmt: skip
def test_what_was_under_way_is_settled_as_it_ended_and_nothing_follows_but_its_undo(
    order, clerk, answers, command, effect, answer, state, undone
):
    answers[effect] = cancel_meanwhile(order, clerk, answer)
    execute(getattr(order, command), by=clerk)
    drain()
    assert states()[0] == (effect, state, "already_sent")
    assert not Operation.objects.filter(transition__in=("charged", "halt")).exists()
    run = EffectRun.objects.get(effect=effect)
    undos = list(run.undone_by.values_list("state", "operation__transition"))
    assert undos == ([("done", "cancel")] if undone else [])
    assert len(answers.calls_of(effect)) == 1
    told = receipt(Operation.objects.get(transition="cancel"))
    assert effects_of(told["already_sent"]) == [effect]
    assert bool(told["will_undo"]) is (undone or state == "in_doubt")
    assert told["done"] is (state != "in_doubt")


def test_a_claimed_committed_run_without_its_mark_is_fenced_out(order, clerk, answers):
    execute(order.buy, by=clerk)
    (run,) = claim("default", 1)
    execute(order.cancel, by=clerk)
    assert states()[0] == ("charge", "cancelled", "cancelled")
    perform("default", run, effect_of(run), order)
    assert answers.calls_of("charge") == []
    assert states()[0] == ("charge", "cancelled", "cancelled")


@pytest.mark.parametrize(("command", "effect"), [("put_aside", "reserve"), ("show", "enlist")])
def test_a_claimed_run_that_was_superseded_before_it_began_is_not_begun(
    order, clerk, answers, command, effect
):
    execute(getattr(order, command), by=clerk)
    (run,) = claim("default", 1)
    execute(order.cancel, by=clerk)
    assert states()[0] == (effect, "running", "already_sent")
    perform("default", run, effect_of(run), order)
    assert answers.calls_of(effect) == []
    assert states()[0] == (effect, "cancelled", "already_sent")


def test_a_worker_that_went_away_with_a_superseded_run_leaves_a_doubt_and_no_retry(
    order, clerk, answers, clock
):
    execute(order.put_aside, by=clerk)
    claim("default", 1)
    execute(order.cancel, by=clerk)
    clock.move(minutes=2)
    sweep("default")
    assert states()[0] == ("reserve", "in_doubt", "already_sent")
    drain_until_quiet(clock)
    assert answers.calls_of("reserve") == []


@pytest.mark.parametrize(
    ("happened", "state", "undo"), [(True, "done", "queued"), (False, "cancelled", None)]
)
def test_a_person_says_what_became_of_a_superseded_run(
    order, clerk, operator, answers, run_of, happened, state, undo
):
    answers["charge"] = Silent
    execute(order.buy, by=clerk)
    drain()
    execute(order.cancel, by=clerk)
    known = "T-1" if happened else None
    resolve(run_of("charge"), happened=happened, reference=known, by=operator, reason="asked")
    run = run_of("charge")
    assert (run.state, run.follow_up) == (state, "none")
    asked = run_of("refund")
    assert (asked and asked.state) == undo
    assert run.holds_lane is None
    assert asked is None or asked.holds_lane == run.lane


def test_what_waits_for_its_confirmation_waits_on_and_nothing_follows(order, clerk, answers):
    answers["charge"] = lambda order, run: accepted("T-1")
    execute(order.buy, by=clerk)
    drain()
    operation = execute(order.cancel, by=clerk)
    assert states()[0] == ("charge", "waiting", "already_sent")
    told = receipt(operation)
    assert (told["state"], told["done"]) == ("waiting", False)
    assert effects_of(told["will_undo"]) == ["charge"]


def test_what_comes_later_in_the_lane_waits_behind_what_may_be_outside(order, clerk, answers):
    answers["reserve"] = Silent
    execute(order.put_aside, by=clerk)
    drain()
    execute(order.put_aside, by=clerk)
    execute(order.start_over, by=clerk)
    assert [state for _, state, _ in states()] == ["in_doubt", "cancelled", "held"]


def test_a_failed_run_that_holds_the_lane_lets_go_of_it(order, clerk, answers):
    answers["reserve"] = No
    execute(order.put_aside, by=clerk)
    drain()
    operation = execute(order.start_over, by=clerk)
    assert states() == [("reserve", "cancelled", "cancelled"), ("reserve", "queued", "")]
    assert effects_of(receipt(operation)["cancelled"]) == ["reserve"]


def test_a_survivor_behind_what_was_cancelled_goes_on(order, clerk, answers):
    execute(order.put_aside, by=clerk)
    execute(order.pack, by=clerk)
    execute(order.cancel, by=clerk)
    assert states()[:2] == [("reserve", "cancelled", "cancelled"), ("wrap", "queued", "")]


def test_everything_is_everything_of_its_own_workflow(order, clerk):
    execute(order.show, by=clerk)
    execute(order.pack, by=clerk)
    execute(order.start_over, by=clerk)
    assert states() == [
        ("enlist", "cancelled", "cancelled"),
        ("wrap", "queued", ""),
        ("reserve", "held", ""),
    ]


@pytest.mark.lenient  # its handler plays the contract
def test_what_leads_to_an_operation_is_not_ended_by_it(order, clerk, answers):
    answers["enlist"] = lambda obj, run: run.execute(Order.objects.get().cancel) and {}
    execute(order.show, by=clerk)
    drain()
    assert states()[0] == ("enlist", "done", "")
    order.refresh_from_db()
    assert (order.status, Operation.objects.latest("version").actor) == ("cancelled", "system")


def test_what_was_superseded_once_stays_so(order, clerk, chief, answers):
    answers["charge"] = Silent
    execute(order.buy, by=clerk)
    drain()
    first = execute(order.cancel, by=clerk)
    second = override(order, "open", by=chief, reason="once more")
    assert EffectRun.objects.get(effect="charge").superseded_by == first
    assert receipt(second)["already_sent"] == []


def test_nobody_is_superseded_where_nothing_is_open(order, clerk):
    operation = execute(order.cancel, by=clerk)
    told = receipt(operation)
    assert (told["cancelled"], told["already_sent"], told["will_undo"]) == ([], [], [])


def test_the_system_may_supersede_too(order, clerk):
    execute(order.buy, by=clerk)
    execute(order.cancel, by=SYSTEM)
    assert states()[0] == ("charge", "cancelled", "cancelled")


@pytest.mark.lenient  # its handler plays the customer
def test_a_handler_learns_that_it_is_not_wanted_any_more(order, clerk, answers):
    asked = []

    def ask(obj, run):
        asked.append(run.still_wanted())
        execute(Order.objects.get(pk=order.pk).cancel, by=clerk)
        asked.append(run.still_wanted())
        return {}

    answers["reserve"] = ask
    execute(order.put_aside, by=clerk)
    drain()
    assert asked == [True, False]
