"""The page on clocks is true: its contract is built, its test passes, its clocks run."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from workflows_app.contract import checks
from workflows_app.describe.status import status
from workflows_app.engine import edit, execute
from workflows_app.testing import at, drain

from .page_code import page_as_module, tables_of
from .reader import text_of

PAGE = "howto/escalate-after-a-day.md"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk():
    """The code of the page as a module, with a table for its model."""
    with page_as_module(PAGE, "desk", at=at, drain=drain) as desk, tables_of(desk.Question):
        yield desk


def test_the_contract_on_the_page_has_no_fault_but_what_a_page_must_leave_out(desk):
    ids = {fault.id for fault in checks.faults_of([desk.Question])}
    assert ids <= {"workflows_app.W004", "workflows_app.E031"}  # no history; no app called desk


def test_the_test_on_the_page_passes(desk, clock):
    desk.test_a_question_is_escalated_after_a_day(clock)


def test_a_question_is_sent_as_soon_as_it_has_a_subject(desk, clock, django_user_model):
    anybody = django_user_model.objects.create_user("anybody")
    question = desk.Question.objects.create()
    drain()
    document = status(desk.Question.objects.get())
    assert (document["state"], document["phase"]) == ("draft", "overdue")
    edit(question, by=anybody, data={"subject": "Books"})
    drain()
    (escalate,) = [
        one
        for one in status(desk.Question.objects.get())["deadlines"]
        if one["clock"] == "escalate"
    ]
    assert set(escalate) == set(re.findall(r'"(\w+)":', text_of(PAGE)))
    assert (escalate["label"], escalate["overdue"]) == ("Escalate", False)


def test_three_days_stand_still_while_the_customer_is_asked(desk, clock, django_user_model):
    root = django_user_model.objects.create_superuser("root")
    question = at(desk.Question, "urgent")
    clock.move(days=2)
    execute(question.ask_back, by=root)
    (promise,) = status(question)["deadlines"]
    assert (promise["paused"], promise["left"]) == (True, 24 * 3600)


def test_the_calendar_on_the_page_leaves_the_weekend_out(desk):
    weekdays = desk.Weekdays()
    friday = datetime(2031, 3, 7, 12, 0, tzinfo=UTC)
    tuesday = weekdays.add(friday, timedelta(days=2))
    assert tuesday == datetime(2031, 3, 11, 12, 0, tzinfo=UTC)
    assert weekdays.between(friday, tuesday) == timedelta(days=2)
