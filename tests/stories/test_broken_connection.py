"""A database connection that breaks costs no answer, and makes none count twice."""

from threading import Timer

import pytest
from django.db import connection

from tests.testapp.models import Parcel
from workflows_app.engine import execute
from workflows_app.engine.drain import drain as drain_on_threads
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.testing import cut, drain, scripted, statement

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.only_on("postgresql", "mysql"),  # SQLite has no connection to lose
]

TAKEN = {"tracking": "T"}


def test_an_answer_outlives_the_connection_that_broke_meanwhile(shipping, run_of):
    with scripted({}, hand_over=[TAKEN]), cut(at="handler.ended"):
        drain()
    run = run_of("hand_over")
    assert (run.state, run.attempts, run.result) == ("done", 1, TAKEN)
    assert Parcel.objects.get().status == "arrived"


def test_an_answer_whose_commit_was_not_confirmed_counts_once(shipping, run_of):
    with scripted({}, hand_over=[TAKEN]), cut(at="settle.committed"):
        drain()
    run = run_of("hand_over")
    assert (run.state, run.attempts) == ("done", 1)
    assert Operation.objects.filter(transition="arrive").count() == 1
    assert not Event.objects.filter(kind="late_answer").exists()


def test_an_answer_outlives_a_server_that_is_away_for_a_moment(shipping, run_of, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "PORT", "1")  # nobody listens there
        back = Timer(0.5, patch.undo)

        def take(parcel, run):
            back.start()
            return TAKEN

        with scripted({}, hand_over=[take]), cut(at="handler.ended"):
            drain()
    run = run_of("hand_over")
    assert (run.state, run.attempts, run.result) == ("done", 1, TAKEN)


@pytest.fixture
def ten_to_tell(sender, clerk):
    """Ten harmless runs, whose outcomes a worker stores together."""
    for number in range(10):
        parcel = Parcel.objects.create(sender=sender, title=f"s{number}", address="a")
        execute(parcel.pack, by=sender, data={"grams": 1})
        execute(parcel.sort, by=clerk)
    return EffectRun.objects.filter(effect="tell_sender")


LOCKS_ALL_OF_THEM = (
    ("JSONB_TO_RECORDSET",)  # one statement does all of it
    if connection.vendor == "postgresql"
    else ("workflows_app_effectrun", " IN (", "FOR UPDATE")
)


@pytest.mark.parametrize(
    "point",
    [
        statement(*LOCKS_ALL_OF_THEM, before=True),
        "settle.written",
        "settle.committed",
    ],
    ids=["before", "written", "committed"],
)
def test_outcomes_stored_together_outlive_the_connection_and_count_once(ten_to_tell, point):
    with scripted({"told": "yes"}), cut(at=point):
        assert drain_on_threads() == 10
    assert {(run.state, run.attempts, run.result["told"]) for run in ten_to_tell} == {
        ("done", 1, "yes")
    }
    assert Event.objects.filter(kind="attempt").count() == 10
    assert not Event.objects.filter(kind="late_answer").exists()
