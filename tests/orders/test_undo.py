"""What is done is taken back: once, newest first, in the place of what it undoes."""

import pytest

from tests.orders.models import Order
from tests.orders.workflow import Busy, No, Silent
from workflows_app import accepted
from workflows_app.describe.receipt import receipt
from workflows_app.describe.status import status
from workflows_app.engine import execute
from workflows_app.models import EffectRun, Operation
from workflows_app.ops import resolve, skip
from workflows_app.testing import drain, drain_until_quiet

pytestmark = pytest.mark.django_db(transaction=True)


def undos():
    """What is undone by what, in the order it was asked for."""
    runs = EffectRun.objects.filter(undoes__isnull=False).order_by("version", "position")
    return [(run.effect, run.state, run.undoes.version) for run in runs]


@pytest.fixture
def charged_twice(order, clerk):
    """Two payments are done, the first in version 1, the second in version 2."""
    execute(order.buy, by=clerk)
    execute(order.charge_more, by=clerk)
    drain()
    order.refresh_from_db()
    return order


def test_what_is_done_is_undone_newest_first(charged_twice, clerk, answers):
    operation = execute(charged_twice.take_back, by=clerk)
    assert undos() == [("refund", "queued", 2), ("refund", "held", 1)]
    told = receipt(operation)
    assert [entry["effect"] for entry in told["will_undo"]] == ["charge", "charge"]
    assert (told["already_sent"], told["cancelled"]) == ([], [])
    assert [one["effect"] for one in told["effects"]] == ["refund", "refund"]
    drain()
    first, second = EffectRun.objects.filter(effect="charge").order_by("version")
    assert undos() == [("refund", "done", 2), ("refund", "done", 1)]
    began = [
        EffectRun.objects.get(pk=call.key.split(":")[0]) for call in answers.calls_of("refund")
    ]
    assert [run.undoes_id for run in began] == [second.pk, first.pk]
    assert Operation.objects.filter(transition="refunded").count() == 2


def test_a_second_command_undoes_nothing_again(charged_twice, clerk, chief):
    execute(charged_twice.take_back, by=clerk)
    drain()
    execute(charged_twice.reopen, by=clerk)
    again = execute(charged_twice.take_back, by=clerk)
    assert len(undos()) == 2
    assert receipt(again)["will_undo"] == []


@pytest.mark.lenient  # its handler looks at the run
def test_an_undo_sees_what_it_takes_back(order, clerk, answers):
    seen = []
    answers["charge"] = {"reference": "T-1"}
    answers["refund"] = lambda order, run: seen.append(run.undoes) or {}
    execute(order.buy, by=clerk)
    drain()
    execute(Order.objects.get().take_back, by=clerk)
    drain()
    charge = EffectRun.objects.get(effect="charge")
    (undone,) = seen
    assert (undone.key, undone.data, undone.result) == (
        charge.key,
        charge.data,
        {"reference": "T-1"},
    )
    refund = EffectRun.objects.get(effect="refund")
    assert (refund.data, refund.lane) == ({"address": "Main Street 1"}, charge.lane)


def test_what_has_not_left_needs_no_undo_and_what_is_in_doubt_waits_for_it(order, clerk, answers):
    answers["charge"] = Silent
    execute(order.buy, by=clerk)
    drain()
    execute(order.charge_more, by=clerk)
    execute(order.take_back, by=clerk)
    states = EffectRun.objects.order_by("version").values_list("effect", "state", "superseded_as")
    assert list(states) == [
        ("charge", "in_doubt", "already_sent"),
        ("charge", "cancelled", "cancelled"),
    ]


def test_the_undo_of_what_was_in_doubt_takes_its_place_in_the_lane(
    order, clerk, operator, answers, run_of
):
    answers["charge"] = Silent
    execute(order.buy, by=clerk)
    drain()
    operation = execute(order.take_back, by=clerk)
    execute(Order.objects.get().reopen, by=clerk)
    execute(Order.objects.get().put_aside, by=clerk)
    assert run_of("reserve").state == "held"
    resolve(run_of("charge"), happened=True, by=operator, reason="seen", reference="T-1")
    refund = run_of("refund")
    assert (refund.state, refund.operation, refund.holds_lane) == ("queued", operation, refund.lane)
    assert run_of("reserve").state == "held"
    drain()
    assert [run_of(effect).state for effect in ("refund", "reserve")] == ["done", "done"]


