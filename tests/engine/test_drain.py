"""A drain ends when nothing is due, and not a moment before."""

import threading

import pytest
from django.db import connection

from tests.cluster_members import wait_until
from workflows_app.engine.drain import drain
from workflows_app.models import EffectRun, Operation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.only_on("postgresql")  # the others hold a lock while they look
def test_what_a_handler_leaves_behind_while_the_drain_looks_is_done_by_that_drain(
    shipping, answers
):
    began, looked = threading.Event(), threading.Event()

    def hand_over(parcel, run):
        began.set()
        assert looked.wait(20)
        return {"tracking": "T"}

    def look(execute, statement, *rest):
        found = execute(statement, *rest)
        if began.is_set() and not looked.is_set() and "SKIP LOCKED" in statement:
            looked.set()  # it found nothing; the handler ends before anybody asks whether one works
            wait_until(Operation.objects.filter(transition="arrive").exists, "it ended", 20)
        return found

    answers["hand_over"] = hand_over
    with connection.execute_wrapper(look):
        drain()
    assert looked.is_set()
    assert set(EffectRun.objects.values_list("state", flat=True)) == {"done"}
