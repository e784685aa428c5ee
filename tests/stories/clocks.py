"""Letting time pass in the rows, by the database's clock."""

from datetime import timedelta

from django.db.models import F

from workflows_app.engine.drain import drain
from workflows_app.engine.locking import retrying
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun
from workflows_app.models.clock import DatabaseNow


def make_due():
    """Let the time pass that retries and follow-ups wait for."""
    EffectRun.objects.filter(state="queued").update(due=DatabaseNow())
    EffectRun.objects.filter(follow_up="pending").update(due=DatabaseNow())


def end_leases():
    """Let the time of every lease pass."""
    past = DatabaseNow() - timedelta(seconds=1)
    running = EffectRun.objects.filter(state="running")
    retrying("default", lambda: running.update(lease_until=past))  # a worker may write them too


def let_pass(time):
    """Let so much time pass for every run that was begun: a worker fleet that was down."""
    EffectRun.objects.filter(first_attempt_at__isnull=False).update(
        first_attempt_at=F("first_attempt_at") - time
    )
    make_due()


def drain_until_quiet(at_most=40):
    """Work, sweep and let time pass until nothing happens any more by itself."""
    for _ in range(at_most):
        make_due()
        end_leases()
        sweep("default")
        if not drain() and not waiting():
            return
    raise AssertionError(f"still at work: {list(waiting().values('effect', 'state', 'follow_up'))}")


def waiting():
    """The runs for which something is still to happen by itself."""
    by_itself = EffectRun.objects.filter(state__in=("queued", "running"))
    return by_itself | EffectRun.objects.filter(follow_up="pending")
