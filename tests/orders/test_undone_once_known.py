"""What was superseded while it was outside is taken back when it is known that it happened.

A ticket for the ferry, whose confirmation comes later; a courier, who is called off at once.
The bank tells of both.
"""

import pytest

from tests.orders.workflow import Busy, Silent
from workflows_app import accepted
from workflows_app.describe.receipt import receipt
from workflows_app.engine import execute, receive
from workflows_app.models import EffectRun, Operation
from workflows_app.ops import resolve
from workflows_app.testing import drain, drain_until_quiet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def superseded(clock, order, clerk, answers):
    """The ferry has taken the ticket's order, nobody knows more, and the order is called off."""
    answers["buy_ticket"] = lambda order, run: accepted("F-1")
    execute(order.ship, by=clerk)
    drain()
    order.refresh_from_db()
    return execute(order.cancel, by=clerk)


@pytest.fixture
def doubtful(clock, order, clerk, answers):
    """The ferry did not answer, and the order is called off."""
    answers["buy_ticket"] = Silent
    execute(order.ship, by=clerk)
    drain()
    order.refresh_from_db()
    return execute(order.cancel, by=clerk)


@pytest.fixture
def called_off(clock, order, clerk, answers):
    """The courier has taken the booking, and the order is called off: so is he, at once."""
    answers["book"] = lambda order, run: accepted("C-1")
    answers["unbook"] = Busy
    execute(order.arrange, by=clerk)
    drain()
    order.refresh_from_db()
    return execute(order.cancel, by=clerk)


def ferry(id="f1", **said):
    return receive("bank", id, "ticket.answered", {"data": {"reference": "F-1", **said}})


def courier(id="c1", **said):
    return receive("bank", id, "booking.answered", {"data": {"reference": "C-1", **said}})


def states():
    """Every run but the customer's letter, as effect and state."""
    runs = EffectRun.objects.exclude(effect="tell").order_by("version", "position")
    return [(run.effect, run.state) for run in runs]


def test_what_waits_is_undone_when_its_confirmation_comes(superseded, answers, run_of, clock):
    drain()
    assert states() == [("buy_ticket", "waiting")]
    assert ferry().state == "matched"
    bought, undo = run_of("buy_ticket"), run_of("return_ticket")
    assert (bought.state, bought.follow_up, bought.holds_lane) == ("done", "none", None)
    assert (undo.state, undo.undoes, undo.operation) == ("queued", bought, superseded)
    assert undo.holds_lane == bought.lane
    drain_until_quiet(clock)
    assert states() == [("buy_ticket", "done"), ("return_ticket", "done")]
    assert [len(answers.calls_of(one)) for one in ("buy_ticket", "return_ticket")] == [1, 1]
    assert not Operation.objects.filter(transition="ticketed").exists()
    told = receipt(superseded)
    assert [one["effect"] for one in told["will_undo"]] == ["buy_ticket"]
    assert (told["done"], told["state"]) == (True, "completed")


def test_the_same_confirmation_twice_undoes_it_once(superseded, answers, clock):
    ferry()
    ferry()
    ferry("f2")
    drain_until_quiet(clock)
    assert states() == [("buy_ticket", "done"), ("return_ticket", "done")]
    assert len(answers.calls_of("return_ticket")) == 1


def test_what_waits_and_is_then_refused_is_cancelled_and_not_undone(superseded, answers, clock):
    ferry(refused=True)
    drain_until_quiet(clock)
    assert states() == [("buy_ticket", "cancelled")]
    assert answers.calls_of("return_ticket") == []
    assert receipt(superseded)["done"]


def test_what_was_not_confirmed_in_time_is_undone_when_the_probe_has_found_it(
    superseded,
    answers,
    clock,
):
    answers["find_ticket"] = {"reference": "F-1"}
    clock.move(days=1)
    drain_until_quiet(clock)
    assert states() == [("buy_ticket", "done"), ("return_ticket", "done")]


def test_what_never_arrived_is_cancelled_and_neither_sent_again_nor_undone(
    doubtful,
    answers,
    run_of,
    clock,
):
    assert states() == [("buy_ticket", "in_doubt")]
    answers["find_ticket"] = Busy
    drain_until_quiet(clock)
    run = run_of("buy_ticket")
    assert (run.state, run.superseded_as, run.follow_up) == ("cancelled", "already_sent", "none")
    assert run.failure["code"] == "never_arrived"
    assert (run.holds_lane, run.due) == (None, None)
    assert len(answers.calls_of("buy_ticket")) == 1
    assert answers.calls_of("return_ticket") == []
    assert receipt(doubtful)["done"]


