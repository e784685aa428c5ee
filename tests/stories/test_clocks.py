"""Clocks: a state lasts so long, and then what the contract says happens, once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.testapp.models import Case
from workflows_app import NotAllowed
from workflows_app.describe.status import status
from workflows_app.describe.timeline import timeline
from workflows_app.engine import edit, execute
from workflows_app.models import EffectRun, Event, Operation, Timer
from workflows_app.testing import at, broken_promises, drain, scripted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def answers():
    with scripted({}) as script:
        yield script


@pytest.fixture
def case(clock):
    return Case.objects.create(title="a")


@pytest.fixture
def review(case, clerk):
    edit(case, by=clerk, data={"ready": True})
    execute(case.begin, by=clerk)
    return case


@pytest.fixture
def booked(case, clerk):
    execute(case.book, by=clerk)
    return case


def where(case):
    case.refresh_from_db()
    return case.status


def deadlines(case):
    """Each clock and when it is due, or what is left of it in seconds."""
    document = status(Case.objects.get(pk=case.pk))
    told = document["deadlines"]
    return {one["clock"]: one["left"] if one["paused"] else one["due"] for one in told}


def last(case):
    return Operation.objects.of("testapp.case", str(case.pk)).last()


def in_words(moment):
    return moment.isoformat().replace("+00:00", "Z")


def test_a_state_lasts_a_day_and_then_the_case_is_escalated(review, clock):
    clock.move(hours=23, minutes=59)
    drain()
    assert where(review) == "review"
    clock.move(minutes=1)
    drain()
    timer = Timer.objects.get(clock="escalate")
    assert (where(review), timer.state, timer.live) == ("second", "fired", None)
    assert (last(review).actor, last(review).cause) == ("system", f"timer:{timer.pk}")
    assert (last(review).kind, last(review).transition) == ("system", "escalate")
    assert broken_promises(review) == []
    drain()
    assert Operation.objects.filter(transition="escalate").count() == 1


def test_who_leaves_the_state_in_time_ends_its_clock(review, clerk, clock):
    execute(review.ask, by=clerk)
    ended = Timer.objects.get(clock="escalate")
    assert (ended.state, ended.live, ended.due) == ("cancelled", None, None)
    clock.move(hours=48)
    drain()
    assert where(review) == "asked"


def test_a_command_that_stays_and_an_edit_let_the_clock_go_on(review, clerk, clock):
    before = deadlines(review)
    clock.move(hours=1)
    execute(review.touch, by=clerk)
    edit(review, by=clerk, data={"ready": True})
    assert deadlines(review) == before
    assert Timer.objects.filter(clock="escalate").count() == 1


def test_a_self_loop_begins_the_clocks_anew(review, clerk, clock):
    clock.move(hours=20)
    execute(review.again, by=clerk)
    assert deadlines(review)["escalate"] == in_words(clock.now + timedelta(hours=24))
    assert deadlines(review)["promise"] == in_words(clock.now + timedelta(days=3))
    assert Timer.objects.filter(clock="escalate").count() == 2
    clock.move(hours=23)
    drain()
    assert where(review) == "review"


def test_one_clock_runs_on_among_its_states_and_stands_still_where_it_is_to(review, clerk, clock):
    clock.move(hours=20)
    execute(review.ask, by=clerk)
    assert deadlines(review) == {"promise": 52 * 3600}
    clock.move(days=30)
    drain()
    assert where(review) == "asked"
    execute(review.hear, by=clerk)
    assert deadlines(review) == {"promise": in_words(clock.now + timedelta(hours=52))}
    clock.move(hours=52)
    drain()
    assert where(review) == "closed"


def test_what_is_due_where_its_step_is_not_legal_is_overdue_until_it_is(review, clerk, clock):
    execute(review.park, by=clerk)
    clock.move(days=3)
    drain()
    document = status(Case.objects.get(pk=review.pk))
    assert (where(review), document["phase"]) == ("parked", "overdue")
    (promise,) = [one for one in document["deadlines"] if one["clock"] == "promise"]
    assert promise["overdue"] is True
    assert promise["reasons"] == [{"code": "wrong_state", "detail": "Only from With a senior."}]
    assert document["headline"].startswith("Overdue since")
    execute(review.go_on, by=clerk)
    drain()
    assert where(review) == "closed"


def test_refused_by_a_guard_it_is_asked_again_after_every_edit(case, clerk, clock):
    drain()
    document = status(Case.objects.get(pk=case.pk))
    assert (where(case), document["phase"]) == ("new", "overdue")
    assert document["deadlines"][0]["reasons"] == [
        {"code": "not_ready", "detail": "Say that it is ready first."}
    ]
    clock.move(hours=3)
    edit(case, by=clerk, data={"title": "b"})
    drain()
    assert where(case) == "new"
    clock.move(hours=3)
    edit(case, by=clerk, data={"ready": True})
    drain()
    assert (where(case), last(case).actor) == ("review", "system")
    assert not Event.objects.filter(kind="fired_late").exists()


def test_the_sweep_asks_again_what_a_guard_refused(case):
    drain()
    Case.objects.update(ready=True)
    drain()
    assert where(case) == "review"


def test_a_clock_without_length_that_nobody_has_asked_yet_is_not_overdue(case, clock):
    assert status(case)["phase"] == "needs_person"
    clock.move(minutes=2)
    assert status(case)["phase"] == "overdue"


def test_an_effect_of_a_clock_is_asked_for_by_the_system_and_again(review, clock, answers):
    clock.move(hours=8)
    assert [str(one) for one in drain()] == ["remind 1: done"]
    assert (where(review), last(review).transition, last(review).kind) == (
        "review",
        "remind",
        "system",
    )
    assert (last(review).source, last(review).target) == ("review", "review")
    assert deadlines(review)["remind"] == in_words(clock.now + timedelta(hours=8))
    clock.move(hours=8)
    drain()
    assert EffectRun.objects.filter(effect="remind", state="done").count() == 2
    assert broken_promises(review) == []


def test_a_repetition_whose_distance_is_none_ends(review, clerk, clock):
    execute(review.park, by=clerk)
    edit(review, by=clerk, data={"title": "once"})
    clock.move(hours=8)
    drain()
    timer = Timer.objects.get(clock="parked")
    assert (timer.state, timer.live, timer.due) == ("fired", True, None)
    clock.move(hours=20)
    drain()
    assert EffectRun.objects.filter(effect="remind", state="done").count() == 1


def test_what_is_refused_stays_still_where_the_clock_pauses(review, clerk, clock):
    execute(review.park, by=clerk)
    clock.move(days=3)
    drain()
    assert Timer.objects.get(clock="promise").state == "refused"
    execute(review.go_on, by=clerk)
    execute(review.ask, by=clerk)
    assert deadlines(review) == {"promise": 0}
    drain()
    assert where(review) == "asked"
    execute(review.hear, by=clerk)
    drain()
    assert where(review) == "closed"


def test_a_command_that_changes_nothing_of_a_clock_writes_nothing_of_it(review, clerk):
    with CaptureQueriesContext(connection) as statements:
        execute(review.touch, by=clerk)
    of_timers = [one["sql"] for one in statements if "workflows_app_timer" in one["sql"]]
    assert len(of_timers) == 1


def test_after_a_downtime_it_fires_once_and_says_how_late(review, clerk, clock):
    execute(review.park, by=clerk)
    clock.move(hours=30)
    drain()
    assert EffectRun.objects.filter(effect="remind").count() == 1
    event = Event.objects.get(kind="fired_late")
    assert (event.operation, event.data["late_seconds"]) == (last(review), 22 * 3600)
    assert deadlines(review)["parked"] == in_words(clock.now + timedelta(hours=8))


def test_the_timeline_says_that_a_deadline_had_passed_and_how_late_it_was_noticed(review, clock):
    clock.move(hours=26)
    drain()
    told = [one["text"] for one in timeline(review).entries]
    assert (
        "Escalate, by the system because its deadline had passed: Pass it to a senior."
        " Now: With a senior." in told
    )
    late = [text for text in told if text.startswith("This came 2 hours late")]
    assert len(late) == 1


def test_nothing_is_late_that_fires_when_it_is_due(review, clock):
    clock.move(hours=8, seconds=30)
    drain()
    assert not Event.objects.filter(kind="fired_late").exists()


def test_a_length_in_a_column_is_computed_again_after_an_edit(booked, clerk, clock):
    assert deadlines(booked) == {}
    assert not Timer.objects.filter(live=True).exists()
    began = clock.now
    clock.move(hours=1)
    edit(booked, by=clerk, data={"patience": "10:00:00"})
    assert deadlines(booked) == {
        "cancel": in_words(began + timedelta(hours=10)),
        "warning": in_words(began + timedelta(hours=5)),
    }
    edit(booked, by=clerk, data={"patience": "02:00:00"})
    assert deadlines(booked)["cancel"] == in_words(began + timedelta(hours=2))
    edit(booked, by=clerk, data={"patience": None})
    assert deadlines(booked) == {}
    clock.move(days=9)
    drain()
    assert where(booked) == "booked"


def test_an_edit_takes_back_a_deadline_that_has_passed(booked, clerk, clock):
    edit(booked, by=clerk, data={"patience": "01:00:00"})
    clock.move(hours=2)
    edit(booked, by=clerk, data={"patience": "05:00:00"})
    drain()
    assert where(booked) == "booked"


def test_once_fired_a_clock_is_done_with_for_as_long_as_the_state_lasts(booked, clerk, clock):
    edit(booked, by=clerk, data={"patience": "10:00:00"})
    clock.move(hours=5)
    drain()
    edit(booked, by=clerk, data={"patience": "20:00:00"})
    clock.move(hours=6)
    drain()
    assert EffectRun.objects.filter(effect="warn").count() == 1


def test_a_moment_in_a_column_and_a_guard_that_keeps_it_waiting(booked, clerk, clock):
    edit(booked, by=clerk, data={"departs": clock.now + timedelta(days=2)})
    clock.move(days=1)
    edit(booked, by=clerk, data={"departs": clock.now + timedelta(days=2)})
    clock.move(days=1, hours=12)
    drain()
    assert where(booked) == "booked"
    clock.move(hours=12)
    drain()
    assert (where(booked), status(booked)["phase"]) == ("booked", "overdue")
    edit(booked, by=clerk, data={"ready": True})
    drain()
    assert where(booked) == "closed"


def test_a_calendar_says_which_hours_count(clerk):
    from workflows_app.testing import frozen_clock

    with frozen_clock(datetime(2031, 3, 3, 15, 0, tzinfo=UTC)) as clock:
        case = Case.objects.create(title="a")
        execute(case.take, by=clerk)
        assert deadlines(case) == {"close": "2031-03-04T17:00:00Z"}
        clock.move_to(datetime(2031, 3, 4, 12, 0, tzinfo=UTC))
        execute(case.put_away, by=clerk)
        assert deadlines(case) == {"close": 5 * 3600}
        clock.move_to(datetime(2031, 3, 10, 16, 0, tzinfo=UTC))
        execute(case.take, by=clerk)
        assert deadlines(case) == {"close": "2031-03-11T13:00:00Z"}
        clock.move_to(datetime(2031, 3, 11, 13, 0, tzinfo=UTC))
        drain()
        assert where(case) == "closed"


def test_a_body_that_raises_is_tried_again_later_and_keeps_no_other_waiting(clerk, clock):
    poison = Case.objects.create(title="poison", ready=True)
    others = [Case.objects.create(title=f"{n}", ready=True) for n in range(25)]
    drain()
    assert {where(other) for other in others} == {"review"}
    document = status(Case.objects.get(pk=poison.pk))
    assert document["phase"] == "overdue"
    assert document["deadlines"][0]["reasons"] == [
        {"code": "unexpected_error", "detail": "RuntimeError was raised."}
    ]
    assert "Trying again" in document["headline"]
    timer = Timer.objects.get(object_id=str(poison.pk))
    assert (timer.state, timer.asked) == ("running", 1)
    clock.move(seconds=1)
    drain()
    assert Timer.objects.get(pk=timer.pk).asked == 1
    clock.move(seconds=2)
    drain()
    assert Timer.objects.get(pk=timer.pk).asked == 2
    edit(poison, by=clerk, data={"title": "cured"})
    drain()
    assert where(poison) == "review"


def test_an_object_placed_into_a_state_has_that_state_s_clocks(db, clock):
    case = at(Case, "review", title="b")
    assert set(deadlines(case)) == {"escalate", "promise", "remind"}
    assert Timer.objects.filter(clock="begin", live=True).count() == 0
    clock.move(hours=24)
    drain()
    assert where(case) == "second"


def test_a_deleted_object_has_no_timers(review):
    review.delete()
    assert not Timer.objects.filter(live=True).exists()
    assert set(Timer.objects.values_list("state", flat=True)) <= {"cancelled", "fired"}


def test_the_loser_of_the_race_is_told_where_the_case_is(review, clerk, clock):
    clock.move(hours=24)
    drain()
    with pytest.raises(NotAllowed):
        execute(Case.objects.get(pk=review.pk).again, by=clerk)
