"""Runs and operations: under names that no contract has."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import ERROR, INFO
from django.db import connections
from django.db.models import Count

from workflows_app.contract.registry import contracts
from workflows_app.models import EffectRun, FollowUp, Kind, Operation
from workflows_app.models.effect_run import GROUP

from .finding import EXAMPLES, Finding, under_former_name
from .tables import is_there

#: How many of the newest operations are looked at: a notice is not worth reading all of them.
NEWEST = 100_000

#: Of these, the name is a transition's, or the kind itself where nothing else was said.
_BY_TRANSITION = (Kind.CREATE, Kind.COMMAND, Kind.SYSTEM)


def unknown_runs(using: str) -> Iterator[Finding]:
    """Runs that are still to be done: which of them no worker of this code can do."""
    if not is_there(using, EffectRun):
        return
    effects = {
        (c.object_type, name): c.effect_named(name)
        for c in contracts()
        for name in c.every_effect_name
    }
    models = {contract.object_type: contract.model for contract in contracts()}
    runs = EffectRun.objects.using(using)
    still_open = (runs.open() | runs.filter(follow_up=FollowUp.PENDING)).exclude(safety=GROUP)
    counted = still_open.values_list("object_type", "effect").annotate(Count("pk"))
    for object_type, name, count in counted.order_by("object_type", "effect"):
        effect = effects.get((object_type, name))
        them = still_open.filter(object_type=object_type, effect=name)
        if object_type not in models:
            yield _of_no_model(object_type, name, count, them)
        elif effect is None:
            yield _of_no_effect(models[object_type], name, count, them)
        elif effect.name != name:
            yield under_former_name(_runs(count), name, effect.name, models[object_type], count)


def unknown_transitions(using: str) -> Iterator[Finding]:
    """Operations of transitions that are gone: they can be read, and are told by bare names."""
    if not is_there(using, Operation):
        return
    known = {(c.object_type, name) for c in contracts() for name in c.every_transition_name}
    steps = ((c.object_type, one) for c in contracts() for one in c.clock_steps)
    known |= {(object_type, name) for object_type, one in steps for name in one.every_name}
    models = {contract.object_type: contract.model for contract in contracts()}
    for object_type, name, count in _newest_operations(using):
        if (object_type, name) not in known:
            yield Finding(
                INFO,
                f"{count:,} of the newest operations of {object_type} say {name!r}, which is no"
                " transition of today.",
                hint=f"They stay readable. If it was renamed, say was=[{name!r}] on the transition"
                " of today: then they are told under its label.",
                obj=models.get(object_type),
                id="workflows_app.I060",
                count=count,
            )


def _of_no_model(object_type: str, name: str, count: int, them: Any) -> Finding:
    return Finding(
        ERROR,
        f"{_runs(count)} of {name!r} for {object_type!r}, and no such model has a contract: nobody"
        " will do them.",
        hint="Keep the model and its contract until they are done, or skip them before.",
        obj=None,
        id="workflows_app.E071",
        count=count,
        examples=them.values_list("pk", flat=True)[:EXAMPLES],
    )


def _of_no_effect(model: Any, name: str, count: int, them: Any) -> Finding:
    return Finding(
        ERROR,
        f"{_runs(count)} of {name!r}, which the contract does not know: nobody will do them.",
        hint=f"If it was renamed, say was=[{name!r}] on the effect of today. If it was removed,"
        " keep it until they are done, or skip them (workflows_app.ops.skip).",
        obj=model,
        id="workflows_app.E070",
        count=count,
        examples=them.values_list("pk", flat=True)[:EXAMPLES],
    )


def _newest_operations(using: str) -> list[tuple[str, str, int]]:
    connection = connections[using]
    table = connection.ops.quote_name(Operation._meta.db_table)
    newest = f"SELECT object_type, transition, kind FROM {table} ORDER BY id DESC LIMIT {NEWEST}"  # noqa: S608  names, quoted
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT object_type, transition, COUNT(*) FROM ({newest}) newest"  # noqa: S608  names, quoted
            " WHERE kind IN (%s, %s, %s) AND transition <> %s"
            " GROUP BY object_type, transition ORDER BY object_type, transition",
            (*_BY_TRANSITION, Kind.CREATE),
        )
        return list(cursor.fetchall())


def _runs(count: int) -> str:
    return "1 open run is" if count == 1 else f"{count:,} open runs are"
