"""Effects that belong together: in order, side by side, nested; and what follows from them all."""

import pytest

from tests.engine.conftest import person
from tests.testapp import remote
from tests.testapp.holidays import Busy, NoReply, SoldOut
from tests.testapp.models import Holiday
from workflows_app.describe.receipt import receipt
from workflows_app.describe.status import status
from workflows_app.engine import execute
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.ops import resolve, skip
from workflows_app.testing import broken_promises, drain, drain_until_quiet

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(people):
    return person("agent", "view_holiday", "resolve_run", "skip_run")


@pytest.fixture
def ask(agent):
    """Give a command to a new holiday; it stands as it is after it."""

    def give(name):
        holiday = Holiday.objects.create(title=name)
        execute(getattr(holiday, name), by=agent)
        return holiday

    return give


@pytest.fixture(autouse=True)
def answers(answers):
    for effect in ("book_flight", "book_hotel", "ask_weather", "ask_price", "ask_friend"):
        answers[effect] = {"from": effect}
    return answers


def states(holiday):
    """Each effect's state; groups are told by their way and position."""
    runs = EffectRun.objects.filter(object_type="testapp.holiday", object_id=str(holiday.pk))
    return {run.effect: run.state for run in runs.order_by("version", "position")}


def group_of(effect):
    return EffectRun.objects.get(effect=effect).group


def fresh(holiday):
    return Holiday.objects.get(pk=holiday.pk)


def called(answers):
    return [call.effect for call in answers.calls]


def test_steps_in_order_go_one_after_the_other_and_then_it_goes_on(ask, answers):
    holiday = ask("book")
    assert states(holiday) == {
        "in_order": "held",
        "book_flight": "queued",
        "book_hotel": "held",
        "tell_guest": "held",
    }
    drain()
    assert called(answers) == ["book_flight", "book_hotel", "tell_guest"]
    assert set(states(holiday).values()) == {"done"}
    assert fresh(holiday).status == "booked"
    group = group_of("book_hotel")
    assert Operation.objects.get(transition="confirm").cause == group.as_cause()
    assert group.result == {
        "book_flight": {"from": "book_flight"},
        "book_hotel": {"from": "book_hotel"},
        "tell_guest": {},
    }
    assert fresh(holiday).findings == {
        "book_flight": {"from": "book_flight"},
        "book_hotel": {"from": "book_hotel"},
    }


def test_what_each_says_for_itself_is_replaced_by_what_the_group_says(ask):
    holiday = ask("book")
    drain()
    assert Operation.objects.filter(transition="confirm").count() == 1
    assert list(Operation.objects.filter(cause__startswith="run:").values_list("cause")) == [
        (group_of("book_hotel").as_cause(),)
    ]
    assert not broken_promises(holiday)


def test_the_first_failure_stops_what_would_come_after(ask, answers):
    answers["book_flight"] = SoldOut
    holiday = ask("book")
    drain()
    assert called(answers) == ["book_flight"]
    assert states(holiday) == {
        "in_order": "failed",
        "book_flight": "failed",
        "book_hotel": "cancelled",
        "tell_guest": "cancelled",
    }
    assert (fresh(holiday).status, fresh(holiday).trouble) == ("broken", "sold_out")
    assert fresh(holiday).findings == {"book_flight": None, "book_hotel": None}
    assert EffectRun.objects.get(effect="book_flight").follow_up == "done"
    assert not EffectRun.objects.exclude(holds_lane=None).exists()
    assert not EffectRun.objects.unresolved().exists()


def test_side_by_side_all_go_at_once_and_the_last_one_settles_it(ask, answers, clock):
    answers["ask_price"] = [Busy, {"euro": 100}]
    holiday = ask("compare")
    assert states(holiday) == {"together": "held", "ask_weather": "queued", "ask_price": "queued"}
    drain()
    assert states(holiday) == {"together": "held", "ask_weather": "done", "ask_price": "queued"}
    assert fresh(holiday).status == "booking"
    drain_until_quiet(clock)
    assert fresh(holiday).status == "booked"
    assert fresh(holiday).findings == {"ask_price": {"euro": 100}}


def test_side_by_side_a_failure_waits_for_the_others(ask, answers, clock):
    answers["ask_weather"] = SoldOut
    answers["ask_price"] = [Busy, {"euro": 100}]
    holiday = ask("compare")
    drain()
    assert (fresh(holiday).status, states(holiday)["together"]) == ("booking", "held")
    drain_until_quiet(clock)
    assert (fresh(holiday).status, fresh(holiday).trouble) == ("broken", "sold_out")
    assert fresh(holiday).findings == {"ask_price": {"euro": 100}}


def test_as_many_as_it_needs_are_enough(ask, answers):
    answers["ask_weather"] = answers["ask_price"] = SoldOut
    holiday = ask("guess")
    drain()
    assert fresh(holiday).status == "booked"
    assert fresh(holiday).findings == {"ask_price": None, "ask_friend": {"from": "ask_friend"}}
    assert states(holiday)["together"] == "done"


