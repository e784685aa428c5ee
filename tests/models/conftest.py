"""Objects for the tests of the rows, and a shorthand for what the database refuses."""

from contextlib import contextmanager

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction

from tests.testapp.models import Crate, Label, Letter, Parcel, Tag
from workflows_app import SYSTEM
from workflows_app.engine import execute


@pytest.fixture
def refused_by_database():
    """``with refused_by_database("text"):`` the block violates the guard, and nothing stays."""

    @contextmanager
    def refused(message):
        with pytest.raises(IntegrityError, match=message), transaction.atomic():
            yield

    return refused


@pytest.fixture
def raw():
    """Run a statement past all models."""

    def run(statement, *parameters):
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)

    return run


@pytest.fixture
def user(db):
    return get_user_model().objects.create_user("ada")


@pytest.fixture
def crate(db):
    return Crate.objects.create(title="books")


@pytest.fixture
def shut_crate(crate):
    execute(crate.shut, by=SYSTEM)
    return crate


@pytest.fixture
def parcel(user):
    return Parcel.objects.create(sender=user, title="books", address="Main Street 1")


@pytest.fixture(params=["integer", "uuid", "text", "borrowed uuid"])
def any_key(request, db):
    """A new object, one for each sort of key that a trigger has to render."""
    make = {
        "integer": lambda: Letter.objects.create(title="a"),
        "uuid": lambda: Crate.objects.create(title="a"),
        "text": lambda: Label.objects.create(code="it's A-1", title="a"),
        "borrowed uuid": lambda: Tag.objects.create(crate=Crate.objects.create(), title="a"),
    }
    return make[request.param]()
