"""So many at a time in the whole fleet: who waits, who is next, and what gives a place back."""

import multiprocessing
import os
import time
from dataclasses import replace

import pytest
from django.db import connection

from tests.engine.conftest import person
from tests.testapp.holidays import Busy, NoReply, SoldOut, ask_agency, ask_guide
from tests.testapp.models import Holiday
from workflows_app.contract.contract import Contract
from workflows_app.describe.status import status
from workflows_app.engine import admit as module
from workflows_app.engine import execute
from workflows_app.engine.admit import admit, limit_key_of
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.perform import perform
from workflows_app.engine.sweep import effect_of, sweep
from workflows_app.models import EffectRun, Operation
from workflows_app.ops import replay, resolve, skip
from workflows_app.testing import (
    broken_promises,
    drain_until_quiet,
    killed,
    killed_everywhere,
)

from .races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

GUIDE = "testapp.holiday:ask_guide"


@pytest.fixture
def agent(people):
    return person("agent", "view_holiday", "resolve_run", "skip_run")


@pytest.fixture
def ask(agent):
    """A new holiday with a command; the holiday as it stands after it."""

    def give(name, **columns):
        holiday = Holiday.objects.create(title=name, **columns)
        execute(getattr(holiday, name), by=agent)
        return Holiday.objects.get(pk=holiday.pk)

    return give


def states():
    return list(EffectRun.objects.order_by("id").values_list("state", flat=True))


def settle(run):
    run.operation  # noqa: B018  loaded by this thread's connection
    perform("default", run, effect_of(run), Holiday.objects.get(pk=run.object_id))


def limited_to(monkeypatch, effect, **said):
    """As if another release said so."""
    known = Contract.effect_named
    changed = replace(effect, **said)
    monkeypatch.setattr(
        Contract,
        "effect_named",
        lambda self, name: changed if name == effect.name else known(self, name),
    )


def test_as_many_go_as_there_is_room_for_in_the_order_of_acceptance(ask):
    for _ in range(5):
        ask("call")
    assert states() == ["queued", "queued", "held", "held", "held"]
    first, second = claim("default", 5)
    settle(second)
    assert states() == ["running", "done", "queued", "held", "held"]
    settle(first)
    assert states() == ["done", "done", "queued", "queued", "held"]
    places = EffectRun.objects.exclude(holds_slot=None).values_list("holds_slot", flat=True)
    assert sorted(places) == [f"{GUIDE}#1", f"{GUIDE}#2"]
    drain()
    assert set(states()) == {"done"}


def test_each_value_has_a_limit_of_its_own(ask):
    for agency in ("Sun", "Sea", "Sun", "Sea#1"):
        ask("write", agency=agency)
    assert states() == ["queued", "queued", "held", "queued"]


def test_who_waits_for_room_says_so(ask):
    ask("write", agency="Sun")
    waiting = ask("write", agency="Sun")
    document = status(waiting)
    assert document["headline"] == "Ask agency waits for room: 1 at a time."
    assert document["phase"] == "queued"


@pytest.mark.parametrize("answer", [Busy, NoReply])
def test_a_run_that_waits_for_its_retry_keeps_its_place(ask, answers, answer):
    answers["ask_agency"] = answer
    for _ in range(2):
        ask("write", agency="Sun")
    drain()
    assert states() == ["queued", "held"]
    assert len(answers.calls) == 1


def test_a_doubt_keeps_its_place_until_it_is_resolved(ask, answers, agent, clock):
    answers["ask_agency"] = NoReply
    for _ in range(2):
        ask("write", agency="Sun")
    drain_until_quiet(clock)
    assert states() == ["in_doubt", "held"]
    first = EffectRun.objects.order_by("id").first()
    resolve(first, happened=True, by=agent, reason="they called back")
    assert states() == ["done", "queued"]


def test_a_skipped_run_gives_its_place_to_the_next(ask, agent):
    for _ in range(2):
        ask("write", agency="Sun")
    skip(EffectRun.objects.order_by("id").first(), by=agent, reason="not needed")
    assert states() == ["skipped", "queued"]