def test_an_undo_is_retried_and_when_it_dies_it_is_an_incident_of_its_owner(
    order, clerk, answers, clock, operator, run_of
):
    execute(order.show, by=clerk)
    execute(order.put_aside, by=clerk)
    drain()
    answers["release"] = answers["unlist"] = Busy
    operation = execute(order.take_back, by=clerk)
    drain_until_quiet(clock)
    assert sorted(undos()) == [("release", "failed", 2), ("unlist", "failed", 1)]
    assert run_of("release").attempts == 3
    document = status(Order.objects.get())
    assert document["phase"] == "blocked"
    assert {entry["effect"]: entry["owner"] for entry in document["work"]} == {
        "release": "a clerk",
        "unlist": "a chief",
    }
    assert receipt(operation)["state"] == "blocked"
    skip(run_of("release"), by=operator, reason="put back by hand")
    assert run_of("release").holds_lane is None


def test_everything_ended_leaves_undos_alone_and_only_their_name_ends_them(
    order, clerk, answers, run_of
):
    execute(order.buy, by=clerk)
    drain()
    execute(Order.objects.get().take_back, by=clerk)
    execute(Order.objects.get().reopen, by=clerk)
    execute(Order.objects.get().start_over, by=clerk)
    assert run_of("refund").state == "queued"
    operation = execute(Order.objects.get().keep_money, by=clerk)
    assert (run_of("refund").state, run_of("refund").superseded_by) == ("cancelled", operation)
    drain()
    assert answers.calls_of("refund") == []


def test_what_an_ended_undo_had_not_taken_back_can_be_undone_later(order, clerk, run_of):
    execute(order.buy, by=clerk)
    drain()
    execute(Order.objects.get().take_back, by=clerk)
    execute(Order.objects.get().keep_money, by=clerk)
    execute(Order.objects.get().reopen, by=clerk)
    operation = execute(Order.objects.get().take_back, by=clerk)
    assert undos() == [("refund", "cancelled", 1), ("refund", "queued", 1)]
    assert run_of("refund").operation == operation


def test_supersedes_alone_leaves_alone_what_is_done(order, clerk, run_of):
    execute(order.buy, by=clerk)
    drain()
    execute(Order.objects.get().cancel, by=clerk)
    assert run_of("refund") is None
    assert run_of("charge").superseded_as == ""


def test_what_is_done_but_not_followed_yet_is_undone_by_what_ends_it(order, clerk, run_of):
    execute(order.buy, by=clerk)
    drain()
    EffectRun.objects.filter(effect="charge").update(follow_up="dead")
    execute(Order.objects.get().cancel, by=clerk)
    assert (run_of("charge").follow_up, run_of("charge").superseded_as) == (
        "unwanted",
        "already_sent",
    )
    assert run_of("refund").state == "queued"


def test_a_person_may_have_undone_what_happened(order, clerk, operator, answers, run_of):
    answers["charge"] = Silent
    execute(order.buy, by=clerk)
    drain()
    operation = resolve(
        run_of("charge"), happened=True, reference="T-1", undo=True, by=operator, reason="twice"
    )
    assert (run_of("charge").state, run_of("charge").follow_up) == ("done", "none")
    assert (run_of("refund").state, run_of("refund").operation) == ("queued", operation)
    assert Order.objects.get().status == "charging"


def test_a_refused_undo_says_so_in_the_timeline(order, clerk, answers, run_of):
    execute(order.put_aside, by=clerk)
    drain()
    answers["release"] = No
    execute(order.take_back, by=clerk)
    drain()
    assert (run_of("release").state, run_of("release").failure["code"]) == ("failed", "no")


def test_what_waits_is_undone_at_once_where_the_contract_says_so(order, clerk, answers, run_of):
    answers["book"] = lambda order, run: accepted("B-1")
    execute(order.arrange, by=clerk)
    drain()
    assert run_of("book").state == "waiting"
    execute(order.cancel, by=clerk)
    booked, unbook = run_of("book"), run_of("unbook")
    assert (booked.state, booked.holds_lane) == ("waiting", None)
    assert (unbook.state, unbook.holds_lane) == ("queued", booked.lane)
