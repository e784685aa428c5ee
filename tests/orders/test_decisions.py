"""People have a run tried now, begin again, or be decided about: with a reason and a key."""

from datetime import timedelta

import pytest

from tests.orders.models import Order
from tests.orders.workflow import Busy, No, Silent
from workflows_app import accepted
from workflows_app.engine import execute
from workflows_app.failures import Forbidden, Invalid, KeyReused, NotAllowed, Stale
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.ops import replay, resolve, retry_now, skip
from workflows_app.testing import drain, drain_until_quiet

pytestmark = pytest.mark.django_db(transaction=True)

NOW = {"reason": "They say that they are up again."}


@pytest.fixture
def failed(order, clerk, answers, run_of):
    """A reservation that was refused."""
    answers["reserve"] = No
    execute(order.put_aside, by=clerk)
    drain()
    answers["reserve"] = {}
    return run_of("reserve")


def test_a_retry_is_made_now(order, clerk, operator, answers, run_of, clock):
    answers["reserve"] = [Busy, {}]
    execute(order.put_aside, by=clerk)
    drain()
    operation = retry_now(run_of("reserve"), by=operator, **NOW)
    drain()
    assert (run_of("reserve").state, run_of("reserve").attempts) == ("done", 2)
    assert (operation.kind, operation.transition) == ("operator", "retry_now")
    assert Event.objects.get(kind="retried").actor == f"user:{operator.pk}"


def test_a_follow_up_is_tried_now(order, clerk, operator, run_of, clock):
    execute(order.buy, by=clerk)
    drain()
    EffectRun.objects.update(follow_up="pending", follow_up_due=clock.now + timedelta(hours=1))
    retry_now(run_of("charge"), by=operator, **NOW)
    drain()
    assert run_of("charge").follow_up != "pending"


def test_what_waits_for_nothing_of_its_own_is_not_done_now(order, clerk, operator, failed, answers):
    with pytest.raises(NotAllowed, match="failed; there is nothing"):
        retry_now(failed, by=operator, **NOW)
    answers["charge"] = lambda order, run: accepted("T")
    execute(order.buy, by=clerk)
    with pytest.raises(NotAllowed, match="held"):
        retry_now(EffectRun.objects.get(effect="charge"), by=operator, **NOW)


def test_what_failed_begins_again_under_its_key(order, operator, failed, answers, run_of):
    operation = replay(failed, by=operator, **NOW)
    assert (run_of("reserve").state, run_of("reserve").attempts) == ("queued", 0)
    drain()
    assert run_of("reserve").state == "done"
    assert len(set(answers.keys_of("reserve"))) == 1
    assert operation.data == {"run": str(failed.pk), "effect": "reserve", "new_intent": False}


def test_everything_of_an_operation_that_failed_begins_again(order, operator, failed, run_of):
    replay(failed.operation, by=operator, **NOW)
    assert run_of("reserve").state == "queued"
    with pytest.raises(NotAllowed, match="Nothing has failed"):
        replay(failed.operation, by=operator, **NOW)


def test_its_budget_is_new_and_bounded_again(order, operator, failed, answers, run_of, clock):
    answers["reserve"] = Busy
    replay(failed, by=operator, **NOW)
    drain_until_quiet(clock)
    assert (run_of("reserve").state, run_of("reserve").attempts) == ("failed", 3)


def test_after_the_window_of_its_key_it_is_refused_and_a_new_intent_has_a_new_key(
    order, operator, failed, answers, run_of, clock
):
    clock.move(hours=24)
    with pytest.raises(NotAllowed, match="new intent"):
        replay(failed, by=operator, **NOW)
    replay(failed, new_intent=True, by=operator, **NOW)
    drain()
    assert (run_of("reserve").state, run_of("reserve").generation) == ("done", 2)
    assert answers.keys_of("reserve") == [f"{failed.pk}:1", f"{failed.pk}:2"]


def test_a_replay_that_is_claimed_only_after_the_window_is_not_sent(
    order, operator, failed, answers, run_of, clock
):
    clock.move(hours=23)
    replay(failed, by=operator, **NOW)
    clock.move(hours=2)
    drain()
    assert (run_of("reserve").state, run_of("reserve").failure["code"]) == ("failed", "key_expired")
    assert len(answers.calls_of("reserve")) == 1


