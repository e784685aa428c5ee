"""A database connection that breaks costs no answer, and makes none count twice."""

import pytest

from tests.testapp.models import Parcel
from workflows_app.models import Event, Operation
from workflows_app.testing import cut, drain, scripted

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
