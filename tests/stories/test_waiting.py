"""What the outside has accepted waits for its confirmation, but not for ever."""

from datetime import timedelta

import pytest
from django.db import transaction

from tests.testapp.bills import AccountRefused, BankBusy
from tests.testapp.models import Bill
from workflows_app import accepted
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.engine.answers import Failed, Happened
from workflows_app.engine.outside import Told, settle_from_outside
from workflows_app.engine.sweep import effect_of
from workflows_app.failures import Recorded
from workflows_app.models import EffectRun, Event, EventKind, Operation
from workflows_app.ops import resolve, skip
from workflows_app.testing import drain, drain_until_quiet

from .bills import outcomes, the_run

pytestmark = pytest.mark.django_db

SETTLED = Happened({"reference": "T-1"})
REFUSED = Failed(Recorded("account_refused", "The bank refused the account.", "rejected"))


@pytest.fixture
def waiting(clock, bill, treasurer, answers):
    """The bank has accepted its transfer."""
    answers["transfer"] = accepted("T-1")
    execute(bill.give_away, by=treasurer)
    drain()
    bill.refresh_from_db()
    assert (the_run().state, the_run().reference) == ("waiting", "T-1")
    return bill


@pytest.fixture
def ordered(clock, bill, treasurer, answers):
    """An order was accepted; it is asked for every ten minutes."""
    answers["order"] = accepted()
    execute(bill.place_order, by=treasurer)
    drain()
    assert the_run().state == "waiting"
    return bill


def tell(answer, kind=EventKind.CONFIRMED):
    """What a message makes of the run, under the locks."""
    with transaction.atomic():
        obj = Bill.objects.select_for_update().get()
        run = EffectRun.objects.select_for_update().get()
        return settle_from_outside(
            "default", run, effect_of(run), answer, obj, kind=kind, actor="message:1"
        )


def test_what_was_accepted_moves_the_object_and_then_waits(waiting, clock):
    run = the_run()
    assert (waiting.status, run.follow_up) == ("sent", "done")
    assert run.due == run.deadline == clock.now + timedelta(days=3)
    assert outcomes(run) == [("attempt", "accepted")]


@pytest.mark.parametrize(
    ("answer", "state", "stage"), [(SETTLED, "done", "paid"), (REFUSED, "failed", "halted")]
)
def test_what_the_outside_says_settles_it(waiting, answer, state, stage):
    assert tell(answer) == Told.SETTLED
    waiting.refresh_from_db()
    assert (the_run().state, waiting.status) == (state, stage)
    assert the_run().holds_lane is None
    assert outcomes(the_run())[-1] == ("confirmed", "done" if state == "done" else "failed")


def test_said_twice_it_counts_once(waiting):
    assert (tell(SETTLED), tell(SETTLED)) == (Told.SETTLED, Told.KNOWN)
    waiting.refresh_from_db()
    assert waiting.version == 3


def test_what_contradicts_it_is_kept_and_an_incident_until_a_person_has_looked(waiting, operator):
    tell(SETTLED)
    assert tell(REFUSED) == Told.CONTRADICTS
    run = the_run()
    assert (run.state, run.contradiction["by"]) == ("done", "confirmed")
    assert outcomes(run)[-1][0] == "contradicted"
    assert "Somebody has to look." in timeline(waiting).entries[-1]["text"]


def test_what_is_under_way_or_has_not_begun_is_told_again_later(bill, treasurer):
    execute(bill.give_away, by=treasurer)
    assert tell(SETTLED) == Told.LATER
    EffectRun.objects.update(state="running", attempts=1, fence=1)
    assert tell(SETTLED) == Told.LATER
    assert the_run().events.count() == 0


def test_what_failed_to_answer_and_is_to_be_tried_again_is_settled_too(bill, treasurer, answers):
    answers["transfer"] = BankBusy
    execute(bill.give_away, by=treasurer)
    drain()
    assert the_run().state == "queued"
    assert tell(SETTLED) == Told.SETTLED
    assert the_run().state == "done"


@pytest.fixture
def blocked(bill, treasurer, answers, clock):
    """The bank has accepted it, and what follows that could not run yet."""
    Bill.objects.update(blocked=True)
    answers["transfer"] = accepted("T-1")
    execute(bill.give_away, by=treasurer)
    drain()
    assert (the_run().state, the_run().follow_up) == ("waiting", "pending")
    return bill


def test_what_follows_the_acceptance_goes_before_what_follows_the_end(blocked):
    Bill.objects.update(blocked=False)
    assert tell(SETTLED) == Told.SETTLED
    transitions = Operation.objects.order_by("version").values_list("transition", flat=True)
    assert list(transitions) == ["create", "give_away", "send", "settle"]
    assert the_run().follow_up == "done"


