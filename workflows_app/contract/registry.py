"""Which contract a model obeys: compiled once, when Django has built the model."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db.models import Model

from .effects import Effect
from .former import by_every_name
from .people import Who
from .states import State, States
from .transitions import Transition
from .workflow import Workflow


@dataclass(frozen=True)
class Contract:
    """A contract as one model obeys it."""

    model: type[Model]
    workflow: type[Workflow]
    field: str

    @property
    def name(self) -> str:
        """The name people and JSON use: ``claim`` for ClaimWorkflow."""
        return self.workflow.workflow_name

    @property
    def states(self) -> type[States]:
        """The closed set of states."""
        return self.workflow.workflow_states

    @property
    def transitions(self) -> dict[str, Transition]:
        """Every transition by its name, in the order written."""
        return self.workflow.workflow_transitions

    @property
    def seen_by(self) -> Who:
        """Who may see an object and everything about it."""
        return self.workflow.workflow_seen_by

    @property
    def secret(self) -> frozenset[str]:
        """Names that are never shown."""
        return self.workflow.workflow_secret

    @cached_property
    def object_type(self) -> str:
        """The stable text that stands for the model in every row: ``claims.claim``."""
        return self.model._meta.label_lower

    @cached_property
    def since_field(self) -> str:
        """The column that says since when the state holds."""
        return f"{self.field}_since"

    @cached_property
    def protected(self) -> tuple[str, ...]:
        """The columns only a command may write."""
        return (self.field, self.since_field, "version")

    @cached_property
    def creations(self) -> tuple[Transition, ...]:
        """The transitions that begin a new object (``source=None``), in the order written."""
        return tuple(one for one in self.transitions.values() if one.creates)

    @cached_property
    def beginnings(self) -> tuple[str, ...]:
        """The states a new row may be in: the initial one, and those that creations lead to."""
        targets = [str(target) for one in self.creations for target in one.targets]
        return tuple(dict.fromkeys([str(self.states.initial), *targets]))

    @cached_property
    def effects(self) -> dict[str, Effect]:
        """Every effect any transition asks for, by name."""
        return {e.name: e for t in self.transitions.values() for e in t.all_effects()}

    @cached_property
    def version(self) -> str:
        """12 hex digits that change when the contract's table changes, whatever the language."""
        states = [(str(state), state.initial, state.final) for state in self.states.all()]
        table = [_row(transition) for transition in self.transitions.values()]
        text = json.dumps([states, table])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def effect_named(self, name: str) -> Effect | None:
        """The effect that runs have under this name, of today or of an earlier release."""
        return self._by_every_effect_name.get(name)

    @cached_property
    def every_effect_name(self) -> tuple[str, ...]:
        """The names of all effects, former ones included."""
        return tuple(self._by_every_effect_name)

    @cached_property
    def every_transition_name(self) -> tuple[str, ...]:
        """The names of all transitions, former ones included."""
        return tuple(self.transitions)

    @cached_property
    def _by_every_effect_name(self) -> dict[str, Effect]:
        return by_every_name(self.workflow.__name__, self.effects.items())

    def state_of(self, obj: Model) -> str:
        """The object's state, as its value is today."""
        return str(getattr(obj, self.field))

    def stored_state_of(self, obj: Model) -> str:
        """What the row says, which may be a former value: the guard compares it to the letter."""
        status: Any = obj._meta.get_field(self.field)
        return str(status.stored_state(obj))

    def knows(self, value: str) -> bool:
        """Whether a row may say so: the value of a state, or a former one."""
        return value in self.states.by_every_value

    def state(self, value: str) -> State:
        """The declared state, or a bare one for a value the contract no longer knows."""
        known = self.states.by_every_value.get(str(value))
        return known or State(str(value), str(value), owner=None)


class Unbound(LookupError):
    """No model obeys a contract under this name."""


_by_type: dict[str, Contract] = {}


def bind(model: type[Model], field: str) -> None:
    """Note that this model obeys the contract it inherits. Called when the model is built."""
    if issubclass(model, Workflow) and field == model.workflow_field:
        contract = Contract(model, model, field)
        _by_type[contract.object_type] = contract


def contract_of(model: type[Model] | Model) -> Contract:
    """The contract of a model or instance. Raises Unbound for one without."""
    return contract_for(model._meta.concrete_model._meta.label_lower)  # type: ignore[union-attr]


def contract_for(object_type: str) -> Contract:
    """The contract behind an object type. Raises Unbound, e.g. for a model that was removed."""
    try:
        return _by_type[object_type]
    except KeyError:
        raise Unbound(f"No workflow model {object_type!r} is installed.") from None


def contracts() -> Iterator[Contract]:
    """The contract of every installed model, in the order they were built."""
    return iter([one for one in _by_type.values() if one.model._meta.apps is apps])


def _row(transition: Transition) -> list[Any]:
    return [
        transition.name,
        transition.sources,
        transition.targets,
        repr(transition.by),
        [guard.code for guard in transition.guards],
        [(e.name, e.safety, e.then, e.otherwise) for e in transition.all_effects()],
    ]