def test_what_was_found_never_to_have_arrived_is_cancelled_as_soon_as_nobody_wants_it(
    clock,
    order,
    clerk,
    answers,
    run_of,
):
    answers["buy_ticket"], answers["find_ticket"] = Silent, Busy
    execute(order.ship, by=clerk)
    drain_until_quiet(clock)
    assert (run_of("buy_ticket").state, run_of("buy_ticket").due) == ("in_doubt", None)
    order.refresh_from_db()
    operation = execute(order.cancel, by=clerk)
    assert states() == [("buy_ticket", "cancelled")]
    assert [one["effect"] for one in receipt(operation)["cancelled"]] == ["buy_ticket"]
    assert receipt(operation)["already_sent"] == receipt(operation)["will_undo"] == []
    drain_until_quiet(clock)
    assert len(answers.calls_of("buy_ticket")) == 1


def test_the_probe_of_what_was_superseded_finds_it_and_it_is_undone(doubtful, answers, clock):
    answers["find_ticket"] = {"reference": "F-1"}
    drain_until_quiet(clock)
    assert states() == [("buy_ticket", "done"), ("return_ticket", "done")]
    assert len(answers.calls_of("buy_ticket")) == 1


def test_who_says_later_that_it_did_arrive_contradicts(doubtful, answers, run_of, clock):
    answers["find_ticket"] = Busy
    drain_until_quiet(clock)
    message = ferry(reference=run_of("buy_ticket").key)
    assert (message.state, message.note["code"]) == ("matched", "contradicts")
    assert run_of("buy_ticket").contradiction is not None
    assert EffectRun.objects.unresolved().get() == run_of("buy_ticket")


def test_an_undo_of_what_waits_is_taken_back_when_that_is_refused(
    called_off, answers, run_of, clock
):
    assert states() == [("book", "waiting"), ("unbook", "queued")]
    drain()  # they are busy, so it has not left
    assert courier(refused=True).state == "matched"
    assert states() == [("book", "cancelled"), ("unbook", "cancelled")]
    asked = len(answers.calls_of("unbook"))
    drain_until_quiet(clock)
    assert len(answers.calls_of("unbook")) == asked == 1
    assert not EffectRun.objects.exclude(holds_lane=None).exists()
    assert receipt(called_off)["done"]
    assert courier("c2").note["code"] == "contradicts"
    assert run_of("book").contradiction is not None


def test_an_undo_of_what_waits_stays_the_only_one_when_that_is_confirmed(
    called_off,
    answers,
    clock,
):
    answers["unbook"] = {}
    courier()
    assert states() == [("book", "done"), ("unbook", "queued")]
    drain_until_quiet(clock)
    assert states() == [("book", "done"), ("unbook", "done")]
    assert len(answers.calls_of("unbook")) == 1


def test_an_undo_that_went_before_the_refusal_came_stays_as_it_is(called_off, answers, clock):
    answers["unbook"] = {}
    drain_until_quiet(clock)
    courier(refused=True)
    assert states() == [("book", "cancelled"), ("unbook", "done")]
    drain_until_quiet(clock)
    assert len(answers.calls_of("unbook")) == 1


def test_what_comes_later_in_the_lane_waits_for_what_is_undone_early(
    called_off,
    order,
    clerk,
    answers,
    run_of,
    clock,
):
    answers["unbook"] = {}
    order.refresh_from_db()
    execute(order.reopen, by=clerk)
    execute(order.put_aside, by=clerk)
    assert run_of("reserve").state == "held"
    drain_until_quiet(clock)
    assert (run_of("unbook").state, run_of("reserve").state) == ("done", "done")


def test_a_person_says_of_a_superseded_wait_that_it_did_not_happen(
    superseded,
    operator,
    answers,
    run_of,
    clock,
):
    clock.move(days=3)
    answers["find_ticket"] = None
    drain_until_quiet(clock)
    assert run_of("buy_ticket").state == "in_doubt"
    resolve(run_of("buy_ticket"), happened=False, by=operator, reason="asked them")
    assert states() == [("buy_ticket", "cancelled")]
    assert ferry().note["code"] == "contradicts"
