"""Roles as rows: a path that ends at people."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, Q

from workflows_app.failures import ContractError

NOBODY = Q(pk__in=[])
ANYBODY = ~NOBODY


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
    if issubclass(at, get_user_model()):
        return path
    _refuse_users_without_groups(path)
    return f"{path}__user"


def models_on_the_way(model: type[Model], path: str) -> list[type[Model]]:
    """The models a column= path reads besides the object's own and the user's. ContractError."""
    found: list[Any] = []
    at: Any = model
    for part in user_at_end(model, path).split("__"):
        field = at._meta.get_field(part)
        through = getattr(field, "through", None) or getattr(
            getattr(field, "remote_field", None), "through", None
        )
        at = field.related_model
        found += [one for one in (through, at) if one is not None]
    return [one for one in found if not issubclass(one, (model, get_user_model()))]


def _refuse_users_without_groups(path: str) -> None:
    """``auth.Group`` leads to its users by the relation that PermissionsMixin gives them."""
    users: Any = get_user_model()
    if not any(one.name == "groups" for one in users._meta.many_to_many):
        raise ContractError(
            f"column={path!r} ends at a group, and users ({users._meta.label}) are in no group;"
            " let it end at a user, or give users Django's PermissionsMixin."
        )


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
