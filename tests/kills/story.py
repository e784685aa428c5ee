"""The story: payments are made while processes of their worker are killed in every phase."""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from demo_project.outside.world import World
from tests.cluster_members import ROLES, wait_until
from tests.kills.killer import Killer
from tests.kills.lease import LEASE
from tests.kills.models import Payment
from tests.kills.payments import Payments
from tests.kills.phases import PHASES
from tests.worker_process import running_worker
from workflows_app.models import EffectRun, RunState
from workflows_app.testing import Heard, check_invariants

ANSWER_SECONDS = 0.05
MAILS_PER_PAYMENT = 2


@dataclass(frozen=True)
class Size:
    """How many commands with effects, and how often each role is killed in each phase."""

    commands: int
    kills: tuple[tuple[str, str], ...]
    seed: int = 1


def everything(rounds):
    """Every role in every phase, so many times over; the phases take turns."""
    return tuple((phase, role) for _ in range(rounds) for role in ROLES for phase in PHASES)


def play(size, environment):
    """Play it and hold every promise against what is in the rows and in the world's books."""
    with outside_world() as world:
        payments = Payments()
        with running_worker(environment | addresses(world)) as worker:
            killer = Killer(worker, world, payments, size.seed)
            for phase, role in size.kills:
                killer.kill(phase, role)
            payments.pay(max(0, size.commands - payments.count))
            wait_until(payments.all_paid, "everything is done", patience_seconds(size))
            assert worker.stop() == 0
        expect_every_effect_done(payments)
        expect_everything_once(world, payments)
        check_invariants(heard(world), quiet=True)
        return killer, report(world, payments, killer)


@contextmanager
def outside_world():
    world = World("127.0.0.1", {"outside": 0, "bank": 0, "mail": 0})
    slow = {"fault": "slow", "seconds": ANSWER_SECONDS}
    world.turn({"bank": slow, "mail": slow})
    try:
        yield world
    finally:
        world.close()


def addresses(world):
    return {
        "DJANGO_SETTINGS_MODULE": "tests.kills.settings",
        "KILLS_BANK_URL": world.addresses["bank"],
        "KILLS_MAIL_URL": world.addresses["mail"],
    }


def patience_seconds(size):
    return 3 * LEASE.total_seconds() + size.commands * 0.2


def expect_every_effect_done(payments):
    """None lost, none given up, none taken for poison."""
    runs = EffectRun.objects.all()
    assert runs.count() == payments.count * (1 + MAILS_PER_PAYMENT)
    assert list(runs.exclude(state=RunState.DONE).values("effect", "state", "failure")) == []
    assert {payment.status for payment in Payment.objects.all()} == {"paid"}


def expect_everything_once(world, payments):
    """Every payment has one transfer and two mails, however often they were asked for."""
    transfers = world.books.entries("bank")
    assert len({entry.key for entry in transfers}) == len(transfers) == payments.count
    assert len({entry.body["to"] for entry in transfers}) == payments.count
    assert len(world.books.entries("mail")) == payments.count * MAILS_PER_PAYMENT


def heard(world):
    """Every call in the books, as the invariants take it."""
    calls = [call for call in world.books.calls() if call["key"]]
    return [Heard(call["key"], datetime.fromisoformat(call["at"])) for call in calls]


def report(world, payments, killer):
    again = sum(e.calls - 1 for company in ("bank", "mail") for e in world.books.entries(company))
    runs = EffectRun.objects.count()
    return "\n".join(
        [
            "",
            killer.table(),
            f"{payments.count} commands, {runs} effects, all done; asked for again: {again}.",
            f"The slowest recovery took {killer.slowest_seconds:.1f} seconds.",
        ]
    )
