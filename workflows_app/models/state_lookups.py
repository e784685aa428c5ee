"""Filters by a state: they find the rows that have it under a former value, too."""

from collections.abc import Iterable
from typing import Any

from django.db.models import lookups


class StateIs(lookups.Exact):
    """``filter(status="review")``."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """One value as Django has it; several as ``IN``."""
        values = _every_value(self.lhs, [self.rhs]) if self.rhs_is_direct_value() else []
        if len(values) < 2:
            return super().as_sql(compiler, connection)
        return lookups.In(self.lhs, values).as_sql(compiler, connection)


class StateIn(lookups.In):
    """``filter(status__in=["review", "paying"])``."""

    def get_prep_lookup(self) -> Any:
        """The values, with those of earlier releases."""
        if self.rhs_is_direct_value():
            self.rhs = _every_value(self.lhs, self.rhs)
        return super().get_prep_lookup()


def _every_value(column: Any, values: Iterable[Any]) -> list[Any]:
    states = getattr(column.output_field, "states", None)
    if states is None:
        return list(values)
    return [one for value in values for one in states.every_value(value)]
