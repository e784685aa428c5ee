"""What an operation or a tombstone says to somebody who reads the timeline."""

from collections.abc import Callable
from datetime import datetime

from workflows_app.contract.registry import Contract, contract_for
from workflows_app.engine.idempotency import SYSTEM_ACTOR
from workflows_app.models import EffectRun, Kind, Operation, Removal, Tombstone

from .causes import Causing, because_of, follows
from .times import spoken_day
from .work import how_it_ended, plain, read


def told_by_operation(operation: Operation, contract: Contract, cause: Causing | None) -> str:
    """``Approve, by Rita Reviewer: Accept the claim. Now: Payment on its way.``"""
    because = _because(operation, contract, cause)
    if tell := _OPERATIONS.get((operation.kind, operation.transition)):
        sentences = [tell(operation, contract, because)]
    else:
        sentences = [_who_did_what(operation, contract, because), _where_to(operation, contract)]
    if operation.reason:
        sentences.append(f"Reason: {operation.reason}")
    return " ".join(filter(None, sentences))


def told_by_tombstone(tombstone: Tombstone) -> str:
    """``12 entries up to version 6 were removed by the system. Reason: Older than 2y.``"""
    entries = tombstone.operations + tombstone.events
    many = "1 entry" if entries == 1 else f"{entries} entries"
    if tombstone.kind == Removal.PRUNE:
        what = f"{many} up to version {tombstone.version} were removed"
    else:
        what = f"What {many} up to version {tombstone.version} said of a person was erased"
    return f"{what} by {tombstone.actor_label}. Reason: {tombstone.reason}"


def told_by_actor(actor: str) -> str:
    """The actor of an event, as far as its text goes."""
    return "the system" if actor == SYSTEM_ACTOR else actor


def _created(operation: Operation, contract: Contract, because: str) -> str:
    return f"Created by {operation.actor_label}{because}."


def _adopted(operation: Operation, contract: Contract, because: str) -> str:
    since = operation.data.get("since")
    held = f", since {spoken_day(datetime.fromisoformat(since))}" if since else ""
    found = [contract.state(operation.target).label, *_other_states(operation)]
    return f"Found as it stood: {', '.join(found)}{held}."


def _other_states(operation: Operation) -> list[str]:
    """Where the object stood in its other workflows when it was adopted."""
    others: dict[str, str] = operation.data.get("states", {})
    found = ((contract_for(operation.object_type, field), one) for field, one in others.items())
    return [contract.state(one).label for contract, one in found]


def _placed(operation: Operation, contract: Contract, because: str) -> str:
    state = contract.state(operation.target).label
    return f"Placed there by {operation.actor_label}{because}. Now: {state}."


def _edited(operation: Operation, contract: Contract, because: str) -> str:
    """The columns in the order of the model, for JSON has none; then those it has no longer."""
    edited = dict.fromkeys(sorted(operation.data))
    known = {f.name: f.verbose_name for f in contract.model._meta.concrete_fields}
    named = [str(label) for name, label in known.items() if name in edited]
    named += [name for name in edited if name not in known]
    return f"Edited by {operation.actor_label}{because}: {', '.join(named)}."


def _deleted(operation: Operation, contract: Contract, because: str) -> str:
    return f"Deleted by {operation.actor_label}{because}."


#: What is no transition of a contract, by its kind and name.
_OPERATIONS: dict[tuple[str, str], Callable[[Operation, Contract, str], str]] = {
    (Kind.CREATE, "create"): _created,
    (Kind.ADOPT, "adopt"): _adopted,
    (Kind.IMPORT, "place"): _placed,
    (Kind.EDIT, "edit"): _edited,
    (Kind.DELETE, "delete"): _deleted,
}


def _who_did_what(operation: Operation, contract: Contract, because: str) -> str:
    known = contract.transition_named(operation.transition)
    known = known and known.at(contract.states.present(operation.source))
    label = known.label if known else operation.transition.replace("_", " ").capitalize()
    about = operation.data.get("effect") if operation.kind == Kind.OPERATOR else None
    what = f"{label} {plain(str(about))}" if about else label
    told = f"{what}, by {operation.actor_label}{because}"
    described = _first_paragraph(known.description) if known else ""
    return f"{told}: {described}" if described else f"{told}."


def _because(operation: Operation, contract: Contract, cause: Causing | None) -> str:
    if cause is None:
        return ""
    if isinstance(cause, EffectRun) and follows(operation, cause):
        return f" after {how_it_ended(read(cause, contract))}"
    return f" {because_of(operation, cause)}"


def _where_to(operation: Operation, contract: Contract) -> str:
    if contract.states.present(operation.source) == contract.states.present(operation.target):
        return ""
    return f"Now: {contract.state(operation.target).label}."


def _first_paragraph(description: str) -> str:
    return " ".join(description.split("\n\n")[0].split())
