"""The story: claims are approved while processes of their worker are killed in every phase."""

from contextlib import contextmanager
from dataclasses import dataclass

from demo_project.claims.models import Claim
from demo_project.outside.world import World
from tests.chaos.claims import Approvals
from tests.chaos.killer import Killer
from tests.chaos.lease import LEASE
from tests.chaos.phases import PHASES
from tests.cluster_members import ROLES, wait_until
from tests.worker_process import running_worker
from workflows_app.models import EffectRun, RunState

ANSWER_SECONDS = 0.05
MAILS_PER_CLAIM = 2


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
        approvals = Approvals()
        with running_worker(environment | addresses(world)) as worker:
            killer = Killer(worker, world, approvals, size.seed)
            for phase, role in size.kills:
                killer.kill(phase, role)
            approvals.approve(max(0, size.commands - approvals.count))
            wait_until(approvals.all_paid, "everything is done", patience_seconds(size))
            assert worker.stop() == 0
        expect_every_effect_done(approvals)
        expect_everything_once(world, approvals)
        return killer, report(world, approvals, killer)


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
        "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
        "CHAOS_BANK_URL": world.addresses["bank"],
        "CHAOS_MAIL_URL": world.addresses["mail"],
    }


def patience_seconds(size):
    return 3 * LEASE.total_seconds() + size.commands * 0.2


def expect_every_effect_done(approvals):
    """None lost, none given up, none taken for poison."""
    runs = EffectRun.objects.all()
    assert runs.count() == approvals.count * (1 + MAILS_PER_CLAIM)
    assert list(runs.exclude(state=RunState.DONE).values("effect", "state", "failure")) == []
    assert {claim.status for claim in Claim.objects.all()} == {"paid"}


def expect_everything_once(world, approvals):
    """Every claim has one transfer and two mails, however often they were asked for."""
    transfers = world.books.entries("bank")
    assert len({entry.key for entry in transfers}) == len(transfers) == approvals.count
    assert len({entry.body["to"] for entry in transfers}) == approvals.count
    assert len(world.books.entries("mail")) == approvals.count * MAILS_PER_CLAIM


def report(world, approvals, killer):
    again = sum(e.calls - 1 for company in ("bank", "mail") for e in world.books.entries(company))
    runs = EffectRun.objects.count()
    return "\n".join(
        [
            "",
            killer.table(),
            f"{approvals.count} commands, {runs} effects, all done; asked for again: {again}.",
            f"The slowest recovery took {killer.slowest_seconds:.1f} seconds.",
        ]
    )
