"""The watch: a token when something is due and one is free, and the right patience otherwise."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from workflows_app.engine import receive
from workflows_app.engine.queue.beat import Heart
from workflows_app.engine.queue.crew import Crew
from workflows_app.engine.queue.look import until_due
from workflows_app.engine.queue.purse import Purse
from workflows_app.engine.queue.shared import Event
from workflows_app.engine.queue.watch import LONGEST, UNTIL_ONE_IS_BACK, Token, Watch
from workflows_app.models import EffectRun, RunState, WorkerBeat

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def crew():
    crew = Crew(Event(), Purse(2), Heart("default"))
    yield crew
    crew.stop.close()
    crew.purse.close()


@pytest.fixture
def watch(crew):
    watch = Watch("default", crew, workers=2)
    look_until(watch, timedelta)  # the first token is for the sweep
    yield watch
    watch.close()


def look_until(watch, kind):
    """Look again, as the broker does, until the answer is of this kind."""
    for _ in range(100):
        seen = watch.look()
        if isinstance(seen, kind) and seen != UNTIL_ONE_IS_BACK:
            return seen
        if isinstance(seen, timedelta):
            watch.wait(seen)
    raise AssertionError(f"the watch never answered with a {kind.__name__}")


def make_due(**when):
    EffectRun.objects.filter(state=RunState.QUEUED).update(due=timezone.now() + timedelta(**when))


def quiet(watch):
    seen = watch.look()
    while isinstance(seen, timedelta) and seen <= UNTIL_ONE_IS_BACK:
        watch.wait(seen)
        seen = watch.look()
    return seen


def test_a_worker_that_starts_sweeps_first(crew):
    watch = Watch("default", crew, workers=2)
    assert isinstance(watch.look(), Token)
    watch.close()


def test_nothing_due_means_a_look_every_second(watch):
    assert LONGEST * 0.5 < quiet(watch) <= LONGEST


def test_a_due_run_brings_a_token(watch, shipping):
    assert isinstance(quiet(watch), Token)


def test_a_run_due_later_brings_patience_until_then(watch, shipping):
    make_due(milliseconds=500)
    assert timedelta(0) < quiet(watch) <= timedelta(milliseconds=500)


def test_a_message_that_is_due_brings_a_token(watch, clock):
    message = receive("bank", "m1", "card.disputed", {"data": {"card": "4711", "reason": "x"}})
    assert message.state == "unmatched"
    assert timedelta(0) < until_due("default") == message.due - clock.now
    clock.move_to(message.due)
    assert until_due("default") == timedelta(0)
    assert isinstance(quiet(watch), Token)


def test_no_more_tokens_than_there_are_workers(watch, shipping):
    out = [look_until(watch, Token), look_until(watch, Token)]
    assert len({token.receipt.fileno() for token in out}) == 2
    for _ in range(20):
        seen = watch.look()
        assert isinstance(seen, timedelta)
        watch.wait(seen)
    out.pop().receipt.close()
    assert isinstance(look_until(watch, Token), Token)


def test_a_look_that_finds_nothing_costs_no_token(watch, crew):
    quiet(watch)
    both = [crew.purse.take(), crew.purse.take()]
    assert None not in both


@pytest.mark.only_on("postgresql")
def test_a_look_that_fails_costs_no_token(watch, crew):
    quiet(watch)
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(OperationalError) as failed:
        quiet(watch)
    connection.close()
    both = [crew.purse.take(), crew.purse.take()]
    assert None not in both
    assert failed.tb  # as long as somebody holds the error, too


def test_a_sweep_is_due_now_and_then_without_any_run(crew, settings):
    settings.WORKFLOWS = {"SWEEP_EVERY": timedelta(milliseconds=50)}
    watch = Watch("default", crew, workers=2)
    for _ in range(3):
        look_until(watch, Token)
    watch.close()


def test_nobody_is_sent_to_work_after_the_request_to_stop(watch, crew, shipping, monkeypatch):
    monkeypatch.setattr("workflows_app.engine.queue.watch.stopping", crew.stop.is_set)
    crew.stop.set()
    assert watch.look() == UNTIL_ONE_IS_BACK


def test_the_watch_beats(watch, crew):
    beat = WorkerBeat.objects.get(pk=crew.heart.id)
    assert abs(timezone.now() - beat.beat_at) < timedelta(seconds=5)
    assert not beat.draining


def test_a_worker_that_ended_leaves_no_beat(watch, crew):
    crew.heart.end()
    assert not WorkerBeat.objects.filter(pk=crew.heart.id).exists()


def test_beats_of_the_long_dead_are_forgotten(crew):
    long_ago = timezone.now() - timedelta(days=2)
    dead = WorkerBeat.objects.create(host="gone", pid=1, started_at=long_ago, beat_at=long_ago)
    crew.heart.beat(draining=False)
    assert not WorkerBeat.objects.filter(pk=dead.pk).exists()
