"""People, a parcel, and a worker for the tests of the engine."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from tests.testapp.models import Parcel
from workflows_app.engine import execute
from workflows_app.models import EffectRun
from workflows_app.testing import scripted


def person(name, *codenames):
    user = get_user_model().objects.create_user(name, first_name=name.capitalize())
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def people(db):
    """A sender, two clerks and an operator, by name."""
    return {
        "sender": person("sender", "add_parcel"),
        "clerk": person("clerk", "handle_parcel", "view_parcel"),
        "clerk2": person("clerk2", "handle_parcel", "view_parcel"),
        "operator": person("operator", "resolve_run", "skip_run"),
    }


@pytest.fixture
def sender(people):
    return people["sender"]


@pytest.fixture
def clerk(people):
    return people["clerk"]


@pytest.fixture
def operator(people):
    return people["operator"]


@pytest.fixture
def parcel(sender):
    return Parcel.objects.create(sender=sender, title="books", address="Main Street 1")


@pytest.fixture
def packed(parcel, sender):
    execute(parcel.pack, by=sender, data={"grams": 100})
    return parcel


@pytest.fixture
def shipping(packed, clerk):
    execute(packed.ship, by=clerk)
    return packed


@pytest.fixture(autouse=True)
def answers():
    """The script of what the carrier answers; every test begins with a friendly one."""
    with scripted({}, hand_over=lambda parcel, run: {"tracking": f"T-{run.key[:8]}"}) as script:
        yield script


@pytest.fixture
def run_of():
    """The latest run of an effect."""

    def find(effect):
        return EffectRun.objects.filter(effect=effect).order_by("-version").first()

    return find
