"""Records go although runs refer to each other: undone, superseded, in a group."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.orders.models import Order
from workflows_app import SYSTEM
from workflows_app.engine import execute
from workflows_app.models import EffectRun, Operation
from workflows_app.ops import prune
from workflows_app.testing import drain

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_is_broken():
    """What was called outside is known by no run any more."""


def pruned():
    moment = timezone.now() + timedelta(seconds=1)
    return list(prune(Order, by=SYSTEM, reason="old", before=moment))[-1]


@pytest.fixture
def taken_back(order, clerk):
    """Everything is done, undone and superseded, and the object is at rest in final states."""
    execute(order.buy, by=clerk)
    execute(order.charge_more, by=clerk)
    execute(order.pack, by=clerk)
    drain()
    execute(Order.objects.get().show, by=clerk)
    execute(Order.objects.get().take_back, by=clerk)
    return Order.objects.get()


def test_what_is_still_to_be_undone_keeps_what_it_undoes(taken_back):
    progress = pruned()
    assert (progress.unresolved, progress.runs) == (1, 0)


def test_what_was_undone_goes_and_its_undo_stays_with_the_last_operation(taken_back, clerk):
    drain()
    last = Operation.objects.latest("version").version
    assert last > 5  # what follows from an undo is an operation too
    progress = pruned()
    assert (progress.unresolved, progress.objects) == (0, 1)
    assert not EffectRun.objects.filter(version__lt=last).exists()
    assert list(Operation.objects.values_list("version", flat=True)) == [last]
