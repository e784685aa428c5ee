"""Force-cancel: a person calls an object off, wherever it stands."""

from collections.abc import Collection
from functools import partial
from typing import Any

from workflows_app.contract.registry import Contract, contract_of
from workflows_app.engine.refuse import refuse_empty_columns
from workflows_app.failures import Invalid, NotAllowed
from workflows_app.models import Operation
from workflows_app.models.database import database_of

from .decision import Said, decide, refuse_without
from .override import end_all

PERMISSION = "workflows_app.force_cancel"


def force_cancel(
    obj: Any,
    *,
    by: Any,
    reason: str,
    version: int | Collection[int] | None = None,
    key: str | None = None,
    field: str = "",
) -> Operation:
    """Put an object into the state that its workflow marks with ``cancelled=True``.

    From any state, for whoever has ``workflows_app.force_cancel``. It ends every open run of the
    workflow, except undos. ``field``: of which of several workflows; the first, if not said.
    Raises Forbidden, Invalid (no reason; none or several such states), NotAllowed (it is cancelled
    already), Stale, KeyReused, TryAgain.
    """
    contract = contract_of(obj, field)
    state = _cancelled_state(contract)

    def enter(locked: Any) -> str:
        refuse_without(by, PERMISSION, locked)
        if contract.state_of(locked) == state:
            raise NotAllowed(f"It is {contract.state(state).label} already.")
        refuse_empty_columns(contract.state(state), locked)
        return state

    return decide(
        "force_cancel",
        obj,
        contract,
        Said(by, reason, version, key),
        {"target": state, "field": contract.field},
        enter=enter,
        act=partial(end_all, database_of(contract.model)),
    )


def _cancelled_state(contract: Contract) -> str:
    marked = [str(state) for state in contract.states.all() if state.cancelled]
    if len(marked) != 1:
        told = " and ".join(marked) or "no state"
        raise Invalid(f"{contract.name} marks {told} as cancelled; override() names the state.")
    return marked[0]
