"""Who may do what with trips."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

MAY = {
    "customer": ["add_trip"],
    "clerk": ["change_trip", "resolve_run", "skip_run", "replay_run"],
    "senior": ["delete_trip", "view_trip", "force_cancel"],
}


def hire_everybody():
    """One user of each name."""
    for name, codenames in MAY.items():
        user = get_user_model().objects.create_user(name, email=f"{name}@example.org")
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
