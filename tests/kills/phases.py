"""In which phase of its effects a frozen worker stands: read from the rows and the world's log."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.kills.lease import LEASE
from workflows_app.models import EffectRun, RunState

IDLE = "idle"
CLAIMED = "claimed"
IN_HANDLER = "in the handler"
ANSWERED = "after the answer"
PHASES = (IDLE, CLAIMED, IN_HANDLER, ANSWERED)

#: More calls than can be under way.
LATEST = 200
#: The books keep milliseconds, the database may keep more.
ROUNDING = timedelta(milliseconds=2)


@dataclass(frozen=True)
class Seen:
    """One running run, the phase of its attempt, and how often its worker was killed before."""

    id: str
    fence: int
    phase: str
    claimed_at: datetime
    leases_lost: int


def seen_runs(world, orphans):
    """The runs that living workers perform; ``orphans``: (id, fence) of those whose worker died."""
    calls = world.books.calls(latest=LATEST)  # first the log: what comes later is not in it yet
    runs = EffectRun.objects.filter(state=RunState.RUNNING)
    return [
        seen(run, [call for call in calls if call["key"] == run.key])
        for run in runs
        if (run.id, run.fence) not in orphans
    ]


def seen(run, calls):
    claimed_at = run.lease_until - LEASE
    of_this_attempt = [
        call for call in calls if datetime.fromisoformat(call["at"]) >= claimed_at - ROUNDING
    ]
    return Seen(run.id, run.fence, phase(of_this_attempt), claimed_at, run.leases_lost)


def phase(calls):
    if not calls:
        return CLAIMED
    return IN_HANDLER if calls[-1]["status"] is None else ANSWERED
