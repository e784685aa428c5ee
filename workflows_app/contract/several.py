"""Several workflows on one model: what no two of them may share."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

from workflows_app.failures import ContractError

from .clock_table import steps_of
from .effects import Effect
from .workflow import Workflow


def refuse_collisions(model: Any, workflows: Sequence[type[Workflow]]) -> None:
    """Raise ContractError where two contracts of a model want the same place.

    A transition is named by its address, a run by its effect, a state by its field.
    """
    for one, other in combinations(workflows, 2):
        for fault in _faults(one, other):
            raise ContractError(
                f"class {model.__name__} inherits {one.__name__} and {other.__name__}: {fault}"
            )


def _faults(one: type[Workflow], other: type[Workflow]) -> Iterator[str]:
    if one.workflow_field == other.workflow_field:
        yield (
            f"both are about the field {one.workflow_field!r}; say field= in one of them and give"
            " the model a StatusField of that name."
        )
    if one.workflow_name == other.workflow_name:
        yield f"both are called {one.workflow_name!r}; rename one class."
    for name in sorted(_transition_names(one) & _transition_names(other)):
        yield f"both have a transition {name}; rename one, because its address is its name."
    for name in sorted(_unlike(_effects(one), _effects(other))):
        yield (
            f"both have an effect {name}, and not the same one; rename one, because its runs are"
            " stored under this name."
        )


def _transition_names(workflow: type[Workflow]) -> set[str]:
    return {name for one in workflow.workflow_transitions.values() for name in one.every_name}


def _unlike(one: dict[str, Effect], other: dict[str, Effect]) -> Iterable[str]:
    return [name for name in one.keys() & other.keys() if one[name] is not other[name]]


def _effects(workflow: type[Workflow]) -> dict[str, Effect]:
    effects = {effect.name: effect for one in steps_of(workflow) for effect in one.all_effects()}
    return {name: effect for effect in effects.values() for name in (effect.name, *effect.was)}
