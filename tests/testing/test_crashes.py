"""A process is killed, a thread stands still and a connection breaks at the point named."""

import pytest
from django.db import OperationalError, connections

from tests.engine.conftest import person
from tests.stories.races import at_once
from tests.testapp.bills import NoAnswer
from tests.testapp.models import Bill, Parcel
from workflows_app.engine import execute
from workflows_app.engine.drain import drain as drain_on_threads
from workflows_app.models import EffectRun, Operation
from workflows_app.testing import (
    POINTS,
    Pause,
    WorkerDies,
    at,
    cut,
    drain,
    drain_until_quiet,
    killed,
    killed_everywhere,
    scenario,
    scripted,
    statement,
)

pytestmark = pytest.mark.django_db(transaction=True)

TAKEN = {"tracking": "T-1"}
BEFORE = ("packed", None, 0)
CLAIMED = ("shipping", "running", 0)
#: Where the parcel, its handing over and its lost leases stand after a kill at each point.
TRUTH = {
    "object.locked": BEFORE,
    "command.written": BEFORE,
    "command.committed": ("shipping", "queued", 0),
    "claim.committed": CLAIMED,
    "handler.begun": CLAIMED,
    "handler.ended": CLAIMED,
    "run.locked": CLAIMED,
    "rescue.written": CLAIMED,
    "rescue.committed": ("shipping", "queued", 1),
    "settle.written": None,
    "settle.committed": None,
}
#: The same of a bill, its payment, whether that is marked as sent, and how often it was asked for.
UNMARKED = ("paying", "running", False, 0)
MARKED = ("paying", "running", True, 0)
ASKED = ("paying", "in_doubt", True, 1)
TRUTH_OF_A_BILL = {
    "send.unmarked": UNMARKED,
    "send.marked": MARKED,
    "question.taken": ASKED,
    "probe.begun": ASKED,
    "probe.ended": ASKED,
    "answer.written": ASKED,
    "answer.committed": ("paid", "done", True, 0),
}


@pytest.fixture
def shipping(packed, clerk):
    execute(packed.ship, by=clerk)
    return packed


def standing(parcel):
    parcel.refresh_from_db()
    run = EffectRun.objects.filter(effect="hand_over").first()
    return parcel.status, run and run.state, run.leases_lost if run else 0


@pytest.mark.parametrize("point", [name for name, truth in TRUTH.items() if truth])
def test_what_was_committed_before_the_point_is_there_and_nothing_else(packed, clerk, clock, point):
    def live():
        execute(packed.ship, by=clerk)
        with scripted({}, hand_over=[WorkerDies, TAKEN]):
            drain()
            clock.move(seconds=61)
            drain()

    assert killed(live, at=point)
    assert standing(packed) == TRUTH[point]


@pytest.mark.parametrize(
    ("point", "truth"),
    [
        ("run.locked", CLAIMED),
        ("settle.written", CLAIMED),
        ("settle.committed", ("arrived", "done", 0)),
    ],
)
def test_an_outcome_and_what_follows_from_it_are_there_together_or_not(
    shipping, clock, point, truth
):
    def live():
        with scripted({}, hand_over=[TAKEN]):
            drain()

    assert killed(live, at=point)
    assert standing(shipping) == truth


@pytest.mark.parametrize("point", TRUTH_OF_A_BILL)
def test_what_a_committed_effect_has_stored_before_the_point_is_there(db, clock, point):
    treasurer = person("treasurer", "pay_bill")
    bill = Bill.objects.create(title="rent")

    def live():
        execute(bill.pay, by=treasurer)
        with scripted(pay_once=NoAnswer, find={"reference": "T"}):
            drain()
            clock.move(minutes=1)
            drain()

    assert killed(live, at=point)
    bill.refresh_from_db()
    run = EffectRun.objects.get()
    assert (bill.status, run.state, run.is_marked, run.probes) == TRUTH_OF_A_BILL[point]


def test_every_point_is_tried():
    assert (TRUTH | TRUTH_OF_A_BILL).keys() == POINTS.keys()


def test_a_process_that_never_comes_there_ends_by_itself(packed, clerk):
    assert not killed(lambda: execute(packed.ship, by=clerk), at="settle.committed")
    assert standing(packed) == ("shipping", "queued", 0)


def test_a_process_that_fails_by_itself_is_told(packed):
    with pytest.raises(AssertionError, match="ended with 1"):
        killed(lambda: 1 / 0, at="settle.committed")


def test_a_point_that_does_not_exist_is_told(packed):
    with (
        pytest.raises(ValueError, match="no point 'settle.comitted'. There are object.locked"),
        Pause("settle.comitted").here(),
    ):
        pass


@pytest.mark.django_db(transaction=False)
def test_another_process_sees_no_transaction_of_a_test(packed, clerk):
    with pytest.raises(RuntimeError, match="use transactional_db"):
        killed(lambda: execute(packed.ship, by=clerk), at="command.written")