def test_fewer_than_it_needs_are_a_failure_and_the_first_one_is_its_cause(ask, answers):
    answers["ask_weather"] = SoldOut
    answers["ask_price"] = answers["ask_friend"] = ZeroDivisionError
    ask("guess")
    drain()
    assert states(Holiday.objects.get())["together"] == "held"
    EffectRun.objects.filter(state="queued").update(attempts=29)
    EffectRun.objects.filter(state="queued").update(due="2026-01-01T00:00Z")
    drain()
    assert Holiday.objects.get().trouble == "sold_out"


def test_groups_nest_and_their_data_is_flat(ask, answers):
    answers["ask_weather"] = SoldOut
    holiday = ask("plan")
    runs = EffectRun.objects.order_by("position")
    assert [(run.effect, run.state) for run in runs] == [
        ("in_order", "held"),
        ("together", "held"),
        ("ask_weather", "queued"),
        ("ask_price", "queued"),
        ("in_order", "held"),
        ("book_flight", "held"),
        ("book_hotel", "held"),
        ("tell_guest", "queued"),
    ]
    drain()
    assert called(answers)[-2:] == ["book_flight", "book_hotel"]
    assert fresh(holiday).status == "booked"
    assert fresh(holiday).findings == {
        "ask_price": {"from": "ask_price"},
        "book_flight": {"from": "book_flight"},
        "book_hotel": {"from": "book_hotel"},
    }


def test_a_needed_failure_deep_inside_ends_all_around_it(ask, answers):
    answers["ask_price"] = SoldOut
    holiday = ask("plan")
    drain()
    assert called(answers) == ["ask_weather", "ask_price", "tell_guest"]
    assert (fresh(holiday).status, fresh(holiday).trouble) == ("broken", "sold_out")
    left = EffectRun.objects.filter(state="cancelled").values_list("effect", flat=True)
    assert sorted(left) == ["book_flight", "book_hotel", "in_order"]
    assert not EffectRun.objects.unresolved().exists()


def test_an_order_steps_over_what_it_does_not_need(ask, answers):
    answers["ask_friend"] = SoldOut
    holiday = ask("ask_around")
    drain()
    assert called(answers) == ["ask_friend", "book_flight", "tell_guest"]
    assert states(holiday)["in_order"] == "done"
    assert [run.effect for run in EffectRun.objects.unresolved()] == ["ask_friend"]


def test_a_group_that_says_nothing_leaves_its_members_what_they_say(ask, answers):
    holiday = ask("stay")
    answers["book_hotel"] = SoldOut
    drain()
    assert (fresh(holiday).status, fresh(holiday).trouble) == ("broken", "sold_out")
    assert states(holiday) == {
        "in_order": "failed",
        "book_hotel": "failed",
        "tell_guest": "cancelled",
    }
    assert not EffectRun.objects.exclude(holds_lane=None).exists()


def test_a_failure_that_nobody_answers_keeps_its_lane_until_it_is_skipped(ask, answers, agent):
    answers["book_flight"] = SoldOut
    holiday = ask("ask_around")
    drain()
    assert states(holiday)["tell_guest"] == "cancelled"
    execute(holiday.rebook, by=agent)
    first, second = EffectRun.objects.filter(effect="book_flight").order_by("version")
    assert (first.holds_lane, second.state) == (first.lane, "held")
    skip(first, by=agent, reason="we go by train")
    second.refresh_from_db()
    assert (second.holds_lane, second.state) == (second.lane, "queued")


def test_a_doubt_holds_the_group_until_a_person_says(ask, answers, agent, clock):
    answers["book_flight"] = NoReply
    holiday = ask("book")
    drain_until_quiet(clock)
    assert states(holiday)["in_order"] == "held"
    assert states(holiday)["book_flight"] == "in_doubt"
    assert called(answers)[-1] == "book_flight"
    flight = EffectRun.objects.get(effect="book_flight")
    resolve(flight, happened=True, by=agent, reason="seen", result={"seat": "1A"})
    drain()
    assert fresh(holiday).findings["book_flight"] == {"seat": "1A"}


def test_a_skipped_member_counts_as_done_without_a_result(ask, answers, agent, clock):
    answers["book_flight"] = NoReply
    holiday = ask("book")
    drain_until_quiet(clock)
    skip(EffectRun.objects.get(effect="book_flight"), by=agent, reason="we go by train")
    drain()
    assert fresh(holiday).status == "booked"
    assert fresh(holiday).findings["book_flight"] is None


def test_a_group_of_which_all_is_skipped_is_skipped_and_nothing_follows(ask, agent):
    holiday = ask("compare")
    for effect in ("ask_price", "ask_weather"):
        skip(EffectRun.objects.get(effect=effect), by=agent, reason="no need")
    assert set(states(holiday).values()) == {"skipped"}
    assert fresh(holiday).status == "booking"


