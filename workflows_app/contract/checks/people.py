"""Can the roles of a contract be held by anybody?"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, cast

from django.apps import apps
from django.contrib.auth import get_permission_codename, get_user_model
from django.core.checks import CheckMessage, Error

from workflows_app.contract.registry import Contract
from workflows_app.contract.rows import user_at_end
from workflows_app.contract.who import Who
from workflows_app.failures import ContractError


def columns_without_people(contract: Contract) -> Iterator[CheckMessage]:
    """A column role's path exists and ends at a user or a group."""
    for role in contract.roles:
        try:
            if role.column is not None:
                user_at_end(contract.model, role.column)
        except ContractError as fault:
            yield Error(
                f"{contract.workflow.__name__}, {role.label}: {fault}",
                hint="Spell the path as in filter(), up to the user or the group.",
                obj=contract.model,
                id="workflows_app.E030",
            )


def unknown_permissions(contract: Contract) -> Iterator[CheckMessage]:
    """A permission no installed model declares is one that nobody has."""
    wanted = {role.permission: role for role in contract.roles if role.permission is not None}
    for permission in sorted(wanted.keys() - _declared_permissions(contract)):
        yield Error(
            f"{contract.workflow.__name__}, {wanted[permission].label}: no installed model"
            f" declares the permission {permission!r}.",
            hint="Add it to Meta.permissions of a model of that app, or correct the name.",
            obj=contract.model,
            id="workflows_app.E031",
        )


def permissions_nobody_can_have(contract: Contract) -> Iterator[CheckMessage]:
    """A user model without Django's permissions, and a role that is one."""
    users: Any = get_user_model()
    named = [role for role in contract.roles if role.permission is not None]
    if named and not hasattr(users, "has_perm"):
        yield Error(
            f"{contract.workflow.__name__}, {named[0].label}: nobody can have"
            f" {named[0].permission!r}, because {users._meta.label} has no has_perm().",
            hint="Give users Django's PermissionsMixin, or the role column= or rows=.",
            obj=contract.model,
            id="workflows_app.E079",
        )


def creations_for_nobody(contract: Contract) -> Iterator[CheckMessage]:
    """Where there is no object yet, a role by column or rows is held by nobody."""
    for creation in contract.creations:
        if not (creation.by.admits_system or _somebody_may(creation.by)):
            yield Error(
                f"{contract.workflow.__name__}.{creation.name}: nobody can do it, because"
                f" {creation.by} depends on an object that is yet to be created.",
                hint="by= takes permissions, signed_in or SYSTEM here.",
                obj=contract.model,
                id="workflows_app.E032",
            )


@dataclass(frozen=True)
class _Holder:
    """Somebody who has just these permissions."""

    permissions: tuple[str, ...]
    is_active = True
    pk = 0

    def has_perm(self, permission: str) -> bool:
        return permission in self.permissions


def _somebody_may(who: Who) -> bool:
    named = sorted({role.permission for role in who.roles() if role.permission is not None})
    chosen = (c for size in range(len(named) + 1) for c in combinations(named, size))
    return any(who.admits(cast(Any, _Holder(permissions)), None) for permissions in chosen)


def _declared_permissions(contract: Contract) -> set[str]:
    declared = set()
    for model in {*apps.get_models(), contract.model}:
        codes = [
            get_permission_codename(word, model._meta) for word in model._meta.default_permissions
        ]
        codes += [code for code, _ in model._meta.permissions]
        declared |= {f"{model._meta.app_label}.{code}" for code in codes}
    return declared


ALL = (
    columns_without_people,
    unknown_permissions,
    permissions_nobody_can_have,
    creations_for_nobody,
)
