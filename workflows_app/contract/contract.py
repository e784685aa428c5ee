"""A contract as one model obeys it: what everybody else asks of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Model

from .clock_table import Clock, steps_of
from .effects import Effect
from .former import by_every_name
from .people import Role
from .roles import roles_of
from .states import State, States
from .transitions import Transition
from .version import version_of
from .who import Who
from .workflow import Workflow, workflows_of


@dataclass(frozen=True)
class Contract:
    """A contract as one model obeys it, for one of the model's status fields.

    What a model with several workflows has once (its key, version, sight and secrets) is the same
    in each of its contracts.
    """

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
        """Every transition of this workflow by its name, in the order written."""
        return self.workflow.workflow_transitions

    @property
    def seen_by(self) -> Who:
        """Who may see an object and everything about it."""
        return self.workflow.workflow_seen_by

    @property
    def override(self) -> Who | None:
        """Who may put an object into any state of this workflow; None: nobody."""
        return self.workflow.workflow_override

    @property
    def secret(self) -> frozenset[str]:
        """Names that are never shown: those of every workflow of the model."""
        return frozenset(name for one in self.workflows for name in one.workflow_secret)

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        """Every role that this workflow names, each once."""
        return roles_of(self.workflow)

    @cached_property
    def workflows(self) -> tuple[type[Workflow], ...]:
        """Every workflow of the model, in the order inherited."""
        return workflows_of(self.model)

    @cached_property
    def object_type(self) -> str:
        """The stable text that stands for the model in every row: ``claims.claim``.

        A model that was renamed says its first one: ``workflow_object_type = "claims.claim"``.
        """
        declared: str = getattr(self.model, "workflow_object_type", "")
        return declared or self.model._meta.label_lower

    @cached_property
    def since_field(self) -> str:
        """The column that says since when the state holds."""
        return _since_of(self.field)

    @cached_property
    def protected(self) -> tuple[str, ...]:
        """The columns only a command may write, those of every workflow of the model."""
        fields = [one.workflow_field for one in self.workflows]
        return (*(column for field in fields for column in (field, _since_of(field))), "version")

    @cached_property
    def all_transitions(self) -> dict[str, Transition]:
        """Every transition of every workflow of the model by its name, which no two have."""
        return {name: t for one in self.workflows for name, t in one.workflow_transitions.items()}

    @cached_property
    def all_creations(self) -> tuple[Transition, ...]:
        """The transitions of any workflow of the model that begin a new object."""
        return tuple(one for one in self.all_transitions.values() if one.creates)

    @cached_property
    def is_told(self) -> bool:
        """Whether messages from outside run any transition of the model."""
        return any(transition.messages for transition in self.all_transitions.values())

    @cached_property
    def all_effects(self) -> dict[str, Effect]:
        """Every effect that any workflow of the model asks for, by name."""
        steps = [step for one in self.workflows for step in steps_of(one)]
        return {effect.name: effect for step in steps for effect in step.all_effects()}

    @cached_property
    def ways(self) -> tuple[Transition, ...]:
        """Every declaration of this workflow: several of one name where a method carries them."""
        return tuple(way for transition in self.transitions.values() for way in transition.ways)

    @cached_property
    def creations(self) -> tuple[Transition, ...]:
        """Its transitions that begin a new object (``source=None``), in the order written."""
        return tuple(one for one in self.transitions.values() if one.creates)

    @cached_property
    def beginnings(self) -> tuple[str, ...]:
        """The states a new row may be in: the initial one, and those that creations lead to."""
        targets = [str(target) for one in self.creations for target in one.targets]
        return tuple(dict.fromkeys([str(self.states.initial), *targets]))

    @cached_property
    def effects(self) -> dict[str, Effect]:
        """Every effect that a transition or a clock of this workflow asks for, by name."""
        return {e.name: e for step in steps_of(self.workflow) for e in step.all_effects()}

    @property
    def clocks(self) -> tuple[Clock, ...]:
        """Every clock of this workflow."""
        return self.workflow.workflow_clocks

    @cached_property
    def clock_steps(self) -> tuple[Transition, ...]:
        """The steps of the system by which clocks ask for an effect, each for its clock's states.

        They are no transitions that anybody could ask for.
        """
        return tuple(one.transition for one in self.clocks if one.effect and one.transition)

    def keeps_time_in(self, state: str) -> bool:
        """Whether any clock runs, or stands still, in this state."""
        return any(clock.is_kept_in(state) for clock in self.clocks)

    def clock_kept(self, name: str, state: str) -> Clock | None:
        """The clock that rows have under this name while the object is in this state."""
        kept = (one for one in self.clocks if name in one.every_name and one.is_kept_in(state))
        return next(kept, None)

    @cached_property
    def version(self) -> str:
        """12 hex digits that change when what the contract means changes; see ``version_of``."""
        return version_of(
            self.states.all(),
            self.ways,
            self.effects.values(),
            self.seen_by,
            self.workflow.workflow_secret,
            self.clocks,
            self.override,
        )

    def effect_named(self, name: str) -> Effect | None:
        """The effect that runs have under this name, of today or of an earlier release."""
        return self._by_every_effect_name.get(name)

    def owner_of_undo(self, undo: Effect) -> Who | None:
        """Who acts on what this effect undoes, where its contract names somebody."""
        undone = (one for one in self.all_effects.values() if one.undo is undo)
        return next((one.owner for one in undone if one.owner), None)

    @cached_property
    def every_effect_name(self) -> tuple[str, ...]:
        """The names of all effects of the model, former ones included."""
        return tuple(self._by_every_effect_name)

    def transition_named(self, name: str) -> Transition | None:
        """The transition of any workflow of the model that has or had this name."""
        return self._by_every_transition_name.get(name)

    @cached_property
    def every_transition_name(self) -> tuple[str, ...]:
        """The names of all transitions of the model, former ones included."""
        return tuple(self._by_every_transition_name)

    @cached_property
    def _by_every_transition_name(self) -> dict[str, Transition]:
        return by_every_name(self.model.__name__, self.all_transitions.items())

    @cached_property
    def _by_every_effect_name(self) -> dict[str, Effect]:
        return by_every_name(self.model.__name__, self.all_effects.items())

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


def _since_of(field: str) -> str:
    return f"{field}_since"
