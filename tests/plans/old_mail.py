"""A hundred thousand messages and timers, most of them long over, and limits with their places."""

import pytest

from tests.many_rows import analyse, copy, text
from tests.plans.old_days import ROWS, later
from workflows_app.engine import receive
from workflows_app.models import EffectRun, Message, Timer, TimerState
from workflows_app.models.clock import database_now

MAIL = (Message, Timer)


@pytest.fixture
def old_mail(old_days):
    """What a busy year has received and wound up: of each thousand a few are still open."""
    message = receive("bank", "m", "card.disputed", {"data": {"card": "gone", "reason": "x"}})
    copy(
        message,
        ROWS,
        message_id=text("n"),
        ref=text("n % 50000"),
        state="CASE WHEN n % 1000 < 5 THEN 'unmatched' ELSE 'matched' END",
        due=later("n % 1000 < 5"),
        object_type="CASE WHEN n % 1000 < 5 THEN '' ELSE 'testapp.payment' END",
        object_id=f"CASE WHEN n % 1000 < 5 THEN '' ELSE {text('n')} END",
    )
    timer = Timer.objects.create(
        object_type="testapp.gone", object_id="0", field="status", clock="then", then="gone",
        state=TimerState.FIRED, live=None, counts_from=database_now("default"),
    )  # fmt: skip
    copy(
        timer,
        ROWS,
        object_id=text("n"),
        state="CASE WHEN n % 1000 < 5 THEN 'running' WHEN n % 1000 < 7 THEN 'refused'"
        " ELSE 'fired' END",
        live="CASE WHEN n % 1000 < 7 THEN (1 = 1) END",
        due=later("n % 1000 < 7"),
        ask_at=later("n % 1000 < 7"),
    )
    _fill_limits()
    analyse(EffectRun, *MAIL)
    return old_days


def _fill_limits():
    """Every claimed run has a place of its limit."""
    for run in EffectRun.objects.filter(state="running"):
        key = str(int(run.lane) % 100)
        EffectRun.objects.filter(pk=run.pk).update(limit_key=key, holds_slot=f"{key}#{run.pk.hex}")
