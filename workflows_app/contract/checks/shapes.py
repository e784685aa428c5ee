"""Is the model of a shape in which the promises hold: its save(), managers, table, relations?"""

import inspect
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error
from django.db import router
from django.db.models.base import ModelState

from workflows_app.contract.people import Role
from workflows_app.contract.registry import Contract
from workflows_app.contract.rows import models_on_the_way
from workflows_app.failures import ContractError

_QUOTES = frozenset("\"'`")


def saves_that_take_nothing(contract: Contract) -> Iterator[CheckMessage]:
    """A command saves with using=, Django itself also with force_insert= and update_fields=."""
    model = contract.model
    try:
        inspect.signature(model.save).bind(None, using="", force_insert=True, update_fields=[])
    except TypeError as fault:
        yield Error(
            f"{model._meta.label}.save() does not take what Django's takes: {fault}.",
            hint="def save(self, **kwargs): ...; super().save(**kwargs)",
            obj=model,
            id="workflows_app.E084",
        )


def base_managers_that_hide(contract: Contract) -> Iterator[CheckMessage]:
    """Commands, follow-ups and deletions find their row by the base manager, or not at all."""
    meta: Any = contract.model._meta
    if meta.base_manager_name and _hides(contract.model):
        yield Error(
            f"{meta.label}: the base manager {meta.base_manager_name!r} leaves out rows, so no"
            " command would find them.",
            hint="Remove base_manager_name from Meta; default_manager_name may hide rows.",
            obj=contract.model,
            id="workflows_app.E085",
        )


def _hides(model: Any) -> bool:
    query = model._base_manager.get_queryset().query
    return bool(query.where) or query.is_sliced or query.is_empty()


def tables_in_quotes(contract: Contract) -> Iterator[CheckMessage]:
    """The old trick to name a schema: the catalogue in which we look has no quotes."""
    table = contract.model._meta.db_table
    if _QUOTES.intersection(table):
        yield Error(
            f"{contract.model._meta.label}: the guard is not found on a table called {table}.",
            hint="Name the table only; a schema belongs in the connection's OPTIONS, as in"
            ' {"options": "-c search_path=flow,public"}.',
            obj=contract.model,
            id="workflows_app.E087",
        )


def constraints_across_databases(contract: Contract) -> Iterator[CheckMessage]:
    """A column that refers to a table of another database, with a constraint to hold there."""
    using = router.db_for_write(contract.model)
    for model in _with_its_history(contract.model):
        for field in model._meta.local_fields:
            target = field.related_model
            if not (_is_model(target) and field.db_constraint):
                continue
            if router.db_for_write(target) == using:
                continue
            yield Error(
                f"{model._meta.label}.{field.name} refers to {target._meta.label} in"
                f" {router.db_for_write(target)!r}; {using!r} cannot hold a constraint to it.",
                hint="history = WorkflowHistory(user_db_constraint=False)"
                if field.name == "history_user"
                else f"{field.name}: db_constraint=False",
                obj=contract.model,
                id="workflows_app.E081",
            )


def people_that_no_router_allows(contract: Contract) -> Iterator[CheckMessage]:
    """A snapshot names the user who made it, also where users are in another database."""
    users: Any = get_user_model()
    there, here = router.db_for_write(users), router.db_for_write(contract.model)
    _, *histories = _with_its_history(contract.model)
    for history in histories if here != there else ():
        if not hasattr(history, "history_user"):
            continue
        if not router.allow_relation(_one_of(users, there), _one_of(history, here)):
            yield Error(
                f"{history._meta.label}: the database router does not let a snapshot in {here!r}"
                f" name a user in {there!r}, so nobody could save.",
                hint="Return True from allow_relation() of a router for these two models.",
                obj=contract.model,
                id="workflows_app.E082",
            )


def people_looked_for_elsewhere(contract: Contract) -> Iterator[CheckMessage]:
    """Where no router answers, Django follows a relation within the database of the object."""
    users: Any = get_user_model()
    there, here = router.db_for_write(users), router.db_for_write(contract.model)
    if there != (asked := router.db_for_write(users, instance=_one_of(contract.model, here))):
        yield Error(
            f"{contract.model._meta.label}: a user that it names would be looked for in {asked!r};"
            f" users are in {there!r}.",
            hint="Let db_for_read() and db_for_write() of the router name a database for every"
            " model: for None, Django takes that of the object at hand.",
            obj=contract.model,
            id="workflows_app.E089",
        )


def _is_model(target: Any) -> bool:
    """Whether a relation leads to a model: what Django could not find is still a text."""
    return isinstance(target, type)


def _one_of(model: Any, using: str) -> Any:
    """An object as routers see it, in this database; its columns are nobody's business."""
    one = model.__new__(model)
    one._state = ModelState()
    one._state.db = using
    return one


def _with_its_history(model: Any) -> list[Any]:
    attribute = getattr(model._meta, "simple_history_manager_attribute", None)
    return [model] if attribute is None else [model, getattr(model, attribute).model]


def roles_across_databases(contract: Contract) -> Iterator[CheckMessage]:
    """A role by a path is one query, which no two databases answer together."""
    using = router.db_for_write(contract.model)
    for role in contract.roles:
        for model in _on_the_way(contract, role):
            if (elsewhere := router.db_for_write(model)) != using:
                yield Error(
                    f"{contract.workflow.__name__}, {role.label}: column={role.column!r} leads"
                    f" through {model._meta.label} in {elsewhere!r}; objects are in {using!r}.",
                    hint="Let the path end at a user, and keep what lies between with the object.",
                    obj=contract.model,
                    id="workflows_app.E083",
                )


def _on_the_way(contract: Contract, role: Role) -> list[Any]:
    try:
        return [] if role.column is None else models_on_the_way(contract.model, role.column)
    except ContractError:  # the path is none: E030 says it
        return []


ALL = (
    saves_that_take_nothing,
    base_managers_that_hide,
    tables_in_quotes,
    constraints_across_databases,
    people_that_no_router_allows,
    people_looked_for_elsewhere,
    roles_across_databases,
)
