"""Does every state lead somewhere, and does every word say what it is for?"""

import sys
from collections.abc import Iterator

from django.core.checks import CheckMessage, Warning

from workflows_app.contract.registry import Contract


def unreachable_states(contract: Contract) -> Iterator[CheckMessage]:
    """States that no way leads to from where an object may begin."""
    reached = set(contract.beginnings)
    while new := {to for come, to in _moves(contract) if come in reached} - reached:
        reached |= new
    for state in contract.states.all():
        if str(state) not in reached:
            yield Warning(
                f"{contract.workflow.__name__}: no transition leads to {str(state)!r}.",
                hint="Name it as a target=, or remove the state.",
                obj=contract.model,
                id="workflows_app.W001",
            )


def dead_ends(contract: Contract) -> Iterator[CheckMessage]:
    """States whose owner has to act and cannot."""
    left = {come for come, to in _moves(contract) if come != to}
    for state in contract.states.all():
        if not state.final and state.owner is not None and str(state) not in left:
            yield Warning(
                f"{contract.workflow.__name__}: nothing leads out of {str(state)!r}, and"
                f" {state.owner} has to act there.",
                hint="Add a transition, or say final=True or owner=None.",
                obj=contract.model,
                id="workflows_app.W002",
            )


def missing_docstrings(contract: Contract) -> Iterator[CheckMessage]:
    """People read the docstrings: in the admin, in the API, in the timeline."""
    if sys.flags.optimize >= 2:
        return  # there is a warning for all of them
    silent = [name for name, one in contract.transitions.items() if not one.description]
    silent += [name for name, one in contract.effects.items() if not one.handler.__doc__]
    for name in silent:
        yield Warning(
            f"{contract.workflow.__name__}: {name} has no docstring.",
            hint="Write one sentence that tells people what it does.",
            obj=contract.model,
            id="workflows_app.W003",
        )


def _moves(contract: Contract) -> set[tuple[str, str]]:
    return {
        (source, source if target is None else target)
        for transition in contract.ways
        for source in transition.sources
        for target in transition.targets
    }


ALL = (unreachable_states, dead_ends, missing_docstrings)
