"""Who may act: roles, SYSTEM, and signed_in."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import router
from django.db.models import Model, Q

from workflows_app.failures import ContractError

from .permissions import has_permission, permitted_rows
from .rows import ANYBODY, NOBODY, user_at_end, user_column
from .who import Who

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


class Role(Who):
    """People who may act: by permission, by a column of the object, or by a filter.

    ``label`` is what people read ("a reviewer"). Give one of ``permission`` ("app.codename"),
    ``column`` (a path that ends at a user or a group: "claimant", "team__members") or ``rows``
    (a function of the user that returns a Q).
    """

    def __init__(
        self,
        label: str,
        permission: str | None = None,
        *,
        column: str | None = None,
        rows: Callable[[Any], Q] | None = None,
    ) -> None:
        if sum(given is not None for given in (permission, column, rows)) != 1:
            raise ContractError(
                f"Role {label!r}: give exactly one of a permission, column= or rows=."
            )
        if permission is not None and permission.count(".") != 1:
            raise ContractError(
                f"Role {label!r}: write the permission as 'app.codename', not {permission!r}."
            )
        if column is not None and not (isinstance(column, str) and column):
            raise ContractError(f"Role {label!r}: column= takes a path such as 'team__members'.")
        if rows is not None and not callable(rows):
            raise ContractError(f"Role {label!r}: rows= takes a function of the user giving a Q.")
        self.label, self.permission, self.column, self.rows_of = label, permission, column, rows

    def holds(self, user: "AbstractUser", obj: Model | None) -> bool:
        if obj is None:
            return self.permission is not None and has_permission(user, self.permission)
        if self.permission is not None:
            return has_permission(user, self.permission, obj)
        model = type(obj)
        if self.column is not None and (own := user_column(model, self.column)):
            return bool(own.value_from_object(obj) == user.pk)
        same = model._base_manager.using(router.db_for_write(model)).filter(pk=obj.pk)
        return same.filter(self._found(user, model)).exists()

    def where(self, user: "AbstractUser", model: type[Model]) -> Q:
        if self.permission is not None:
            return permitted_rows(user, self.permission, model)
        if self.column is not None and user_column(model, self.column):
            return Q(**{self.column: user.pk})
        # A sub-query, not a join: many related rows must not repeat the object in lists, and
        # combined with others the role must mean what it means for one object.
        return Q(pk__in=model._base_manager.filter(self._found(user, model)).values("pk"))

    def _found(self, user: "AbstractUser", model: type[Model]) -> Q:
        if self.rows_of is not None:
            return self.rows_of(user)
        return Q(**{user_at_end(model, str(self.column)): user})

    def roles(self) -> "tuple[Role, ...]":
        return (self,)

    def __repr__(self) -> str:
        rows = getattr(self.rows_of, "__qualname__", None)
        return f"Role({self.permission!r}, column={self.column!r}, rows={rows})"


class _System(Who):
    """The worker, a clock, a message: no person. Holds no role, and no role holds it."""

    label = "the system"
    admits_system = True

    def holds(self, user: "AbstractUser", obj: Model | None) -> bool:
        return False

    def where(self, user: "AbstractUser", model: type[Model]) -> Q:
        return NOBODY

    def roles(self) -> tuple[Role, ...]:
        return ()

    def __repr__(self) -> str:
        return "SYSTEM"


SYSTEM = _System()


class _SignedIn(Who):
    """Any active user who has logged in."""

    label = "anybody who is signed in"

    def holds(self, user: "AbstractUser", obj: Model | None) -> bool:
        return True

    def where(self, user: "AbstractUser", model: type[Model]) -> Q:
        return ANYBODY

    def roles(self) -> tuple[Role, ...]:
        return ()

    def __repr__(self) -> str:
        return "signed_in"


signed_in = _SignedIn()
