"""A process is killed at any point: what was accepted is done, and done once at the remote."""

import pytest

from tests.testapp.models import Parcel
from tests.testapp.workflow import AddressRefused, CarrierBusy, CarrierSilent
from workflows_app.engine import create, execute
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.ops import resolve
from workflows_app.testing import drain_until_quiet, killed_everywhere

pytestmark = pytest.mark.django_db(transaction=True)


class Carrier:
    """A remote that keeps its book in a file, so that it outlives the processes that call it."""

    def __init__(self, path):
        self._path = path
        self._path.touch()

    def take(self, key):
        """Accept a parcel under a key."""
        with self._path.open("a") as book:
            book.write(f"{key}\n")

    @property
    def calls(self):
        """The keys it was called with, in order of arrival."""
        return self._path.read_text().split()


@pytest.fixture(autouse=True)
def one_thread(settings):
    settings.WORKFLOWS = {"THREADS": 1}


@pytest.fixture
def carrier(tmp_path):
    return Carrier(tmp_path / "book")


@pytest.fixture
def new_parcel(sender):
    def make():
        parcel = Parcel.objects.create(sender=sender, title="books", address="Main Street 1")
        execute(parcel.pack, by=sender, data={"grams": 100})
        return parcel

    return make


@pytest.fixture
def new_shipping(new_parcel, clerk):
    def make():
        parcel = new_parcel()
        execute(parcel.ship, by=clerk)
        return parcel

    return make


def run_of(parcel, effect):
    return EffectRun.objects.of("testapp.parcel", str(parcel.pk)).filter(effect=effect).first()


def operations_of(parcel, transition):
    mine = Operation.objects.of("testapp.parcel", str(parcel.pk))
    return list(mine.filter(transition=transition))


def test_a_command_is_accepted_once_when_its_client_asks_again(new_parcel, clerk):
    replayed = set()

    def ship(parcel):
        mine = Parcel.objects.get(pk=parcel.pk)
        return execute(mine.ship, by=clerk, key=f"ship {parcel.pk}", version=1)

    for parcel, _ in killed_everywhere(new_parcel, ship):
        operation = ship(parcel)
        replayed.add(operation.replayed)
        assert operations_of(parcel, "ship") == [operation]
        assert operation.runs.count() == 2
        assert parcel.history.filter(operation_id=operation.id).count() == 1
    assert replayed == {False, True}


def test_a_creation_is_accepted_once_when_its_client_asks_again(sender):
    numbers = iter(range(1000))

    def new(title):
        made = Parcel(sender=sender, title=title)
        return create(made, by=sender, data={"title": title}, key=title)

    for title, _ in killed_everywhere(lambda: f"parcel {next(numbers)}", new):
        new(title)
        made = Parcel.objects.get(title=title)
        assert [zero.version for zero in operations_of(made, "create")] == [0]
        assert made.history.count() == 1


def test_an_effect_is_done_and_done_once_at_the_remote(new_shipping, carrier, answers, clock):
    answers["hand_over"] = taking(carrier)
    for parcel, _ in killed_everywhere(new_shipping, lambda parcel: drain()):
        drain_until_quiet(clock)
        run = run_of(parcel, "hand_over")
        assert (run.state, run.follow_up, run.holds_lane) == ("done", "done", None)
        assert 1 <= carrier.calls.count(run.key) <= run.attempts <= 2
        assert (parcel.refresh_from_db(), parcel.status) == (None, "arrived")
        assert len(operations_of(parcel, "arrive")) == 1
        assert_everything_is_settled(parcel)
    assert len(set(carrier.calls)) == Parcel.objects.count()


def taking(carrier):
    def answer(parcel, run):
        carrier.take(run.key)
        return {"tracking": run.key[:8]}

    return answer


def test_a_refused_effect_is_followed_up_once(new_shipping, answers, clock):
    def refused(parcel, run):
        raise AddressRefused

    answers["hand_over"] = refused
    for parcel, _ in killed_everywhere(new_shipping, lambda parcel: drain()):
        drain_until_quiet(clock)
        run = run_of(parcel, "hand_over")
        assert (run.state, run.follow_up, run.holds_lane) == ("failed", "done", None)
        assert (parcel.refresh_from_db(), parcel.status) == (None, "halted")
        assert len(operations_of(parcel, "halt")) == 1
        assert_everything_is_settled(parcel)


def test_an_attempt_that_was_killed_may_have_happened(new_shipping, answers, clock):
    seen = set()

    def busy(parcel, run):
        raise CarrierBusy

    def two_attempts(parcel):
        drain()
        clock.move(minutes=1)
        drain()

    answers["hand_over"] = busy
    for parcel, killed in killed_everywhere(new_shipping, two_attempts):
        drain_until_quiet(clock)
        run = run_of(parcel, "hand_over")
        lost = Event.objects.filter(run=run, kind="lease_lost").exists()
        assert run.state == ("in_doubt" if lost else "failed")
        assert run.attempts == 3
        assert killed or not lost
        seen.add(run.state)
    assert seen == {"in_doubt", "failed"}


def test_a_rescue_happens_once(new_shipping, clock):
    def lost():
        parcel = new_shipping()
        claim("default", 10)
        clock.move(minutes=2)
        return parcel

    for parcel, _ in killed_everywhere(lost, lambda parcel: sweep("default")):
        sweep("default")
        for effect in ("hand_over", "tell_sender"):
            run = run_of(parcel, effect)
            assert (run.state, run.attempts, run.leases_lost) == ("queued", 1, 1)
            assert Event.objects.filter(run=run, kind="lease_lost").count() == 1
        drain_until_quiet(clock)
        assert_everything_is_settled(parcel)


def test_a_decision_is_whole_or_has_not_been_made(new_shipping, answers, operator, clock):
    def in_doubt():
        parcel = new_shipping()
        drain_until_quiet(clock)
        return parcel

    def decide(parcel):
        run = run_of(parcel, "hand_over")
        found = {"tracking": "found"}
        resolve(run, happened=True, by=operator, reason="they have it", result=found)

    def silent(parcel, run):
        raise CarrierSilent

    answers["hand_over"] = silent
    for parcel, _ in killed_everywhere(in_doubt, decide):
        if run_of(parcel, "hand_over").state == "in_doubt":
            assert operations_of(parcel, "resolve") == []
            decide(parcel)
        run = run_of(parcel, "hand_over")
        assert (run.state, run.follow_up, run.holds_lane) == ("done", "done", None)
        assert (parcel.refresh_from_db(), parcel.status) == (None, "arrived")
        assert len(operations_of(parcel, "resolve")) == 1
        assert Event.objects.filter(run=run, kind="resolved").count() == 1


def assert_everything_is_settled(parcel):
    """Versions without a gap, and no run that waits for anything."""
    parcel.refresh_from_db()
    mine = Operation.objects.of("testapp.parcel", str(parcel.pk))
    assert [one.version for one in mine] == list(range(parcel.version + 1))
    runs = EffectRun.objects.of("testapp.parcel", str(parcel.pk))
    assert not runs.open().exists()
    assert not runs.filter(follow_up="pending").exists()
    assert not runs.exclude(holds_lane=None).exists()
