"""People who may log in to the admin, a parcel, and addresses of its pages."""

import re
import uuid
from html.parser import HTMLParser

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tests.testapp.models import Parcel
from tests.testapp.workflow import CarrierBusy
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.models import Operation
from workflows_app.testing import scripted

ROWS = ("view_operation", "view_effectrun", "view_event")


def person(name, *codenames):
    user = get_user_model().objects.create_user(
        name, first_name=name.capitalize(), is_staff=True, password="demo"
    )
    allow(user, *codenames)
    return user


def allow(user, *codenames):
    """These permissions and no others."""
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))


@pytest.fixture
def sender(db):
    """Sees the parcels of his own; may not open the admin of parcels."""
    return person("sender")


@pytest.fixture
def clerk(db):
    """May handle and edit every parcel, and look at the rows."""
    return person("clerk", "handle_parcel", "view_parcel", "change_parcel", "add_parcel", *ROWS)


@pytest.fixture
def viewer(db):
    """Sees everything and may do nothing."""
    return person("viewer", "view_parcel", *ROWS)


@pytest.fixture
def parcel(sender):
    return Parcel.objects.create(sender=sender, title="books", address="Main Street 1")


@pytest.fixture
def packed(parcel, sender):
    execute(parcel.pack, by=sender, data={"grams": 100})
    return parcel


@pytest.fixture
def shipping(packed, clerk):
    execute(packed.ship, by=clerk, reason="Friday's van")
    return packed


@pytest.fixture
def retrying(transactional_db, shipping, answers):
    """On its way, and the carrier was busy at the first attempt."""

    def busy(parcel, run):
        raise CarrierBusy

    answers["hand_over"] = busy
    drain()
    return shipping


@pytest.fixture
def answers():
    with scripted({}, hand_over=lambda parcel, run: {"tracking": f"T-{run.key[:8]}"}) as script:
        yield script


@pytest.fixture
def browser_of():
    """A client in which this user is logged in; it checks CSRF tokens only when asked to."""

    def log_in(user, **options):
        client = Client(**options)
        client.force_login(user)
        return client

    return log_in


def page_of(parcel, name="change"):
    return reverse(f"admin:testapp_parcel_{name}", args=[parcel.pk])


def command_of(parcel, name):
    return reverse("admin:testapp_parcel_command", args=[parcel.pk, name])


def confirmation(parcel, **more):
    """What the browser sends from a confirm page opened just now."""
    return {"version": parcel.version, "key": str(uuid.uuid4()), "reason": "", **more}


def operations(parcel):
    return list(Operation.objects.of("testapp.parcel", str(parcel.pk)))


def names_of(parcel):
    return [operation.transition for operation in operations(parcel)]


class _Inputs(HTMLParser):
    """Collects the attributes of everything a page lets one enter."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag in ("input", "select", "textarea") and dict(attrs).get("name"):
            self.found.append({name: value or "" for name, value in attrs})


def inputs_of(response):
    """The inputs of a page, each with its attributes."""
    parser = _Inputs()
    parser.feed(response.content.decode())
    return [one for one in parser.found if one.get("type") != "submit"]


def text_of(response):
    """What a reader of the page sees: its text without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
