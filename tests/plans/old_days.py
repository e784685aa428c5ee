"""A hundred thousand runs, operations and events, most of them long finished."""

import pytest
from django.db import connection

from tests.many_rows import analyse, copy, identity, text
from tests.testapp.models import Parcel
from workflows_app.engine import execute
from workflows_app.engine.run_events import done_attempt
from workflows_app.models import EffectRun, Event, Operation

ROWS = 100_000
BIG = (EffectRun, Event, Operation)

#: Of each thousand runs so many are not finished.
STATE = (
    "CASE WHEN n % 1000 < 10 THEN 'queued' WHEN n % 1000 < 13 THEN 'running'"
    " WHEN n % 1000 < 16 THEN 'waiting' WHEN n % 1000 < 19 THEN 'in_doubt'"
    " WHEN n % 1000 < 23 THEN 'held' WHEN n % 1000 < 26 THEN 'failed' ELSE 'done' END"
)
LATER = "'2099-01-01 00:00:00'"


@pytest.fixture
def old_days(transactional_db, parcel, clerk):
    """What a busy year leaves behind, and lanes for what is held."""
    execute(parcel.cover, by=clerk, key="old")
    operation, run = Operation.objects.get(transition="cover"), EffectRun.objects.get()
    event = run_event(run)
    copy(
        operation,
        ROWS,
        object_id=text("1000000 + n"),
        key_hash=text("n"),
        actor=text("n % 1000"),
        cause=text("n"),
    )
    copy(
        run,
        ROWS,
        object_id=text("1000000 + n"),
        operation_id=identity(),
        state=STATE,
        due=later("n % 1000 < 19"),
        lease_until=later("n % 1000 BETWEEN 10 AND 12"),
        follow_up="CASE WHEN n % 1000 < 23 THEN 'none' ELSE 'done' END",
        lane=text("n % 5000"),
        holds_lane=f"CASE WHEN n < 4900 THEN {text('n % 5000')} END",
        reference=text("n"),
        limit_key=f"CASE WHEN n % 1000 BETWEEN 19 AND 22 THEN {text('n % 100')} END",
    )
    copy(event, ROWS, object_id=text("1000000 + n"), operation_id=identity(), run_id=identity())
    analyse(*BIG)
    EffectRun.objects.filter(pk=run.pk).update(state="done", holds_lane=None)
    return Parcel.objects.get(pk=parcel.pk)


def later(when):
    moment = f"CASE WHEN {when} THEN {LATER} END"
    cast = {"postgresql": f"CAST({moment} AS timestamptz)"}
    return cast.get(connection.vendor, moment)


def run_event(run):
    return Event.objects.create(
        kind="attempt", actor="system", data=done_attempt(run, 0.1), **run.fact()
    )
