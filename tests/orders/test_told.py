"""Whoever watches hears once of every command that was accepted, an operator's too."""

import pytest
from django.db import transaction

from tests.orders.workflow import No
from workflows_app.engine import execute
from workflows_app.engine.signals import command_accepted
from workflows_app.failures import Refused
from workflows_app.models import Operation
from workflows_app.ops import force_cancel, override, replay, skip
from workflows_app.testing import Coverage, drain

from .models import Order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told():
    """What was told, in order: the model, the command, its effects, and whether it was written."""
    heard = []

    def hear(sender, operation, effects, **signal):
        is_there = Operation.objects.filter(pk=operation.pk).exists()
        open_still = not transaction.get_autocommit()
        names = [effect.name for effect in effects]
        heard.append((sender, operation.transition, names, is_there and open_still))

    command_accepted.connect(hear)
    yield heard
    command_accepted.disconnect(hear)


@pytest.fixture
def failed(order, clerk, answers, run_of):
    """A reservation that was refused."""
    answers["reserve"] = No
    execute(order.put_aside, by=clerk)
    drain()
    return run_of("reserve")


def test_a_command_and_what_follows_it(order, clerk, told):
    execute(order.buy, by=clerk)
    drain()
    assert told == [(Order, "buy", ["charge"], True), (Order, "charged", [], True)]


def test_an_override_and_a_cancellation_by_force(order, chief, operator, told):
    override(order, "paid", by=chief, reason="Paid in cash.")
    force_cancel(order, by=operator, reason="Gone.")
    assert told == [(Order, "override", [], True), (Order, "force_cancel", [], True)]


@pytest.mark.parametrize("verb", [replay, skip])
def test_a_decision_about_a_run(failed, operator, told, verb):
    verb(failed, by=operator, reason="So be it.")
    assert told == [(Order, verb.__name__, [], True)]


def test_what_is_refused_or_answered_before_is_not_told(order, chief, clerk, told):
    override(order, "paid", by=chief, reason="Paid in cash.", key="k")
    override(order, "paid", by=chief, reason="Paid in cash.", key="k")
    with pytest.raises(Refused):
        override(order, "open", by=clerk, reason="Not I.")
    assert len(told) == 1


def test_coverage_takes_no_decision_for_a_transition_of_that_name(order, chief):
    with Coverage() as coverage:
        override(order, "paid", by=chief, reason="Paid in cash.")
    assert coverage.driven == set()
