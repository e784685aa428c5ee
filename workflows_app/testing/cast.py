"""The cast: somebody who may do what a contract allows to a role."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db.models import Q

from workflows_app.contract.people import Role
from workflows_app.contract.rows import user_at_end
from workflows_app.contract.who import Who


def somebody_for(by: Who, sees: Who | None, obj: Any, people: Iterable[Any]) -> Any:
    """Somebody who may (``by``) and, where that is asked, sees it; None if nobody is found.

    Those given are asked first, then those a column of the object names, then somebody new with
    the permissions.
    """
    for candidate in _candidates(by, sees, obj, people):
        if by.admits(candidate, obj) and (
            sees is None or obj is None or sees.admits(candidate, obj)
        ):
            return candidate
    return None


def newcomer(permissions: Iterable[str] = ()) -> Any:
    """A new user who has just these permissions."""
    model: Any = get_user_model()
    user = model._default_manager.create_user(f"somebody-{uuid4().hex[:12]}")
    wanted = Q(pk__in=[])
    for name in permissions:
        app, _, codename = name.partition(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    user.user_permissions.set(Permission.objects.filter(wanted))
    return user


def _candidates(by: Who, sees: Who | None, obj: Any, people: Iterable[Any]) -> Iterator[Any]:
    yield from people
    for role in by.roles():
        if role.column and obj is not None:
            yield from _named_by(role, obj)
    seeing = _permissions(sees.roles()) if sees else set()
    for role in by.roles():
        if role.permission:
            yield newcomer({role.permission, *seeing})
    yield newcomer(_permissions(by.roles()) | seeing)
    yield newcomer(seeing)


def _named_by(role: Role, obj: Any) -> list[Any]:
    model = type(obj)
    path = user_at_end(model, str(role.column))
    keys = model._base_manager.filter(pk=obj.pk).values_list(path)
    return list(get_user_model()._default_manager.filter(pk__in=keys))


def _permissions(roles: Iterable[Role]) -> set[str]:
    return {role.permission for role in roles if role.permission}
