"""Foreseeing: what an override would do, before somebody confirms it. Nothing is written."""

from dataclasses import dataclass
from typing import Any

from workflows_app.contract.registry import Contract
from workflows_app.contract.transitions import ANY, Transition
from workflows_app.engine.refuse import refuse_empty_columns
from workflows_app.engine.supersede import ended_by_now
from workflows_app.failures import Invalid, Reason
from workflows_app.models import EffectRun, SupersededAs
from workflows_app.models.database import database_of

from .override import contract_with


@dataclass(frozen=True)
class Foreseen:
    """What an override, or a forced cancellation, would do as things stand."""

    #: The runs that it would cancel: they have certainly not left.
    cancelled: tuple[EffectRun, ...]
    #: Those that may be outside: never sent again, and nothing would follow from them.
    already_sent: tuple[EffectRun, ...]
    #: Those of them that would be undone if they turn out done.
    will_undo: tuple[EffectRun, ...]
    #: Why the contract itself does not lead there now: guards that say no, a way there is not.
    refused: tuple[Reason, ...]
    #: Columns that the state needs and that are empty: these refuse an override as well.
    missing: tuple[Reason, ...]


def foresee(obj: Any, state: str, *, field: str = "") -> Foreseen:
    """What ``override(obj, state, ...)`` would end, undo and pass over, as things stand.

    Between the look and the override runs go on: give ``override`` the version that was seen, and
    read in its receipt what it did. Raises Invalid for a state that no workflow of it has.
    """
    contract = contract_with(obj, state, field)
    ends = ended_by_now(database_of(contract.model), contract, obj, ANY)
    sent = [(run, effect) for run, effect, left in ends if left == SupersededAs.ALREADY_SENT]
    return Foreseen(
        cancelled=tuple(run for run, _, left in ends if left == SupersededAs.CANCELLED),
        already_sent=tuple(run for run, _ in sent),
        will_undo=tuple(run for run, effect in sent if effect and effect.undo),
        refused=_refused(contract, obj, contract.states.present(str(state))),
        missing=_missing(contract, obj, state),
    )


def _refused(contract: Contract, obj: Any, state: str) -> tuple[Reason, ...]:
    here = contract.state_of(obj)
    ways = [way for way in contract.ways if state in way.targets and here in way.sources]
    if not ways:
        labels = contract.state(here).label, contract.state(state).label
        return (Reason("wrong_state", f"Nothing leads from {labels[0]} to {labels[1]}."),)
    said_no = [_said_no(way, obj) for way in ways]
    return () if not all(said_no) else tuple(dict.fromkeys(sum(said_no, ())))


def _said_no(way: Transition, obj: Any) -> tuple[Reason, ...]:
    return tuple(one.reason for one in way.guards if not one.takes_command and not one(obj))


def _missing(contract: Contract, obj: Any, state: str) -> tuple[Reason, ...]:
    try:
        refuse_empty_columns(contract.state(state), obj)
    except Invalid as refusal:
        return refusal.reasons
    return ()
