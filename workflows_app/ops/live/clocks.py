"""Clocks: timers that are still to fire, under names that no contract has."""

from collections.abc import Iterator

from django.core.checks import ERROR
from django.db.models import Count

from workflows_app.contract.registry import contracts
from workflows_app.models import Timer, TimerState

from .finding import EXAMPLES, Finding, under_former_name
from .tables import is_there


def unknown_clocks(using: str) -> Iterator[Finding]:
    """Timers that are still to fire: which of them no worker of this code can fire."""
    if not is_there(using, Timer):
        return
    clocks = {
        (contract.object_type, contract.field, name): clock
        for contract in contracts()
        for clock in contract.clocks
        for name in clock.every_name
    }
    models = {contract.object_type: contract.model for contract in contracts()}
    waiting = Timer.objects.using(using).filter(live=True).exclude(state=TimerState.FIRED)
    counted = waiting.values_list("object_type", "field", "clock").annotate(Count("pk"))
    for object_type, field, name, count in counted.order_by("object_type", "field", "clock"):
        clock = clocks.get((object_type, field, name))
        them = waiting.filter(object_type=object_type, field=field, clock=name)
        timers = "1 timer is" if count == 1 else f"{count:,} timers are"
        if clock is None:
            yield Finding(
                ERROR,
                f"{timers} of the clock {name!r} of {object_type}, which the contract does not"
                " know: nobody will fire them.",
                hint=f"If it was renamed, say was=[{name!r}] in After(...), or on the transition it"
                " is named after. If it was removed, keep it until no object is in its states.",
                obj=models.get(object_type),
                id="workflows_app.E106",
                count=count,
                examples=them.values_list("pk", flat=True)[:EXAMPLES],
            )
        elif clock.name != name:
            yield under_former_name(timers, name, clock.name, models.get(object_type), count)