def test_what_is_done_is_done_again_only_as_a_new_intent(order, clerk, operator, answers, run_of):
    execute(order.put_aside, by=clerk)
    drain()
    with pytest.raises(NotAllowed, match="done; only what failed"):
        replay(run_of("reserve"), by=operator, **NOW)
    replay(run_of("reserve"), new_intent=True, by=operator, **NOW)
    drain()
    assert len(set(answers.keys_of("reserve"))) == 2


def test_what_could_not_be_followed_does_not_begin_again(order, clerk, operator, answers, run_of):
    answers["charge"] = No
    execute(order.buy, by=clerk)
    drain()
    assert Order.objects.get().status == "halted"
    with pytest.raises(NotAllowed, match="Charged follows, which is not possible from Halted"):
        replay(run_of("charge"), by=operator, **NOW)


def test_a_dead_follow_up_is_tried_again_and_its_run_left_alone(
    order, clerk, operator, answers, run_of
):
    execute(order.buy, by=clerk)
    drain()
    EffectRun.objects.update(follow_up="dead")
    replay(run_of("charge"), by=operator, **NOW)
    drain()
    assert run_of("charge").follow_up != "dead"
    assert len(answers.calls_of("charge")) == 1


def test_what_was_superseded_or_undone_does_not_begin_again(order, clerk, operator, run_of):
    execute(order.put_aside, by=clerk)
    drain()
    execute(order.take_back, by=clerk)
    with pytest.raises(NotAllowed, match="It was undone"):
        replay(run_of("reserve"), new_intent=True, by=operator, **NOW)
    execute(Order.objects.get().reopen, by=clerk)
    execute(Order.objects.get().put_aside, by=clerk)
    execute(Order.objects.get().cancel, by=clerk)
    with pytest.raises(NotAllowed) as refused:
        replay(run_of("reserve"), by=operator, **NOW)
    assert [reason.code for reason in refused.value.reasons] == ["superseded"]


@pytest.mark.parametrize("verb", [retry_now, replay, skip])
def test_every_verb_has_a_permission_a_reason_a_version_and_a_key(
    order, clerk, operator, failed, verb
):
    with pytest.raises(Forbidden, match="You need the permission workflows_app"):
        verb(failed, by=clerk, **NOW)
    with pytest.raises(Invalid, match="Say why"):
        verb(failed, by=operator, reason=" ")
    with pytest.raises(Stale):
        verb(failed, by=operator, version=0, **NOW)


def test_a_second_click_is_the_first_decision(order, operator, failed):
    first = replay(failed, by=operator, key="k", version=1, **NOW)
    again = replay(failed, by=operator, key="k", version=1, **NOW)
    assert (again, again.replayed) == (first, True)
    with pytest.raises(KeyReused):
        skip(failed, by=operator, key="k", **NOW)
    assert Operation.objects.filter(kind="operator").count() == 1


def test_a_new_intent_has_a_permission_of_its_own(order, failed, operator):
    from django.contrib.auth.models import Permission

    operator.user_permissions.remove(Permission.objects.get(codename="replay_run_anew"))
    operator = type(operator).objects.get(pk=operator.pk)
    with pytest.raises(Forbidden, match="replay_run_anew"):
        replay(failed, new_intent=True, by=operator, **NOW)


def test_what_happened_is_known_by_its_reference(order, clerk, operator, answers, run_of):
    answers["charge"] = Silent
    execute(order.buy, by=clerk)
    drain()
    resolve(run_of("charge"), happened=True, reference="T-9", by=operator, reason="seen")
    run = run_of("charge")
    assert (run.reference, run.result) == ("T-9", {"reference": "T-9"})
    assert Order.objects.get().status == "paid"


def test_only_what_happened_is_undone(order, clerk, operator, answers, run_of):
    answers["reserve"] = answers["release"] = Silent
    execute(order.put_aside, by=clerk)
    drain()
    with pytest.raises(Invalid, match="needs no undo"):
        resolve(run_of("reserve"), happened=False, undo=True, by=operator, reason="no")
