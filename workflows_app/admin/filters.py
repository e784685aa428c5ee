"""Filters of the row lists. They offer what the contracts name: no table is read for them."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from workflows_app.contract.registry import Contract, contracts


class ContractFilter(SimpleListFilter):
    """One column, with the choices that the contracts know."""

    column: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Value and label of every choice, each once, by label."""
        offered = {value: label for c in contracts() for value, label in self.offered_by(c)}
        return sorted(offered.items(), key=lambda choice: str(choice[1]))

    @abstractmethod
    def offered_by(self, contract: Contract) -> Iterable[tuple[str, Any]]:
        """What this contract offers."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the chosen value; any value will do, also an old one."""
        value = self.value()
        if value is None:
            return queryset
        meant = {name for contract in contracts() for name in self.every_name(contract, value)}
        return queryset.filter(**{f"{self.column}__in": {value} | meant})

    def every_name(self, contract: Contract, value: str) -> Iterable[str]:
        """Under which names this contract's rows may have what is chosen."""
        return ()


class ObjectTypeFilter(ContractFilter):
    """By the kind of object."""

    title = _("object")
    parameter_name = column = "object_type"

    def offered_by(self, contract: Contract) -> Iterable[tuple[str, Any]]:
        """The model."""
        yield contract.object_type, capfirst(contract.model._meta.verbose_name)


class EffectFilter(ContractFilter):
    """By effect."""

    title = _("effect")
    parameter_name = column = "effect"

    def offered_by(self, contract: Contract) -> Iterable[tuple[str, Any]]:
        """Its effects."""
        return ((effect.name, effect.label) for effect in contract.effects.values())

    def every_name(self, contract: Contract, value: str) -> Iterable[str]:
        """The effect's name and its former ones."""
        effect = contract.effect_named(value)
        return () if effect is None else (effect.name, *effect.was)


class TransitionFilter(ContractFilter):
    """By transition."""

    title = _("transition")
    parameter_name = column = "transition"

    def offered_by(self, contract: Contract) -> Iterable[tuple[str, Any]]:
        """Its transitions."""
        return ((known.name, known.label) for known in contract.transitions.values())

    def every_name(self, contract: Contract, value: str) -> Iterable[str]:
        """The transition's name and its former ones."""
        known = contract.transition_named(value)
        return () if known is None else known.every_name
