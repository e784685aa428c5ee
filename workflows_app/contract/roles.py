"""The roles of a workflow: everybody its contract names, wherever it names them."""

from collections.abc import Iterator

from .people import Role
from .who import Who
from .workflow import Workflow


def roles_of(workflow: type[Workflow]) -> tuple[Role, ...]:
    """Every role, each once."""
    return tuple(dict.fromkeys(role for who in _named(workflow) for role in who.roles()))


def _named(workflow: type[Workflow]) -> Iterator[Who]:
    yield workflow.workflow_seen_by
    for transition in workflow.workflow_transitions.values():
        yield transition.by
        yield from (effect.owner for effect in transition.all_effects() if effect.owner)
    for state in workflow.workflow_states.all():
        if state.owner:
            yield state.owner
        yield from state.editable or ()
