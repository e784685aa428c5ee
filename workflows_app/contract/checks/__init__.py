"""System checks: what can only be seen when all models and settings are there."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, register
from django.db.models import Model

from workflows_app.contract.registry import Contract
from workflows_app.contract.workflow import workflows_of

from . import (
    binding,
    clocks,
    doubts,
    editing,
    effects,
    flow,
    guards,
    messages,
    names,
    object_types,
    people,
    project,
    several,
    shapes,
    superseding,
    surroundings,
)

_ABOUT_A_CONTRACT = (
    *names.ALL,
    *people.ALL,
    *editing.ALL,
    *guards.ALL,
    *effects.ALL,
    *doubts.ALL,
    *clocks.ALL,
    *flow.ALL,
    *messages.ALL,
    *shapes.ALL,
    *superseding.ALL,
)


@register("workflows")
def check_workflows(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every fault of the settings, then of every model with a workflow."""
    if wrong := project.wrong_settings():
        return wrong
    models = [
        model for config in app_configs or apps.get_app_configs() for model in config.get_models()
    ]
    return [
        *project.faults(),
        *surroundings.faults(),
        *messages.project_faults(),
        *faults_of(models),
    ]


def faults_of(models: Iterable[type[Model]]) -> Iterator[CheckMessage]:
    """What is wrong with these models and the contracts they obey."""
    concrete = [model for model in models if not model._meta.proxy]
    yield from binding.shared_contracts(concrete)
    yield from object_types.faults(concrete)
    for model in concrete:
        bound = list(binding.faults(model))
        yield from bound
        if not bound:
            yield from several.faults(model)
            for workflow in workflows_of(model):
                contract = Contract(model, workflow, workflow.workflow_field)
                for check in _ABOUT_A_CONTRACT:
                    yield from check(contract)
