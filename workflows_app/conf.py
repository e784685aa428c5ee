"""The settings: one ``WORKFLOWS = {...}`` dictionary behind typed attributes, read when used."""

from datetime import timedelta
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured


class Settings:
    """Every name that ``WORKFLOWS`` may hold, with its type and default."""

    LEASE: timedelta = timedelta(seconds=60)
    """How long a worker owns a run it has claimed before another may rescue it."""

    THREADS: int = 4
    """How many effects one worker process performs at the same time."""

    SWEEP_EVERY: timedelta = timedelta(seconds=5)
    """How often the fleet looks for lost leases, stuck lanes and pending follow-ups."""

    STOP_WITHIN: timedelta = timedelta(seconds=30)
    """How long a worker that is asked to stop may go on with what it is doing."""

    LISTEN_DSN: str = ""
    """PostgreSQL connection string for LISTEN, where the usual one goes through a pooler."""

    API_PREFIX: str = "/api/"
    """The path under which every error is answered as a problem (RFC 9457)."""

    OBJECT_PERMISSIONS: str = ""
    """Dotted path of a function of (user, permission, model) that finds the objects."""

    def __getattribute__(self, name: str) -> Any:
        default = super().__getattribute__(name)
        if not name.isupper():
            return default
        given = getattr(django_settings, "WORKFLOWS", {})
        if unknown := set(given) - known():
            raise ImproperlyConfigured(
                f"WORKFLOWS has no setting {sorted(unknown)}. It knows {sorted(known())}."
            )
        value = given.get(name, default)
        _refuse_nonsense(name, value, type(default))
        return value


def known() -> set[str]:
    """The names that ``WORKFLOWS`` may hold."""
    return {name for name in vars(Settings) if name.isupper()}


def _refuse_nonsense(name: str, value: Any, kind: type) -> None:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ImproperlyConfigured(f"WORKFLOWS[{name!r}] is a {kind.__name__}, not {value!r}.")
    if not isinstance(value, str) and value <= kind(0):
        raise ImproperlyConfigured(f"WORKFLOWS[{name!r}] is more than nothing, not {value!r}.")


settings = Settings()