def test_a_later_step_that_is_skipped_beforehand_is_passed_by(ask, answers, agent):
    holiday = ask("book")
    skip(EffectRun.objects.get(effect="book_hotel"), by=agent, reason="we camp")
    assert states(holiday)["in_order"] == "held"
    drain()
    assert called(answers) == ["book_flight", "tell_guest"]
    assert fresh(holiday).status == "booked"


def test_members_that_share_a_lane_go_one_after_the_other_though_one_fails(ask, answers, agent):
    answers["book_flight"] = SoldOut
    answers["ask_price"] = [Busy, {}]
    holiday = ask("hurry")
    execute(holiday.rebook, by=agent)
    drain()
    assert states(holiday)["book_hotel"] == "done"
    flight, again = EffectRun.objects.filter(effect="book_flight").order_by("version")
    assert (flight.state, flight.holds_lane, again.state) == ("failed", flight.lane, "held")
    EffectRun.objects.filter(effect="ask_price").update(due="2026-01-01T00:00Z")
    answers["book_flight"] = {}
    drain()
    again.refresh_from_db()
    assert (fresh(holiday).status, again.state) == ("broken", "done")


def test_a_step_out_of_turn_keeps_its_place_in_its_lane(ask, answers, agent):
    holiday = ask("plan")
    execute(holiday.rebook, by=agent)
    first = EffectRun.objects.get(effect="book_flight", version=1)
    assert (first.state, first.holds_lane, first.in_turn) == ("held", first.lane, False)
    drain()
    assert called(answers)[-3:] == ["book_flight", "book_hotel", "book_flight"]


def test_a_follow_up_that_cannot_run_is_an_incident_of_the_group(ask, answers, agent, clock):
    def broken(holiday):
        raise ZeroDivisionError

    remote.answers["confirm"] = broken
    try:
        holiday = ask("book")
        drain_until_quiet(clock)
    finally:
        remote.forget()
    group = group_of("book_flight")
    assert (group.state, group.follow_up) == ("done", "dead")
    document = status(fresh(holiday))
    assert (document["phase"], document["work"][0]["owner"]) == ("blocked", "an agent")
    assert document["headline"] == (
        'Book flight, then book hotel, then tell guest is done, but "confirm" could not follow.'
        " An agent has to decide how to go on."
    )
    skip(group, by=agent, reason="entered by hand")
    assert status(fresh(holiday))["phase"] == "needs_person"


def test_the_sweep_finds_nothing_to_repair(ask, caplog):
    ask("plan")
    sweep("default")
    assert caplog.records == []
    assert not Event.objects.exists()


def test_a_later_command_that_supersedes_everything_ends_the_group(ask, answers, agent):
    holiday = ask("plan")
    execute(holiday.think_again, by=agent)
    drain()
    assert set(states(holiday).values()) == {"cancelled"}
    assert answers.calls == []
    assert fresh(holiday).status == "wish"
    assert not EffectRun.objects.unresolved().exists()
    cancelled = receipt(Operation.objects.get(transition="think_again"))["cancelled"]
    named = ["ask_weather", "ask_price", "book_flight", "book_hotel", "tell_guest"]
    assert [entry["effect"] for entry in cancelled] == named


def test_what_may_have_left_ends_without_its_group(ask, answers, agent):
    def meanwhile(holiday, run):
        execute(fresh(holiday).think_again, by=agent)
        return {}

    answers["book_flight"] = meanwhile
    holiday = ask("book")
    drain()
    assert EffectRun.objects.get(effect="book_flight").superseded_as == "already_sent"
    assert states(holiday) == {
        "in_order": "cancelled",
        "book_flight": "done",
        "book_hotel": "cancelled",
        "tell_guest": "cancelled",
    }
    assert not Operation.objects.filter(cause__startswith="run:").exists()


def test_a_needed_step_that_is_superseded_stops_the_order_and_nothing_follows(ask, answers, agent):
    holiday = ask("book")
    execute(holiday.simplify, by=agent)
    assert states(holiday)["in_order"] == "held"
    drain()
    assert called(answers) == ["book_flight"]
    assert states(holiday) == {
        "in_order": "cancelled",
        "book_flight": "done",
        "book_hotel": "cancelled",
        "tell_guest": "cancelled",
    }
    assert fresh(holiday).status == "booking"
    assert not EffectRun.objects.exclude(holds_lane=None).exists()


def test_a_group_goes_on_without_a_superseded_member_that_it_does_not_need(ask, answers, agent):
    answers["ask_weather"] = Busy
    holiday = ask("guess")
    drain()
    assert states(holiday)["together"] == "held"
    execute(holiday.simplify, by=agent)
    assert states(holiday)["together"] == "done"
    drain()
    assert fresh(holiday).status == "booked"
