"""Somebody a contract can name, asked of one object and of a million, and joined by ``| & ~``."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from django.db.models import Model, Q

from workflows_app.failures import ContractError

from .rows import NOBODY, either

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

    from .people import Role


class Who(ABC):
    """Somebody a contract can name: a role, SYSTEM, or a combination with ``| & ~``."""

    label: str
    admits_system: bool = False

    def admits(self, user: "AbstractUser", obj: Model | None) -> bool:
        """Whether this user is meant, as far as this object is concerned.

        Without an object, because it is yet to be created, roles by column or rows are nobody's.
        """
        return _is_somebody(user) and self.holds(user, obj)

    def rows(self, user: "AbstractUser", model: type[Model]) -> Q:
        """The filter that leaves the objects for which ``admits`` is true."""
        return self.where(user, model) if _is_somebody(user) else NOBODY

    @abstractmethod
    def holds(self, user: "AbstractUser", obj: Model | None) -> bool:
        """``admits`` for an active user."""

    @abstractmethod
    def where(self, user: "AbstractUser", model: type[Model]) -> Q:
        """``rows`` for an active user."""

    @abstractmethod
    def roles(self) -> "tuple[Role, ...]":
        """The roles that are named in it, in order."""

    @property
    def meaning(self) -> tuple[object, ...]:
        """Equal where two declarations mean the same people, whatever people call them."""
        return (repr(self), *(role.rows_of for role in self.roles()))

    def alternatives(self) -> "tuple[Who, ...]":
        """Each of whom is meant by itself: what ``|`` joins, in order."""
        return (self,)

    def __or__(self, other: "Who") -> "Who":
        return _Either(self, _who(other))

    def __and__(self, other: "Who") -> "Who":
        return _Both(_person(self), _person(other))

    def __invert__(self) -> "Who":
        return _Not(_person(self))

    def __str__(self) -> str:
        return self.label


class _Either(Who):
    def __init__(self, left: Who, right: Who) -> None:
        self.left, self.right = left, right
        self.label = f"{left} or {right}"
        self.admits_system = left.admits_system or right.admits_system

    def holds(self, user: "AbstractUser", obj: Model | None) -> bool:
        return self.left.holds(user, obj) or self.right.holds(user, obj)

    def where(self, user: "AbstractUser", model: type[Model]) -> Q:
        return either(self.left.where(user, model), self.right.where(user, model))

    def roles(self) -> "tuple[Role, ...]":
        return self.left.roles() + self.right.roles()

    def alternatives(self) -> "tuple[Who, ...]":
        return self.left.alternatives() + self.right.alternatives()

    def __repr__(self) -> str:
        return f"({self.left!r} | {self.right!r})"


class _Both(Who):
    def __init__(self, left: Who, right: Who) -> None:
        self.left, self.right = left, right
        self.label = f"{_grouped(left)} and {_grouped(right)}"

    def holds(self, user: "AbstractUser", obj: Model | None) -> bool:
        return self.left.holds(user, obj) and self.right.holds(user, obj)

    def where(self, user: "AbstractUser", model: type[Model]) -> Q:
        return self.left.where(user, model) & self.right.where(user, model)

    def roles(self) -> "tuple[Role, ...]":
        return self.left.roles() + self.right.roles()

    def __repr__(self) -> str:
        return f"({self.left!r} & {self.right!r})"


class _Not(Who):
    def __init__(self, role: Who) -> None:
        self.role = role
        self.label = f"not {_grouped(role)}"

    def holds(self, user: "AbstractUser", obj: Model | None) -> bool:
        return not self.role.holds(user, obj)

    def where(self, user: "AbstractUser", model: type[Model]) -> Q:
        return ~self.role.where(user, model)

    def roles(self) -> "tuple[Role, ...]":
        return self.role.roles()

    def __repr__(self) -> str:
        return f"~{self.role!r}"


def _grouped(who: Who) -> str:
    return f"({who})" if isinstance(who, _Either | _Both) else str(who)


def _who(given: object) -> Who:
    if isinstance(given, Who):
        return given
    raise ContractError(f"Combine roles with roles and SYSTEM, not with {given!r}.")


def _person(given: object) -> Who:
    who = _who(given)
    if who.admits_system:
        raise ContractError("SYSTEM holds no role: join it with |, never with & or ~.")
    return who


def _is_somebody(user: Any) -> bool:
    """An active user who is stored. Nobody, anonymous, SYSTEM and inactive users hold no role."""
    return bool(getattr(user, "is_active", False)) and user.pk is not None
