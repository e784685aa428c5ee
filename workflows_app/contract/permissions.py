"""Permissions: whether somebody has one, for everything or for one object, and for which rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_backends
from django.db import router
from django.db.models import Model, Q
from django.utils.module_loading import import_string

from workflows_app.conf import settings

from .held_permissions import read_permissions
from .rows import ANYBODY, NOBODY

#: By name, because importing the package would register its checks with projects without it.
_GUARDIAN = "guardian.exceptions"
_BACKEND_ANSWERS = (
    "has_perm",
    "get_all_permissions",
    "get_user_permissions",
    "get_group_permissions",
)


def has_permission(user: Any, permission: str, obj: Model | None = None) -> bool:
    """Whether the user has it, for everything or for this object.

    Users of a model without Django's permissions have none.
    """
    if not hasattr(user, "has_perm"):
        return False
    read_permissions(user)
    if user.has_perm(permission):
        return True
    with _no_for_an_error_of_guardian():
        return obj is not None and bool(user.has_perm(permission, obj))
    return False


@contextmanager
def _no_for_an_error_of_guardian() -> Iterator[None]:
    """Where others say no to a permission of another app than the object's, it raises."""
    try:
        yield
    except Exception as error:
        if type(error).__module__ != _GUARDIAN:
            raise


def permitted_rows(user: Any, permission: str, model: type[Model]) -> Q:
    """The rows on which the user has the permission."""
    if has_permission(user, permission):
        return ANYBODY
    if settings.OBJECT_PERMISSIONS:
        return _rows_of_the_project(user, permission, model)
    if not knows_objects(type(user)):
        return NOBODY
    # A backend that answers for single objects offers no filter: each one is asked.
    rows = model._base_manager.using(router.db_for_write(model))
    permitted = (obj.pk for obj in rows.iterator() if has_permission(user, permission, obj))
    return Q(pk__in=list(permitted))


def _rows_of_the_project(user: Any, permission: str, model: type[Model]) -> Q:
    find = import_string(settings.OBJECT_PERMISSIONS)
    with _no_for_an_error_of_guardian():
        found = find(user, permission, model)
        return found if isinstance(found, Q) else Q(pk__in=found.values("pk"))
    return NOBODY


def knows_objects(user_model: type[Any]) -> bool:
    """Whether has_perm(permission, obj) may say yes: Django's own classes always say no."""
    answers = [getattr(user_model, "has_perm", None)]
    answers += [getattr(type(b), word, None) for b in get_backends() for word in _BACKEND_ANSWERS]
    return any(one and not one.__module__.startswith("django.contrib.auth.") for one in answers)