def test_as_long_as_it_cannot_the_end_is_stored_and_followed_up_later(blocked, clock):
    assert tell(SETTLED) == Told.SETTLED
    assert (the_run().state, the_run().follow_up) == ("done", "pending")
    Bill.objects.update(blocked=False)
    clock.move(minutes=1)
    drain()
    blocked.refresh_from_db()
    assert (blocked.status, blocked.version) == ("paid", 3)


def test_if_it_never_can_somebody_has_to_look(blocked, clock):
    tell(SETTLED)
    drain_until_quiet(clock)
    assert (the_run().state, the_run().follow_up) == ("done", "dead")


def test_what_is_done_at_once_was_accepted_too(bill, treasurer, answers):
    answers["transfer"] = {"reference": "T-1"}
    execute(bill.give_away, by=treasurer)
    drain()
    transitions = Operation.objects.order_by("version").values_list("transition", flat=True)
    assert list(transitions) == ["create", "give_away", "send", "settle"]


def test_where_the_object_has_moved_on_meanwhile_neither_follows(blocked, treasurer):
    execute(blocked.stop, by=treasurer)
    assert tell(SETTLED) == Told.SETTLED
    assert (the_run().state, the_run().follow_up) == ("done", "unwanted")


def test_nobody_confirms_in_time_the_probe_is_asked_once_and_then_it_is_in_doubt(
    waiting, answers, clock
):
    clock.move(days=3)
    drain()
    run = the_run()
    assert (run.state, run.failure["code"]) == ("in_doubt", "not_confirmed")
    assert outcomes(run)[-2:] == [("probed", "unknown"), ("unconfirmed", None)]
    assert run.deadline == clock.now + timedelta(hours=4)
    waiting.refresh_from_db()
    assert waiting.status == "late"


def test_what_the_probe_knows_at_the_last_moment_counts(waiting, answers, clock):
    answers["find"] = {"reference": "T-1"}
    clock.move(days=3)
    drain()
    waiting.refresh_from_db()
    assert (the_run().state, waiting.status) == ("done", "paid")


def test_what_is_only_accepted_is_not_confirmed_and_ends_with_a_person(waiting, answers, clock):
    answers["find"] = accepted("T-1")
    drain_until_quiet(clock)
    run = the_run()
    assert (run.state, run.failure["code"], run.due) == ("in_doubt", "not_confirmed", None)
    assert len([1 for kind, _ in outcomes(run) if kind == "unconfirmed"]) == 1


def test_a_confirmation_after_the_time_still_counts(waiting, clock):
    clock.move(days=3)
    drain()
    assert tell(SETTLED) == Told.SETTLED
    waiting.refresh_from_db()
    assert (waiting.status, the_run().state) == ("paid", "done")


def test_one_that_is_asked_for_all_the_while_is_settled_by_the_probe(ordered, answers, clock):
    answers["find"] = [accepted(), None, {"reference": "T"}]
    drain_until_quiet(clock)
    run = the_run()
    assert (run.state, run.attempts) == ("done", 1)
    times = [event.at for event in Event.objects.filter(kind="probed").order_by("at")]
    assert [late - early for early, late in zip(times, times[1:], strict=False)] == [
        pytest.approx(timedelta(minutes=10), abs=timedelta(seconds=1))
    ] * 2
    ordered.refresh_from_db()
    assert ordered.status == "paid"


def test_a_question_spends_nothing_of_the_budget(ordered, answers, clock):
    answers["find"] = [None] * 5 + [AccountRefused]
    drain_until_quiet(clock)
    assert (the_run().state, the_run().attempts) == ("failed", 1)


def test_without_a_probe_nobody_is_asked(bill, treasurer, answers, clock):
    answers["pay_blindly"] = accepted()
    execute(bill.pay_in_the_dark, by=treasurer)
    drain_until_quiet(clock)
    run = the_run()
    assert (run.state, run.due, run.failure["code"]) == ("in_doubt", None, "not_confirmed")
    assert outcomes(run) == [("attempt", "accepted"), ("unconfirmed", None)]


def test_a_person_who_knows_need_not_wait(waiting, operator):
    resolve(the_run(), happened=True, by=operator, reason="on the account", reference="T-1")
    waiting.refresh_from_db()
    assert (the_run().state, waiting.status) == ("done", "paid")


def test_or_goes_on_without_it(waiting, operator):
    skip(the_run(), by=operator, reason="paid in cash")
    assert (the_run().state, the_run().holds_lane) == ("skipped", None)
