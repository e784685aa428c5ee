"""The permissions of a user, in one query where Django's own backend takes two with more joins.

They are put where that backend keeps what it has read; should that place ever move, Django asks
as it always did.
"""

from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth import get_backends
from django.db import connections, router
from django.db.models import Q


def read_permissions(user: Any) -> None:
    """Read once what a user holds, before ``has_perm`` asks Django's ``ModelBackend``."""
    if hasattr(user, "_perm_cache") or not _only_django_says(user):
        return
    if user.is_active and not user.is_superuser:
        user._perm_cache = _permissions_of(user)


def _only_django_says(user: Any) -> bool:
    """Whether no class of the project has a say in what this user may do."""
    says = [getattr(user.__class__, "has_perm", None), *map(type, get_backends())]
    return all(getattr(one, "__module__", "").startswith("django.contrib.auth.") for one in says)


def _permissions_of(user: Any) -> set[str]:
    model = user._meta.model
    using = router.db_for_read(apps.get_model("auth", "Permission"), instance=user)
    statement, times = _statement(model, using)
    key = model._meta.pk.get_db_prep_value(user.pk, connections[using])
    with connections[using].cursor() as cursor:
        cursor.execute(statement, [key] * times)
        return {f"{app}.{name}" for app, name in cursor.fetchall()}


@cache
def _statement(model: Any, using: str) -> tuple[str, int]:
    """Its SQL, built once, and how many times the user's key stands in it."""
    permission = apps.get_model("auth", "Permission")
    somebody = model._meta.pk.to_python(0)
    groups = _linked(model._meta.get_field("groups"), [somebody])
    of_groups = _linked(apps.get_model("auth", "Group")._meta.get_field("permissions"), groups)
    own = _linked(model._meta.get_field("user_permissions"), [somebody])
    held = permission._base_manager.using(using).filter(Q(pk__in=own) | Q(pk__in=of_groups))
    named = held.order_by().values_list("content_type__app_label", "codename")
    statement, keys = named.query.get_compiler(using).as_sql()
    return statement, len(keys)


def _linked(relation: Any, those: Any) -> Any:
    """The keys at the other end of a many-to-many relation of those that have these keys."""
    links = relation.remote_field.through._base_manager
    mine = links.filter(**{f"{relation.m2m_field_name()}__in": those})
    return mine.values(relation.m2m_reverse_field_name())
