"""A backend that denies: Django asks nobody after it, so lists must not either."""

from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from guardian.shortcuts import get_objects_for_user


class Denying(BaseBackend):
    def has_perm(self, user_obj, perm, obj=None):
        if user_obj.username == "banned":
            raise PermissionDenied
        return False


def permitted(user, permission, model):
    """What WORKFLOWS["OBJECT_PERMISSIONS"] names."""
    if user.username == "banned":
        return model.objects.none()
    return get_objects_for_user(user, permission, model)