def test_a_replayed_run_takes_its_turn_again(ask, answers, agent):
    user = person("replayer", "replay_run")
    answers["ask_agency"] = SoldOut
    ask("write", agency="Sun")
    drain()
    answers["ask_agency"] = {}
    ask("write", agency="Sun")
    first = EffectRun.objects.order_by("id").first()
    assert first.holds_slot is None
    replay(first, by=user, reason="they are back")
    assert states() == ["held", "queued"]
    drain()
    assert states() == ["done", "done"]


@pytest.mark.breaks_a_lane  # the bookings before it are settled by hand
def test_a_superseded_run_gives_its_place_to_the_next(ask, agent):
    holidays = [ask("stay", agency="Sun") for _ in range(2)]
    for holiday in holidays:
        execute(holiday.write, by=agent)
    EffectRun.objects.exclude(effect="ask_agency").update(state="done", holds_lane=None)
    sweep("default")
    assert [run.state for run in of("ask_agency")] == ["queued", "held"]
    execute(holidays[0].think_again, by=agent)
    assert [run.state for run in of("ask_agency")] == ["cancelled", "queued"]


def of(effect):
    return EffectRun.objects.filter(effect=effect).order_by("id")


def test_a_step_takes_no_place_before_it_is_in_turn(ask):
    holiday = ask("consult")
    assert of("ask_guide").get().holds_slot is None
    for _ in range(2):
        ask("call")
    drain()
    assert {run.state for run in of("ask_guide")} == {"done"}
    assert not broken_promises(holiday)


def test_more_room_in_a_later_release_is_used(ask, monkeypatch):
    for _ in range(4):
        ask("call")
    limited_to(monkeypatch, ask_guide, max_running=3)
    sweep("default")
    assert states() == ["queued", "queued", "queued", "held"]


def test_no_limit_in_a_later_release_lets_everybody_go(ask, monkeypatch):
    for _ in range(4):
        ask("call")
    limited_to(monkeypatch, ask_guide, max_running=None)
    sweep("default")
    assert set(states()) == {"queued"}


def test_less_room_in_a_later_release_is_kept_as_soon_as_places_come_free(ask, monkeypatch):
    for _ in range(4):
        ask("call")
    first, second = claim("default", 2)
    limited_to(monkeypatch, ask_guide, max_running=1)
    settle(first)
    assert states() == ["done", "running", "held", "held"]
    settle(second)
    assert states() == ["done", "done", "queued", "held"]


def test_a_limit_stays_the_same_when_its_effect_is_renamed():
    holiday = Holiday(agency="Sun")
    renamed = replace(ask_agency, name="write_to_agency", was=("ask_agency",))
    keys = {limit_key_of("testapp.holiday", one, holiday) for one in (ask_agency, renamed)}
    assert keys == {"testapp.holiday:ask_agency:Sun"}


def test_a_long_value_has_a_limit_of_its_own_too():
    per = replace(ask_agency, per=lambda holiday: holiday.title)
    one, other = (
        limit_key_of("testapp.holiday", per, Holiday(title="x" * 300 + end)) for end in "ab"
    )
    assert one != other
    assert len(f"{one}#1000") < 255


def test_work_that_this_code_does_not_know_lets_nobody_in_and_stops_nobody_else(ask):
    for _ in range(4):
        ask("call")
    EffectRun.objects.update(effect="of_tomorrow")
    other = ask("write")
    drain()
    sweep("default")
    assert [run.state for run in of("of_tomorrow")] == ["queued", "queued", "held", "held"]
    assert {run.attempts for run in of("of_tomorrow")} == {0}
    assert status(other)["phase"] == "needs_person"
    EffectRun.objects.filter(effect="of_tomorrow").update(effect="ask_guide")
    EffectRun.objects.filter(state="queued").update(due="2026-01-01T00:00Z")
    drain()
    assert set(states()) == {"done"}


