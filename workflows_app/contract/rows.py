"""Roles as rows: a path that ends at people, a permission as a filter."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_backends, get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, Q

from workflows_app.failures import ContractError

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

NOBODY = Q(pk__in=[])
ANYBODY = ~NOBODY

_BACKEND_ANSWERS = (
    "has_perm",
    "get_all_permissions",
    "get_user_permissions",
    "get_group_permissions",
)


def user_at_end(model: type[Model], path: str) -> str:
    """The look-up of a user for a column= path. Raises ContractError for a path that is none."""
    at: Any = model
    for part in path.split("__"):
        try:
            at = at._meta.get_field(part).related_model
        except (AttributeError, FieldDoesNotExist):
            raise ContractError(f"column={path!r}: {model.__name__} has no such path.") from None
    if at is None or isinstance(at, str) or not _is_person_or_group(at):
        ending = "a plain column" if at is None else getattr(at, "__name__", at)
        raise ContractError(
            f"column={path!r} of {model.__name__} ends at {ending};"
            " it must end at a user or a group."
        )
    return path if issubclass(at, get_user_model()) else f"{path}__user"


def _is_person_or_group(model: type[Model]) -> bool:
    return issubclass(model, get_user_model()) or model._meta.label == "auth.Group"


def user_column(model: type[Model], path: str) -> Any:
    """The column of the object itself that holds a user's key: there no query is needed."""
    if user_at_end(model, path) != path or "__" in path:
        return None
    field: Any = model._meta.get_field(path)
    holds_key = field.concrete and not field.many_to_many and field.target_field.primary_key
    return field if holds_key else None


def either(left: Q, right: Q) -> Q:
    """The rows of both; no filter at all where one of them leaves out nothing."""
    return ANYBODY if ANYBODY in (left, right) else left | right


def permitted_rows(user: "AbstractUser", permission: str, model: type[Model]) -> Q:
    """The rows on which the user has the permission."""
    if user.has_perm(permission):
        return ANYBODY
    if not _knows_objects(user):
        return NOBODY
    # A backend that answers for single objects offers no filter: each one is asked. Where that
    # is too slow, the contract says rows= instead.
    permitted = (obj.pk for obj in model._base_manager.all() if user.has_perm(permission, obj))
    return Q(pk__in=list(permitted))


def _knows_objects(user: "AbstractUser") -> bool:
    """Whether has_perm(permission, obj) may say yes: Django's own classes always say no."""
    answers = [getattr(user.__class__, "has_perm", None)]
    answers += [getattr(type(b), word, None) for b in get_backends() for word in _BACKEND_ANSWERS]
    return any(one and not one.__module__.startswith("django.contrib.auth.") for one in answers)
