"""What is said of an earlier sending says nothing against a later one."""

from datetime import timedelta

import pytest

from tests.testapp.bills import AccountRefused, BankBusy, NoAnswer
from workflows_app.conf import settings
from workflows_app.engine import execute
from workflows_app.engine.ask import ask, take
from workflows_app.engine.drain import jobs_for
from workflows_app.testing import check_invariants, drain

from .bills import the_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent_twice(clock, bill, treasurer, answers):
    """It never arrived and was sent again, and that is in doubt; of the first sending somebody
    has asked, and has not heard yet.
    """
    execute(bill.pay_for_sure, by=treasurer)
    answers["pay_surely"] = [NoAnswer, NoAnswer]
    drain()
    clock.move(minutes=6)
    [question] = jobs_for("default", take("default", 1))
    clock.move(settings.LEASE + timedelta(seconds=1))
    answers["find"] = BankBusy
    drain()
    clock.move(minutes=2)
    drain()
    assert (the_run().state, the_run().attempts) == ("in_doubt", 2)
    return question


@pytest.mark.parametrize("denial", [BankBusy, AccountRefused])
def test_a_late_denial_of_the_first_sending_leaves_the_second_in_doubt(
    sent_twice, answers, clock, denial
):
    answers["find"] = denial
    ask("default", sent_twice.run, sent_twice.effect, sent_twice.obj)
    clock.move(minutes=3)
    drain()
    assert (the_run().state, the_run().attempts) == ("in_doubt", 2)
    assert [call.effect for call in answers.calls].count("pay_surely") == 2
    check_invariants()


def test_that_it_happened_counts_whenever_it_was_asked(sent_twice, answers):
    answers["find"] = {"reference": "T"}
    ask("default", sent_twice.run, sent_twice.effect, sent_twice.obj)
    assert the_run().state == "done"
