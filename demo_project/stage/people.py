"""The people of the demo: everybody's password is ``demo``, everybody's token ``demo-<name>``."""

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Permission
from django.db.models import Q
from rest_framework.authtoken.models import Token

PASSWORD = "demo"  # noqa: S105  nothing here is worth a secret


@dataclass(frozen=True)
class Person:
    """Somebody who plays a part, and what he may do."""

    name: str
    part: str
    permissions: tuple[str, ...] = ()
    is_staff: bool = False
    is_superuser: bool = False

    @property
    def token(self) -> str:
        """For ``Authorization: Token ...``."""
        return f"demo-{self.name}"


VIEW = ("claims.view_claim", "claims.view_historicalclaim")
LISTS = ("operation", "effectrun", "event", "message", "timer")
VERBS = (
    "resolve_run",
    "skip_run",
    "retry_run",
    "replay_run",
    "replay_run_anew",
    "force_cancel",
)
OPERATOR = tuple(f"workflows_app.{may}" for may in (*(f"view_{rows}" for rows in LISTS), *VERBS))

PEOPLE = (
    Person("root", "superuser, nobody's claimant", is_staff=True, is_superuser=True),
    Person("claimant", "makes claims", ("claims.add_claim",)),
    Person("claimant2", "makes claims, sees only those", ("claims.add_claim",)),
    Person("reviewer", "approves or rejects", (*VIEW, "claims.review_claim"), is_staff=True),
    Person(
        "senior",
        "also reopens, cancels and overrides",
        (*VIEW, "claims.review_any_claim"),
        is_staff=True,
    ),
    Person("finance", "sees to payments", (*VIEW, "claims.settle_claim"), is_staff=True),
    Person(
        "support",
        "decides about payments in doubt, and what is done again",
        (*VIEW, *OPERATOR),
        is_staff=True,
    ),
    Person("viewer", "sees every claim, may do nothing", VIEW, is_staff=True),
    Person("outsider", "sees none"),
)


def load_people() -> None:
    """Make everybody, or make everybody what he was."""
    hashed = _hashed_password()
    for person in PEOPLE:
        _load(person, hashed)


def _hashed_password() -> str:
    """One hash for all, kept over restarts: hashing is slow, and a new one ends every session."""
    kept = get_user_model().objects.filter(username=PEOPLE[0].name).values_list("password").first()
    return kept[0] if kept and check_password(PASSWORD, kept[0]) else make_password(PASSWORD)


def _load(person: Person, hashed: str) -> None:
    user, _ = get_user_model().objects.update_or_create(
        username=person.name,
        defaults={
            "email": f"{person.name}@example.org",
            "password": hashed,
            "is_staff": person.is_staff,
            "is_superuser": person.is_superuser,
        },
    )
    user.user_permissions.set(_permissions(person))
    Token.objects.exclude(key=person.token).filter(user=user).delete()
    Token.objects.get_or_create(user=user, defaults={"key": person.token})


def _permissions(person: Person) -> list[Permission]:
    wanted = Q(pk__in=[])
    for name in person.permissions:
        app, _, codename = name.partition(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    found = list(Permission.objects.filter(wanted))
    if len(found) != len(person.permissions):
        raise LookupError(f"{person.name} needs {person.permissions}; there are only {found}.")
    return found
