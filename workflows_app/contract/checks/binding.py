"""Does the model hold what its contract needs: field, base, key, database, history?"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning
from django.db import models, router

from workflows_app.contract.workflow import Workflow, workflows_of

_KEYS = (models.IntegerField, models.UUIDField, models.CharField)
_LONGEST_KEY = 100


def faults(model: Any) -> Iterator[CheckMessage]:
    """Faults that make every other question about this model pointless come first, alone."""
    yield from _status_without_contract(model)
    if not issubclass(model, Workflow):
        return
    if parents := [parent for parent in model._meta.parents if issubclass(parent, Workflow)]:
        yield Error(
            f"{model._meta.label} is a multi-table child of {parents[0]._meta.label}, whose state"
            " stands in another table.",
            hint="Make the parent abstract, or the child a proxy.",
            obj=model,
            id="workflows_app.E007",
        )
    else:
        yield from _base(model)
        for workflow in workflows_of(model):
            yield from _status(model, workflow)
        for check in (_key, _database, _history):
            yield from check(model)


def shared_contracts(concrete: Iterable[Any]) -> Iterator[CheckMessage]:
    """One contract on two models: django-fsm-2 would leave the second without transitions."""
    by_contract = defaultdict(list)
    for model in concrete:
        for workflow in workflows_of(model):
            by_contract[workflow].append(model)
    for contract, obeying in by_contract.items():
        apart = [m for m in obeying if not any(p in obeying for p in m._meta.get_parent_list())]
        for model in apart[1:]:
            yield Error(
                f"{model._meta.label} obeys {contract.__name__} as {apart[0]._meta.label} does.",
                hint="Write a contract class for each model; roles, guards and effects are shared.",
                obj=model,
                id="workflows_app.E006",
            )


def _status_without_contract(model: Any) -> Iterator[CheckMessage]:
    if hasattr(model, "instance_type"):
        return  # a history of the model, with copies of its fields
    fields = {workflow.workflow_field for workflow in workflows_of(model)}
    for field in model._meta.local_fields:
        states = getattr(field, "states", None)
        if states is not None and field.name not in fields:
            yield Error(
                f"{model._meta.label}.{field.name} has the states of {states.__name__},"
                " but the model obeys no contract for it.",
                hint=f"Inherit the contract: class {model.__name__}(<Contract>, WorkflowModel).",
                obj=field,
                id="workflows_app.E002",
            )


def _base(model: Any) -> Iterator[CheckMessage]:
    version = next((one for one in model._meta.fields if one.name == "version"), None)
    if not getattr(version, "protected", False):
        yield Error(
            f"{model._meta.label} has a contract and no version.",
            hint=f"class {model.__name__}({workflows_of(model)[0].__name__}, WorkflowModel).",
            obj=model,
            id="workflows_app.E005",
        )


def _status(model: Any, workflow: type[Workflow]) -> Iterator[CheckMessage]:
    name, states = workflow.workflow_field, workflow.workflow_states
    field: Any = next((one for one in model._meta.fields if one.name == name), None)
    cure = f"{name} = StatusField({states.__name__})"
    if not hasattr(field, "states"):
        yield Error(
            f"{model._meta.label} has no status field {name!r}, which its contract names.",
            hint=f"Write {cure}, or field=<name> in the contract.",
            obj=model,
            id="workflows_app.E001",
        )
    elif field.states is not states:
        yield Error(
            f"{model._meta.label}.{name} has other states than its contract.",
            hint=f"Write {cure}.",
            obj=field,
            id="workflows_app.E003",
        )
    elif not field.protected:
        yield Error(
            f"{model._meta.label}.{name} is not protected: anybody may assign a state.",
            hint=f"Remove protected=False: {cure}.",
            obj=field,
            id="workflows_app.E004",
        )


def _key(model: Any) -> Iterator[CheckMessage]:
    key = model._meta.pk
    inherited = bool(key.remote_field and key.remote_field.parent_link)
    while key.is_relation:
        key = key.target_field
    too_long = isinstance(key, models.CharField) and (key.max_length or 0) > _LONGEST_KEY
    if inherited or not isinstance(key, _KEYS) or too_long:
        yield Error(
            f"{model._meta.label}: a {type(model._meta.pk).__name__} like this cannot be the key of"
            " a workflow object.",
            hint=f"Use an integer, a UUID or a text of at most {_LONGEST_KEY} characters, in the"
            " model's own table.",
            obj=model,
            id="workflows_app.E008",
        )


def _database(model: Any) -> Iterator[CheckMessage]:
    ours = router.db_for_write(apps.get_model("workflows_app", "Operation"))
    if (using := router.db_for_write(model)) != ours:
        yield Error(
            f"{model._meta.label} is written to {using!r}, its operations to {ours!r}.",
            hint="Route the model and workflows_app to one database: one transaction covers both.",
            obj=model,
            id="workflows_app.E009",
        )


def _history(model: Any) -> Iterator[CheckMessage]:
    attribute = getattr(model._meta, "simple_history_manager_attribute", None)
    if attribute is None:
        yield Warning(
            f"{model._meta.label} keeps no history of its columns.",
            hint="Write history = WorkflowHistory().",
            obj=model,
            id="workflows_app.W004",
        )
    elif not hasattr(getattr(model, attribute).model, "operation_id"):
        yield Warning(
            f"{model._meta.label}.{attribute} does not say which operation made a snapshot.",
            hint=f"Write {attribute} = WorkflowHistory() instead of HistoricalRecords().",
            obj=model,
            id="workflows_app.W005",
        )