@pytest.fixture
def in_memory():
    """A database that nobody but this process can open, beside the one of this run."""
    databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    connections.settings["in memory"] = connections.configure_settings(databases)["default"]
    yield connections["in memory"]
    del connections["in memory"], connections.settings["in memory"]


def test_another_process_sees_no_database_in_memory(in_memory):
    begun = []
    with pytest.raises(RuntimeError, match=r'DATABASES\["default"\]\["TEST"\] = {"NAME"'):
        killed(lambda: begun.append(1), at="command.written")
    assert begun == []


def test_killed_everywhere_ends_with_a_life_that_was_not_killed(sender, clerk):
    def packed():
        return at(Parcel, "packed", sender=sender, title="books", address="Main Street 1")

    lives = list(killed_everywhere(packed, lambda parcel: execute(parcel.ship, by=clerk)))
    assert [was_killed for _, was_killed in lives] == [True] * (len(lives) - 1) + [False]
    assert len(lives) > 5
    states = [Parcel.objects.get(pk=parcel.pk).status for parcel, _ in lives]
    assert states == sorted(states)  # packed while it is too early, then shipping
    assert set(states) == {"packed", "shipping"}


def test_what_comes_to_nothing_that_could_kill_it_is_told():
    with pytest.raises(AssertionError, match="no statement and no handler"):
        list(killed_everywhere(lambda: None, lambda subject: None))


@pytest.mark.parametrize(
    ("point", "seen"),
    [("settle.written", CLAIMED), ("settle.committed", ("arrived", "done", 0))],
)
def test_a_thread_stands_still_until_it_is_let_go(shipping, point, seen):
    pause = Pause(point)

    def work():
        with pause.here(), scripted({}, hand_over=TAKEN):
            return drain()

    def look():
        pause.wait_until_reached()
        found = standing(Parcel.objects.get())
        pause.let_go()
        return found

    attempts, found = at_once(work, look)
    assert found == seen
    assert len(attempts) == 3


def test_a_statement_may_be_the_point(packed, clerk):
    pause = Pause(statement("INSERT INTO", "workflows_app_effectrun", before=True))

    def ship():
        with pause.here():
            execute(packed.ship, by=clerk)

    def look():
        pause.wait_until_reached()
        pause.let_go()

    assert at_once(ship, look) == [None, None]
    assert standing(packed) == ("shipping", "queued", 0)


@pytest.mark.only_on("postgresql", "mysql")
@pytest.mark.parametrize("point", ["object.locked", "command.written", "command.committed"])
def test_a_client_whose_connection_broke_asks_again_and_is_accepted_once(packed, clerk, point):
    with pytest.raises(OperationalError), cut(at=point):
        execute(packed.ship, by=clerk, key="k")
    operation = execute(packed.ship, by=clerk, key="k")
    assert operation.replayed == (point == "command.committed")
    assert Operation.objects.filter(transition="ship").count() == 1


@pytest.mark.only_on("postgresql", "mysql")
@pytest.mark.parametrize(
    "point", ["handler.begun", "handler.ended", "run.locked", "settle.written", "settle.committed"]
)
def test_an_answer_outlives_the_connection_and_counts_once(shipping, clock, point):
    with scripted({}, hand_over=[TAKEN]), cut(at=point):
        drain()
    scenario(shipping).then(state="arrived", runs={"hand_over": "done"})
    assert EffectRun.objects.get(effect="hand_over").attempts == 1
    assert Operation.objects.filter(transition="arrive").count() == 1


@pytest.mark.only_on("postgresql", "mysql")
def test_a_claim_whose_success_nobody_heard_of_is_rescued(shipping, clock):
    with scripted({}, hand_over=[TAKEN]):
        with pytest.raises(OperationalError), cut(at="claim.committed"):
            drain()
        assert standing(shipping) == CLAIMED
        drain_until_quiet(clock)
    assert standing(shipping) == ("arrived", "done", 0)


@pytest.mark.only_on("postgresql", "mysql")
def test_the_threads_of_a_worker_can_be_cut_off_too(shipping):
    with scripted({}, hand_over=[TAKEN]), cut(at="run.locked"):
        drain_on_threads()
    assert standing(shipping) == ("arrived", "done", 0)


@pytest.mark.only_on("postgresql", "mysql")
def test_a_cut_that_nobody_came_to_is_told():
    with (
        pytest.raises(AssertionError, match="Nobody came to settle.committed"),
        cut(at="settle.committed"),
    ):
        pass


@pytest.mark.only_on("sqlite")
def test_sqlite_has_no_connection_to_lose():
    with pytest.raises(RuntimeError, match="SQLite"), cut(at="settle.committed"):
        pass
