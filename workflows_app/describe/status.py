"""The status document: where an object honestly stands, the same for every reader."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any

from django.db.models import prefetch_related_objects

from workflows_app.contract.editing import editable_columns
from workflows_app.contract.registry import Contract, contract_of, contracts_of
from workflows_app.contract.states import State
from workflows_app.models import EffectRun, Timer
from workflows_app.models.identity import object_id_of, object_type_of

from .actions import actions
from .deadlines import Deadline, read_deadlines, timers_of
from .deadlines import entry as entry_of_deadline
from .deadlines import headline_of as headline_of_deadline
from .headline import headline_of_state, headline_of_work
from .times import stamp
from .work import RESOLVED, Condition, Work, entry, read, told, worst


class Phase(StrEnum):
    """What is going on, worst first. A closed set; later versions may add to it."""

    IN_DOUBT = "in_doubt"  #: it may have happened outside; a person has to find out
    BLOCKED = "blocked"  #: dead work that has an owner
    OVERDUE = "overdue"  #: a deadline has passed, and what was to happen then has not
    RETRYING = "retrying"  #: work that failed and is tried again
    WAITING = "waiting"  #: the outside has accepted work and will confirm it
    RUNNING = "running"  #: a worker is at it
    QUEUED = "queued"  #: work that has not begun
    NEEDS_PERSON = "needs_person"  #: nothing moves by itself; the state's owner has to act
    SETTLED_WITH_FAILURES = "settled_with_failures"  #: at rest, but a notification failed
    SETTLED = "settled"  #: at rest
    CANCELLED = "cancelled"  #: withdrawn


#: What people must hear of before a deadline that has passed.
WORSE_THAN_LATE = (Condition.IN_DOUBT, Condition.BLOCKED)


def status(
    obj: Any,
    *,
    user: Any = None,
    href: Callable[[str], str | None] | None = None,
    runs: Iterable[EffectRun] | None = None,
) -> dict[str, Any]:
    """The status document of one object.

    With a ``user`` it lists the actions that user has permission for, and the columns that user
    may edit now; ``href`` gives the address of a transition by its name. One query for the runs,
    unless the caller has them as ``EffectRun.objects.concerning`` gives them; one for
    the deadlines where the contract has clocks; none per action beyond what roles ask. An object
    with several workflows stands as its first one says, and has a document of each under
    ``workflows``, by field.
    """
    if runs is None:
        runs = EffectRun.objects.concerning(object_type_of(obj), object_id_of(obj))
    timers = timers_of([obj])[object_id_of(obj)]
    document = _document(obj, list(runs), timers)
    if user is None:
        return document
    return {
        **document,
        "actions": actions(obj, user, href=href),
        "editable": list(editable_columns(obj, user)),
    }


def statuses(objects: Sequence[Any]) -> list[dict[str, Any]]:
    """The documents of many objects of one model, without actions. One query."""
    if not objects:
        return []
    object_type = object_type_of(objects[0])
    by_object: dict[str, list[EffectRun]] = {object_id_of(obj): [] for obj in objects}
    mine = EffectRun.objects.filter(object_type=object_type, object_id__in=by_object)
    if len(contracts_of(objects[0])) > 1:
        mine = mine.select_related("operation")
    for run in mine.unresolved().order_by("version", "position"):
        by_object[run.object_id].append(run)
    timers = timers_of(objects)
    keys = [object_id_of(obj) for obj in objects]
    together = zip(objects, keys, strict=True)
    return [_document(obj, by_object[key], timers[key]) for obj, key in together]


def _document(obj: Any, runs: Sequence[EffectRun], timers: Sequence[Timer]) -> dict[str, Any]:
    first, *others = contracts_of(obj)
    if not others:
        return _of_workflow(obj, first, runs, timers)
    prefetch_related_objects(runs, "operation")
    by_field: dict[str, list[EffectRun]] = defaultdict(list)
    for run in runs:
        by_field[contract_of(obj, run.operation.field).field].append(run)
    workflows = {
        one.field: {"workflow": one.name} | _of_workflow(obj, one, by_field[one.field], timers)
        for one in (first, *others)
    }
    return {**workflows[first.field], "workflows": workflows}


def _of_workflow(
    obj: Any, contract: Contract, runs: Iterable[EffectRun], timers: Iterable[Timer]
) -> dict[str, Any]:
    state = contract.state(contract.state_of(obj))
    read_all = (read(run, contract, state.owner) for run in told(runs))
    work = [item for item in read_all if item.condition not in RESOLVED]
    deadlines = read_deadlines(contract, str(state), timers)
    late = next((one for one in deadlines if one.overdue), None)
    phase, headline = _phase_and_headline(state, worst(work), late)
    return {
        "state": str(state),
        "label": state.label,
        "since": stamp(getattr(obj, contract.since_field)),
        "version": obj.version,
        "final": state.final,
        "phase": str(phase),
        "headline": headline,
        "owner": {"label": state.owner.label, "kind": "role"} if state.owner else None,
        "waiting_on": state.waiting_on or None,
        "deadlines": [entry_of_deadline(one) for one in deadlines],
        "work": [entry(item) for item in work],
    }


def _phase_and_headline(
    state: State, work: Work | None, late: Deadline | None
) -> tuple[Phase, str]:
    at_rest = _phase_of_state(state)
    if late and (work is None or work.condition not in WORSE_THAN_LATE):
        return Phase.OVERDUE, headline_of_deadline(late)
    if work is None:
        return at_rest, headline_of_state(state)
    if work.condition is not Condition.DEAD:
        return Phase(work.condition), headline_of_work(work)
    if at_rest is Phase.NEEDS_PERSON:
        return at_rest, headline_of_state(state)
    return Phase.SETTLED_WITH_FAILURES, headline_of_work(work)


def _phase_of_state(state: State) -> Phase:
    if state.owner is not None:
        return Phase.NEEDS_PERSON
    return Phase.CANCELLED if state.cancelled else Phase.SETTLED
