"""An undo goes in the place of what it undoes, before what its operation has queued already."""

import pytest

from workflows_app.engine import execute
from workflows_app.models import EffectRun
from workflows_app.testing import Heard, check_invariants, drain_until_quiet

pytestmark = pytest.mark.django_db


def test_what_turns_out_done_is_undone_before_what_was_done_long_ago(order, clerk, answers, clock):
    def take_back_meanwhile(mine, run):
        execute(mine.take_back, by=clerk)
        return {}

    execute(order.put_aside, by=clerk)
    drain_until_quiet(clock)
    answers["charge"] = take_back_meanwhile
    execute(order.buy, by=clerk)
    drain_until_quiet(clock)
    assert {run.state for run in EffectRun.objects.exclude(undoes=None)} == {"done"}
    assert [call.effect for call in answers.calls][-2:] == ["refund", "release"]
    check_invariants([Heard(call.key) for call in answers.calls], quiet=True)
