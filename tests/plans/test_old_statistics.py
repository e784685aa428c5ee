"""What a command costs does not grow with the tables, where SQLite knows them as they once were."""

import pytest
from django.db import connection

from tests.many_rows import analyse, copy, text
from tests.plans.old_days import BIG
from tests.testapp.models import Parcel
from workflows_app.engine import execute
from workflows_app.models import Operation

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]

STEP = 10  #: instructions of SQLite's virtual machine
ROWS = 3_000


def test_a_command_costs_the_same_with_statistics_of_a_small_table(parcel, sender):
    later = Parcel.objects.create(sender=sender, title="plates", address="Main Street 2")
    analyse(*BIG)
    before = steps_of(pack, parcel, sender)
    copy(Operation.objects.first(), ROWS, object_id=text("1000000 + n"), key_hash=text("n"))
    after = steps_of(pack, later, sender)
    assert after < 2 * before


def pack(parcel, sender):
    execute(parcel.pack, by=sender, data={"grams": 100})


def steps_of(work, *args, **kwargs):
    """How much SQLite does for a piece of work."""
    steps = []
    connection.connection.set_progress_handler(lambda: steps.append(1), STEP)
    try:
        work(*args, **kwargs)
    finally:
        connection.connection.set_progress_handler(None, STEP)
    return len(steps)