def test_a_worker_that_is_killed_keeps_its_place_until_the_run_is_rescued(ask, clock):
    for _ in range(2):
        ask("write", agency="Sun")
    assert killed(drain, at="handler.begun")
    drain()
    assert states() == ["running", "held"]
    clock.move(minutes=2)
    drain_until_quiet(clock)
    assert states() == ["done", "done"]


def test_who_was_to_be_let_in_by_somebody_killed_is_let_in_by_the_sweep(ask):
    for _ in range(2):
        ask("write", agency="Sun")
    assert killed(drain, at="settle.committed")
    assert states() == ["done", "held"]
    sweep("default")
    assert states() == ["done", "queued"]


def test_a_worker_killed_anywhere_loses_no_place(ask, clock, settings):
    settings.WORKFLOWS = {"THREADS": 1}

    def prepare():
        for _ in range(3):
            ask("write", agency="Sun")

    for _ in killed_everywhere(prepare, lambda _: drain()):
        assert EffectRun.objects.exclude(holds_slot=None).count() <= 1
        clock.move(minutes=2)
        drain_until_quiet(clock)
        assert set(states()) == {"done"}
        assert not EffectRun.objects.exclude(holds_slot=None).exists()


def test_many_who_let_in_at_once_let_in_as_many_as_there_is_room_for(ask):
    for _ in range(8):
        ask("call")
    EffectRun.objects.update(state="held", holds_slot=None)
    at_once(*[lambda: admit("default", GUIDE)] * 4)
    assert states() == ["queued"] * 2 + ["held"] * 6
    assert EffectRun.objects.exclude(holds_slot=None).count() == 2


def test_who_takes_a_place_while_it_is_being_taken_looks_again(ask):
    """Both have seen place 1 free: the second comes when the first has taken it."""
    for _ in range(3):
        ask("call")
    EffectRun.objects.update(state="held", holds_slot=None)
    seen = module._free_place("default", GUIDE, 2)
    first, second = EffectRun.objects.order_by("id")[:2]
    assert module._take("default", first, seen)
    assert not module._take("default", second, seen)
    assert not module._take("default", first, f"{GUIDE}#2")
    assert admit("default", GUIDE) == 1
    assert states() == ["queued", "queued", "held"]


def test_two_thousand_in_front_keep_nobody_else_waiting(ask, agent):
    hot = ask("write", agency="Sun")
    first = EffectRun.objects.get()
    operation = Operation.objects.get(pk=first.operation_id)
    EffectRun.objects.bulk_create(
        EffectRun(
            operation=operation,
            object_type=first.object_type,
            object_id=str(hot.pk),
            version=first.version,
            position=place,
            effect="ask_agency",
            safety="keyed",
            state="held",
            lane=first.lane,
            limit_key=first.limit_key,
        )
        for place in range(1, 2001)
    )
    ask("write", agency="Sea")
    sweep("default")
    claimed = claim("default", 2)
    assert [run.limit_key.rpartition(":")[2] for run in claimed] == ["Sun", "Sea"]
    assert claim("default", 2) == []


@pytest.mark.parametrize("threads", [1, 4])
def test_never_more_are_inside_than_there_is_room_for_by_the_book_of_the_outside(
    ask, answers, tmp_path, settings, threads
):
    settings.WORKFLOWS = {"THREADS": threads}
    book = tmp_path / "book"
    answers["ask_guide"] = visits(book)
    for _ in range(12):
        ask("call")
    in_processes(drain, 3)
    drain()
    assert set(states()) == {"done"}
    inside = [0]
    for line in book.read_text().split():
        inside.append(inside[-1] + (1 if line == "in" else -1))
    assert len(inside) == 2 * 12 + 1
    assert max(inside) == 2


def visits(book):
    """A guide who writes down who comes and who goes; a visit takes a while."""

    def write(word):
        there = os.open(book, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(there, f"{word}\n".encode())
        os.close(there)

    def visit(holiday, run):
        write("in")
        time.sleep(0.02)
        write("out")
        return {}

    return visit


def in_processes(function, count):
    """Each in a process of its own, at once."""
    connection.close()
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=function) for _ in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
