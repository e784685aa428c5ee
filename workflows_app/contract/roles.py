"""The roles of a workflow: everybody its contract names, wherever it names them."""

from collections.abc import Iterator

from .clock_table import steps_of
from .people import Role
from .who import Who
from .workflow import Workflow


def roles_of(workflow: type[Workflow]) -> tuple[Role, ...]:
    """Every role, each once."""
    return tuple(dict.fromkeys(role for who in _named(workflow) for role in who.roles()))


def _named(workflow: type[Workflow]) -> Iterator[Who]:
    yield workflow.workflow_seen_by
    if workflow.workflow_override is not None:
        yield workflow.workflow_override
    for transition in steps_of(workflow):
        yield transition.by
        yield from (effect.owner for effect in transition.all_effects() if effect.owner)
    for state in workflow.workflow_states.all():
        if state.owner:
            yield state.owner
        yield from state.editable or ()
