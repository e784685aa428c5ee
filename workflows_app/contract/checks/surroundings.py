"""Is the project of a shape in which the promises hold: its users, its clock, its replicas?"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Warning
from django.db import models, router
from django.utils.module_loading import import_string

from workflows_app.conf import settings
from workflows_app.contract.permissions import knows_objects
from workflows_app.contract.registry import contracts
from workflows_app.routers import ReadYourWrites

#: What is left of an actor's 150 characters after "user:".
_LONGEST_USER_KEY = 145


def faults() -> Iterator[CheckMessage]:
    """What the project lacks, if it has any workflow."""
    if any(contracts()):
        yield from _clock()
        yield from _keys_of_users()
        yield from _replicas()
        yield from _object_permissions()


def _clock() -> Iterator[CheckMessage]:
    if not django_settings.USE_TZ:
        yield Error(
            "USE_TZ=False: an operation could not say when it happened, and the clock of the"
            " database, which decides what is due, says UTC.",
            hint="USE_TZ = True; TIME_ZONE still says what people read.",
            id="workflows_app.E086",
        )


def _keys_of_users() -> Iterator[CheckMessage]:
    key: Any = get_user_model()._meta.pk
    while key.is_relation:
        key = key.target_field
    is_short = not isinstance(key, models.CharField) or (key.max_length or 0) <= _LONGEST_USER_KEY
    if not (
        is_short and isinstance(key, models.IntegerField | models.UUIDField | models.CharField)
    ):
        yield Error(
            f"{get_user_model()._meta.label}: a key like this does not fit into the name of an"
            " actor, as in user:7.",
            hint=f"Use an integer, a UUID or a text of at most {_LONGEST_USER_KEY} characters.",
            id="workflows_app.E080",
        )


def _replicas() -> Iterator[CheckMessage]:
    """Inside of a command, guards and bodies read what belongs to the object by the routers."""
    stray = [one.model for one in contracts() if _is_read_elsewhere(one.model)]
    if stray and not any(isinstance(one, ReadYourWrites) for one in router.routers[:1]):
        yield Warning(
            f"{stray[0]._meta.label} is read from {router.db_for_read(stray[0])!r} and written to"
            f" {router.db_for_write(stray[0])!r}: a guard or a body that follows a relation reads"
            " what was true before its command.",
            hint='DATABASE_ROUTERS = ["workflows_app.routers.ReadYourWrites", ...]',
            id="workflows_app.W065",
        )


def _is_read_elsewhere(model: Any) -> bool:
    return router.db_for_read(model) != router.db_for_write(model)


def _object_permissions() -> Iterator[CheckMessage]:
    """A role that is a permission, and a backend that may grant it on single objects."""
    if settings.OBJECT_PERMISSIONS:
        yield from _not_importable(settings.OBJECT_PERMISSIONS)
        return
    named = [role for one in contracts() for role in one.roles if role.permission is not None]
    if named and knows_objects(get_user_model()):
        guardian = apps.is_installed("guardian")
        path = "guardian.shortcuts.get_objects_for_user" if guardian else "<a function of yours>"
        yield Warning(
            f"An authentication backend may grant {named[0].permission!r} on single objects: a list"
            " asks it of one object after the other.",
            hint=f'WORKFLOWS["OBJECT_PERMISSIONS"] = "{path}"; it takes a user, a permission and a'
            " model, and returns the objects.",
            id="workflows_app.W066",
        )


def _not_importable(path: str) -> Iterator[CheckMessage]:
    try:
        found = import_string(path)
    except ImportError as error:
        found = error
    if not callable(found):
        yield Error(
            f"WORKFLOWS['OBJECT_PERMISSIONS']: {path!r} is no function. ({found})",
            hint="Give the dotted path of a function of (user, permission, model).",
            id="workflows_app.E088",
        )
