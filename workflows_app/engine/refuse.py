"""The refusals: every no that a command may hear, each in a function of its own."""

from collections.abc import Container
from typing import Any

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import Contract, contract_of
from workflows_app.contract.states import State
from workflows_app.contract.transitions import Transition
from workflows_app.failures import Forbidden, GuardFailed, Invalid, NotAllowed, Reason, Stale

from .command import Command
from .request import Request
from .signals import guard_answered


def refusals(obj: Any, transition: Transition) -> list[Reason]:
    """Why this transition is impossible for the object as it is; empty if it is possible.

    Guards that take the command are not asked, and permission is another question.
    """
    contract = contract_of(obj, transition.field)
    if contract.state_of(obj) not in transition.sources:
        return [_wrong_state(contract, transition)]
    transition = transition.at(contract.state_of(obj))
    return [g.reason for g in transition.guards if not g.takes_command and not g(obj)]


def refuse_gone(obj: Any) -> None:
    """It was deleted."""
    if obj is None:
        raise NotAllowed("It does not exist any more.")


def refuse_stale(request: Request, obj: Any) -> None:
    """The caller saw another version."""
    if request.versions is None or obj.version in request.versions:
        return
    raise Stale(
        f"It is at version {obj.version} now; you saw"
        f" {', '.join(map(str, sorted(request.versions))) or 'none'}.",
        facts={"versions": sorted(request.versions)},
    )


def refuse_stranger(request: Request, obj: Any) -> None:
    """This actor may not. There is no object yet for a command that creates: ``None``."""
    who = request.transition.by
    if who.admits_system if request.by is SYSTEM else who.admits(request.by, obj):
        return
    raise Forbidden(f"Only {who} may do this.", facts={"transition": request.transition.name})


def refuse_wrong_state(request: Request, obj: Any) -> None:
    """The transition does not begin here."""
    if request.contract.state_of(obj) not in request.transition.sources:
        reason = _wrong_state(request.contract, request.transition)
        raise NotAllowed(
            reason.detail,
            reasons=[reason],
            facts={"allowed_from": list(request.transition.sources)},
        )


def _wrong_state(contract: Contract, transition: Transition) -> Reason:
    labels = [contract.state(source).label for source in transition.sources]
    return Reason("wrong_state", f"Only from {' or '.join(labels)}.")


def refuse_guards(request: Request, obj: Any, command: Command) -> None:
    """At least one guard says no; the refusal lists all that do."""
    said_no = []
    for guard in request.transition.guards:
        answer = guard(obj, command) if guard.takes_command else guard(obj)
        guard_answered.send(request.contract.model, guard=guard, answer=answer)
        if not answer:
            said_no.append(guard.reason)
    if said_no:
        raise GuardFailed(" ".join(reason.detail for reason in said_no), reasons=said_no)


def refuse_missing_columns(request: Request, obj: Any) -> None:
    """The state that was reached needs columns that are empty."""
    refuse_empty_columns(request.contract.state(request.contract.state_of(obj)), obj)


def refuse_empty_columns(state: State, obj: Any, among: Container[str] | None = None) -> None:
    """A state needs columns that are empty in this object. ``among``: only these are looked at."""
    asked = [name for name in state.required if among is None or name in among]
    missing = [name for name in asked if getattr(obj, name) in (None, "")]
    if missing:
        reasons = [
            Reason("required", f"{_verbose(obj, name)} is required.", f"/{name}")
            for name in missing
        ]
        raise Invalid(f"{state.label} needs {', '.join(missing)}.", reasons=reasons)


def _verbose(obj: Any, name: str) -> str:
    return str(obj._meta.get_field(name).verbose_name).capitalize()
