"""Does a guard ask the database without saying so: what can be read in its code?"""

import dis
from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Warning
from django.db.models import Model

from workflows_app.contract.guards import Guard
from workflows_app.contract.registry import Contract

#: Attributes that are nothing but a query, whatever they are an attribute of.
_QUERIES = {
    "_base_manager",
    "_default_manager",
    "aggregate",
    "exists",
    "objects",
    "prefetch_related",
    "refresh_from_db",
    "select_for_update",
    "select_related",
    "values_list",
}


def guards_that_query(contract: Contract) -> Iterator[CheckMessage]:
    """A guard is asked for every row of a list; what a helper of it does is seen in tests only."""
    relations = _relations(contract.model)
    guards = dict.fromkeys(guard for way in contract.ways for guard in way.guards)
    for guard in guards:
        found = sorted(_attributes(guard) & (_QUERIES | relations))
        if found and not guard.reads:
            yield Warning(
                f"Guard {guard.name} seems to ask the database: it reads {', '.join(found)}.",
                hint="Keep what it needs in a column of the object, or say reads=True in @guard.",
                obj=contract.model,
                id="workflows_app.W062",
            )


def _attributes(guard: Guard) -> set[str]:
    instructions = dis.get_instructions(guard.function)
    return {str(one.argval) for one in instructions if one.opname in ("LOAD_ATTR", "LOAD_METHOD")}


def _relations(model: type[Model]) -> set[str]:
    """The attributes of an object behind which other rows are."""
    fields: list[Any] = [one for one in model._meta.get_fields() if one.is_relation]
    return {one.get_accessor_name() if one.auto_created else one.name for one in fields}


ALL = (guards_that_query,)
