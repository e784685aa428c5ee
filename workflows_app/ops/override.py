"""Override: a person puts an object into a state that the contract does not lead to."""

from collections.abc import Collection
from functools import partial
from typing import Any

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import Contract, contract_of, contracts_of
from workflows_app.contract.states import State
from workflows_app.contract.transitions import ANY
from workflows_app.engine.refuse import refuse_empty_columns
from workflows_app.engine.supersede import supersede
from workflows_app.failures import Forbidden, Invalid
from workflows_app.models import Kind, Operation
from workflows_app.models.database import database_of

from .decision import Said, decide


def override(
    obj: Any,
    state: str,
    *,
    by: Any,
    reason: str,
    version: int | Collection[int] | None = None,
    key: str | None = None,
    field: str = "",
) -> Operation:
    """Put an object into this state, whatever the contract says of the way there.

    Only for whom the contract names: ``class ClaimWorkflow(Workflow, ..., override=senior)``. It
    ends every open run of the workflow, except undos; ``foresee()`` says beforehand which. The
    columns that the state requires must be filled. ``field``: of which of several workflows, where
    the state does not say it. Raises Forbidden, Invalid (no reason, no such state, a column the
    state requires, a violated constraint), NotAllowed, Stale, KeyReused, TryAgain.
    """
    contract = contract_with(obj, state, field)

    def enter(locked: Any) -> str:
        refuse_others(contract, by, locked)
        refuse_empty_columns(contract.state(state), locked)
        return contract.states.present(str(state))

    return decide(
        "override",
        obj,
        contract,
        Said(by, reason, version, key),
        {"target": str(state), "field": contract.field},
        enter=enter,
        act=partial(end_all, database_of(contract.model)),
        kind=Kind.OVERRIDE,
    )


def end_all(using: str, operation: Operation, obj: Any) -> None:
    """Supersede every open run of the operation's workflow, except undos."""
    supersede(using, operation, obj, ANY)


def refuse_others(contract: Contract, by: Any, obj: Any) -> None:
    """Only whom the contract's ``override`` names. Raises Forbidden."""
    who = contract.override
    if by is SYSTEM or who is None or not who.admits(by, obj):
        raise Forbidden(f"Only {who or 'nobody'} may override {contract.name}.")


def contract_with(obj: Any, state: str, field: str = "") -> Contract:
    """Which workflow of the object has this state. Raises Invalid where that is not clear."""
    if field:
        having = [contract_of(obj, field)]
    else:
        having = [one for one in contracts_of(obj) if _has(one, state)]
    if len(having) > 1:
        fields = " or ".join(f"field={one.field!r}" for one in having)
        raise Invalid(f"{str(state)!r} is a state of several workflows; say {fields}.")
    if not having or not _has(having[0], state):
        named = " or ".join(one.name for one in contracts_of(obj))
        raise Invalid(f"{str(state)!r} is no state of {named}.")
    return having[0]


def _has(contract: Contract, state: str) -> bool:
    """A ``State`` is itself; a text may be any state that is stored so."""
    known = contract.states.by_every_value.get(str(state))
    return known is not None and (known is state or not isinstance(state, State))
