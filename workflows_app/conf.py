"""The settings: one ``WORKFLOWS = {...}`` dictionary behind typed attributes, read when used."""

import re
from base64 import b64decode
from datetime import timedelta
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

_ENDPOINT = re.compile(r"[a-z][a-z0-9_]*\Z")
_SECRET_BYTES = 24


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

    MESSAGES_LIVE: timedelta = timedelta(days=7)
    """How long a message that nobody has used is looked at again."""

    INBOX: dict[str, Any] = {}
    """Who may send messages over HTTP: ``{"bank": {"secrets": ["whsec_..."]}}``."""

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
    if isinstance(value, dict):
        _refuse_wrong_inbox(value)
    elif not isinstance(value, str) and value <= kind(0):
        raise ImproperlyConfigured(f"WORKFLOWS[{name!r}] is more than nothing, not {value!r}.")


def _refuse_wrong_inbox(inbox: dict[str, Any]) -> None:
    """Says which endpoint and which secret by its place, never the secret itself."""
    for endpoint, said in inbox.items():
        if not isinstance(endpoint, str) or not _ENDPOINT.match(endpoint):
            raise ImproperlyConfigured(
                f"WORKFLOWS['INBOX']: {endpoint!r} is no endpoint; small letters, digits and _."
            )
        secrets = said.get("secrets") if isinstance(said, dict) and len(said) == 1 else None
        if not isinstance(secrets, list | tuple) or not secrets:
            raise ImproperlyConfigured(
                f'WORKFLOWS[\'INBOX\'][{endpoint!r}] is {{"secrets": ["whsec_..."]}}, and at least'
                " one: the present one, and while it is replaced the next."
            )
        for place, secret in enumerate(secrets):
            if not _is_secret(secret):
                raise ImproperlyConfigured(
                    f"WORKFLOWS['INBOX'][{endpoint!r}]: secret number {place + 1} is not whsec_ and"
                    " the base64 of at least 24 random bytes, as its sender gives it."
                )


def _is_secret(secret: Any) -> bool:
    if not isinstance(secret, str):
        return False
    encoded = secret.removeprefix("whsec_")
    try:
        return len(b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)) >= _SECRET_BYTES
    except ValueError:
        return False


settings = Settings()
