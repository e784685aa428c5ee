"""Clients of people, and the carrier, for the tests of the API."""

import itertools

import pytest
from rest_framework.test import APIClient

from tests.engine import conftest as engine

answers = engine.answers
clerk = engine.clerk
operator = engine.operator
packed = engine.packed
parcel = engine.parcel
people = engine.people
run_of = engine.run_of
sender = engine.sender
shipping = engine.shipping

_numbers = itertools.count()


@pytest.fixture
def as_user():
    """A client that is logged in as this user and speaks JSON."""

    def log_in(user):
        client = APIClient(raise_request_exception=False)
        client.default_format = "json"
        client.force_authenticate(user)
        return client

    return log_in


@pytest.fixture
def by_sender(as_user, sender):
    return as_user(sender)


@pytest.fixture
def by_clerk(as_user, clerk):
    return as_user(clerk)


def new_key():
    """A key nobody has used."""
    return f"key-{next(_numbers)}"


def command(client, parcel, transition, data=None, *, key=None, **headers):
    """POST a command; every header by its name with underscores, None for none."""
    sent = {"Idempotency_Key": key or new_key()} | headers
    return client.post(
        f"/api/v1/parcels/{parcel.pk}/{transition}/",
        {} if data is None else data,
        headers={n.replace("_", "-"): v for n, v in sent.items() if v is not None},
    )
