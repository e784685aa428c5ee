"""Given: an object that stands where a test begins."""

from typing import Any, TypeVar

from django.db.models import Model

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import contract_of
from workflows_app.ops import place

Obj = TypeVar("Obj", bound=Model)

REASON = "A test begins here."


def at(model: type[Obj], state: str, **columns: Any) -> Obj:
    """A new, stored object in this state: ``at(Claim, Status.PAYING, claimant=ada)``.

    It goes through ``place()``, so it has its operations and is under the guard like any other; in
    the initial state it is simply saved. No effect is asked for and no transition was run. The
    column of the time, such as ``status_since=``, says since when it has been there. Raises
    Invalid for a column that the state requires and that is empty, for a violated constraint, and
    for a state that the contract does not have.
    """
    contract = contract_of(model)
    obj = model(**columns)
    if str(state) == str(contract.states.initial):
        obj.save()
    else:
        place(obj, state, by=SYSTEM, reason=REASON, since=columns.get(contract.since_field))
    return obj
