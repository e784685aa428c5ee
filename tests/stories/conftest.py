"""The people, the parcel and the carrier of the engine's tests; a bill, and who pays it."""

import pytest

from tests.engine.conftest import (
    answers,
    clerk,
    operator,
    packed,
    parcel,
    people,
    person,
    run_of,
    sender,
    shipping,
)
from tests.testapp.models import Bill
from workflows_app.engine import execute


@pytest.fixture
def treasurer(db):
    return person("treasurer", "pay_bill", "view_bill")


@pytest.fixture
def bill(db):
    return Bill.objects.create(title="rent", iban="DE02")


@pytest.fixture
def paying(bill, treasurer):
    """Its payment is asked for: one run, queued."""
    execute(bill.pay, by=treasurer)
    return bill
