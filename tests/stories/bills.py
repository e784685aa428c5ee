"""What the stories of committed effects have in common."""

from datetime import timedelta

from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun

SETTLE = timedelta(seconds=40)  # twice the time-out, as nothing else is said


def the_run():
    return EffectRun.objects.select_related("operation").get()


def rescue(clock):
    """Let the lease end, and have another worker notice."""
    clock.move(minutes=2)
    sweep("default")


def outcomes(run):
    """What the events of the run say, in order."""
    return [(event.kind, event.data.get("outcome")) for event in run.events.order_by("at", "id")]
