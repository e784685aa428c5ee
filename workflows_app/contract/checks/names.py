"""Do the names that a contract says exist, and are they free?"""

import inspect
from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import FieldDoesNotExist
from django.db.models import CharField

from workflows_app.contract.data import members_of, shape_of
from workflows_app.contract.registry import Contract

#: What the API answers under an object's or a list's address.
API_WORDS = frozenset(
    {
        "create",
        "destroy",
        "history",
        "inbox",
        "list",
        "metadata",
        "operations",
        "options",
        "partial_update",
        "retrieve",
        "schema",
        "timeline",
        "update",
        "work",
    }
)


def hidden_transitions(contract: Contract) -> Iterator[CheckMessage]:
    """A column, a relation or a method of the model under a transition's name."""
    for name, transition in contract.transitions.items():
        member = inspect.getattr_static(contract.model, name)
        if getattr(member, "workflow_transition", None) is not transition:
            yield Error(
                f"{contract.model._meta.label}.{name} hides the transition {name!r}.",
                hint="Rename the column, relation or method of the model, or the transition.",
                obj=contract.model,
                id="workflows_app.E010",
            )


def names_of_the_api(contract: Contract) -> Iterator[CheckMessage]:
    """A transition's name is its address: it must not be taken."""
    for name in API_WORDS.intersection(contract.transitions):
        yield Error(
            f"{contract.workflow.__name__}.{name}: the API uses this name itself.",
            hint="Rename the transition to what people do, e.g. 'withdraw' for 'destroy'.",
            obj=contract.model,
            id="workflows_app.E011",
        )


def names_like_keys(contract: Contract) -> Iterator[CheckMessage]:
    """``POST /domains/open/`` creates; an object whose key is the text "open" has that address."""
    creations = contract.creations
    if len(contract.all_creations) > 1 and _has_text_key(contract.model):
        for creation in creations:
            yield Warning(
                f"{contract.workflow.__name__}.{creation.name}: its address is that of an object"
                f" with the key {creation.name!r}.",
                hint="Give the model a number or a UUID as key, or never use this name as one.",
                obj=contract.model,
                id="workflows_app.W006",
            )


def _has_text_key(model: Any) -> bool:
    key = model._meta.pk
    while key.is_relation:
        key = key.target_field
    return isinstance(key, CharField)


def data_that_is_not_there(contract: Contract) -> Iterator[CheckMessage]:
    """A dotted path that leads to no class with is_valid()."""
    for way in contract.ways:
        try:
            found = shape_of(way.data)
        except ImportError as error:
            found = str(error)
        if found is not None and not hasattr(found, "is_valid"):
            yield Error(
                f"{contract.workflow.__name__}.{way.name}: data={way.data!r} is no serializer.",
                hint=f"Give the path of a serializer class. ({found})",
                obj=contract.model,
                id="workflows_app.E012",
            )


def columns_that_are_not_there(contract: Contract) -> Iterator[CheckMessage]:
    """What states require, effects carry and limits are divided by are columns."""
    said = [
        (f"{state!r}: required", name) for state in contract.states.all() for name in state.required
    ]
    said += [
        (f"{one.name}: carries", name) for one in contract.effects.values() for name in one.carries
    ]
    said += [
        (f"{one.name}: per", one.per)
        for one in contract.effects.values()
        if isinstance(one.per, str)
    ]
    for what, name in said:
        if not _is_column(contract, name):
            yield Error(
                f"{contract.workflow.__name__}, {what}: {contract.model._meta.label} has no column"
                f" {name!r}.",
                hint=f"Its columns: {', '.join(f.name for f in contract.model._meta.fields)}.",
                obj=contract.model,
                id="workflows_app.E013",
            )


def secrets_that_are_not_there(contract: Contract) -> Iterator[CheckMessage]:
    """A misspelt secret would be shown."""
    if any(data_that_is_not_there(contract)):
        return
    members = [members_of(way.data) for way in contract.ways]
    if None in members:
        return  # a data class of its own making does not tell what it takes
    known = set().union(*(found for found in members if found))
    for name in sorted(contract.workflow.workflow_secret - known):
        if not _is_column(contract, name):
            yield Error(
                f"{contract.workflow.__name__}: secret={name!r} is neither a column nor a member"
                " of any data.",
                hint="Spell it as the column or the serializer field does.",
                obj=contract.model,
                id="workflows_app.E014",
            )


def _is_column(contract: Contract, name: str) -> bool:
    try:
        field = contract.model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return bool(getattr(field, "column", None))


ALL = (
    hidden_transitions,
    names_of_the_api,
    names_like_keys,
    data_that_is_not_there,
    columns_that_are_not_there,
    secrets_that_are_not_there,
)
