"""Which contracts a model obeys: compiled once, when Django has built the model."""

from collections.abc import Iterator

from django.apps import apps
from django.db.models import Model

from .contract import Contract
from .several import refuse_collisions
from .workflow import workflows_of

__all__ = [
    "Contract",
    "Unbound",
    "bind",
    "contract_for",
    "contract_of",
    "contracts",
    "contracts_of",
    "first_contracts",
]


class Unbound(LookupError):
    """No model obeys a contract under this name."""


#: By the label of the model, and by its status fields.
_by_label: dict[str, dict[str, Contract]] = {}
#: What the model is called now, by the type under which its rows are kept.
_labels: dict[str, str] = {}


def bind(model: type[Model], field: str) -> None:
    """Note that this model obeys the contract it inherits for this field.

    Called when the model is built. Raises ContractError for contracts that cannot share a model.
    """
    workflows = workflows_of(model)
    refuse_collisions(model, workflows)
    label = model._meta.label_lower
    known = {one: c for one, c in _by_label.get(label, {}).items() if c.model is model}
    bound = {}
    for workflow in workflows:
        if workflow.workflow_field == field:
            bound[field] = Contract(model, workflow, field)
        elif workflow.workflow_field in known:
            bound[workflow.workflow_field] = known[workflow.workflow_field]
    if bound:
        _by_label[label] = bound
        _labels[next(iter(bound.values())).object_type] = label


def contract_of(model: type[Model] | Model, field: str = "") -> Contract:
    """The contract of a model or instance: of this status field, or the first one it inherits.

    Raises Unbound for a model without one.
    """
    return _the_one(_bound_to(model), field)


def contracts_of(model: type[Model] | Model) -> tuple[Contract, ...]:
    """Every contract of a model or instance, in the order inherited. Raises Unbound."""
    return tuple(_bound_to(model).values())


def contract_for(object_type: str, field: str = "") -> Contract:
    """The contract behind an object type and, where the model has several, the field of a row.

    A field that the model no longer has is answered with the first contract, so that what is
    long past can still be told. Raises Unbound, e.g. for a model that was removed.
    """
    return _the_one(_bound(_labels.get(object_type, object_type)), field)


def contracts() -> Iterator[Contract]:
    """Every contract of every installed model, in the order they were built."""
    bound = [one for of_model in _by_label.values() for one in of_model.values()]
    return iter([one for one in bound if _is_installed(one.model)])


def _is_installed(model: type[Model]) -> bool:
    """Whether the model is one of the project's: not of a test's registry, nor swapped out."""
    return model._meta.apps is apps and not model._meta.swapped


def first_contracts() -> Iterator[Contract]:
    """One contract of every installed model: the first one it inherits."""
    return iter([one for one in contracts() if one is contract_for(one.object_type)])


def _bound_to(model: type[Model] | Model) -> dict[str, Contract]:
    """Those of a model; one in a migration may be called as it was before it was renamed."""
    label = model._meta.concrete_model._meta.label_lower  # type: ignore[union-attr]
    return _bound(label if label in _by_label else _labels.get(label, label))


def _bound(label: str) -> dict[str, Contract]:
    try:
        return _by_label[label]
    except KeyError:
        raise Unbound(f"No workflow model {label!r} is installed.") from None


def _the_one(bound: dict[str, Contract], field: str) -> Contract:
    return bound.get(field) or next(iter(bound.values()))
