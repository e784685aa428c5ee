"""The whole rule at once: every class of effect, in every state a run can be in, is superseded."""

from datetime import timedelta

import pytest
from django.utils import timezone

from workflows_app.engine import execute
from workflows_app.models import EffectRun, Event, FollowUp

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_is_broken():
    """These rows were made by hand: no worker has claimed what is running, and so on."""


CLASSES = {"committed": ("buy", "charge"), "keyed": ("put_aside", "reserve")}
CLASSES["replay_safe"] = ("show", "enlist")
UNSETTLED = ("held", "queued", "running", "waiting", "in_doubt")


def expected(safety, state, marked, unknown):
    """What is left of the run and where it stands, in the words of the design."""
    if state in ("waiting", "in_doubt"):
        return "already_sent", state
    if state == "running" and (safety != "committed" or marked):
        return "already_sent", "running"
    return ("already_sent", "in_doubt") if unknown else ("cancelled", "cancelled")


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("state", UNSETTLED)
@pytest.mark.parametrize("safety", CLASSES)
def test_what_is_left_of_a_run(order, clerk, safety, state, marked, unknown):
    command, effect = CLASSES[safety]
    execute(getattr(order, command), by=clerk)
    lane = EffectRun.objects.get().lane
    EffectRun.objects.update(
        state=state,
        fence=7,
        sent_fence=7 if marked else None,
        may_have_happened=unknown,
        holds_lane=None if state == "held" else lane,
        lease_until=timezone.now() + timedelta(minutes=1) if state == "running" else None,
    )
    operation = execute(order.cancel, by=clerk)
    run = EffectRun.objects.get(effect=effect)
    left, stands = expected(safety, state, marked, unknown)
    assert (run.superseded_as, run.state, run.superseded_by) == (left, stands, operation)
    untouched = stands == state and state in ("running", "waiting", "in_doubt")
    assert run.fence == (7 if untouched else 8)
    assert (run.holds_lane is None) is (stands == "cancelled" or state == "held" or lane is None)
    assert (run.finished_at is not None) is (stands == "cancelled")
    event = Event.objects.get(run=run, kind="superseded")
    assert event.data == {"as": left, "was": state, "by": str(operation.pk)}
    assert event.actor == f"user:{clerk.pk}"


@pytest.mark.parametrize(
    ("state", "follow_up", "left", "stands", "after"),
    [
        ("done", FollowUp.PENDING, "already_sent", "done", FollowUp.UNWANTED),
        ("done", FollowUp.DEAD, "already_sent", "done", FollowUp.UNWANTED),
        ("done", FollowUp.DONE, "", "done", FollowUp.DONE),
        ("failed", FollowUp.NONE, "cancelled", "cancelled", FollowUp.NONE),
        ("failed", FollowUp.PENDING, "cancelled", "cancelled", FollowUp.NONE),
        ("failed", FollowUp.DONE, "", "failed", FollowUp.DONE),
        ("skipped", FollowUp.NONE, "", "skipped", FollowUp.NONE),
    ],
)
def test_of_what_is_settled_only_what_is_still_to_follow_is_ended(
    order, clerk, state, follow_up, left, stands, after
):
    execute(order.buy, by=clerk)
    EffectRun.objects.update(state=state, follow_up=follow_up, follow_up_due=timezone.now())
    execute(order.cancel, by=clerk)
    run = EffectRun.objects.get(effect="charge")
    assert (run.superseded_as, run.state, run.follow_up) == (left, stands, after)
    if left == "cancelled":
        assert run.holds_lane is None
