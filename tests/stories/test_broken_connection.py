"""A database connection that breaks costs no answer, and makes none count twice."""

import pytest
from django.db import OperationalError, connection

from tests.testapp.models import Parcel
from workflows_app.engine.drain import drain
from workflows_app.models import Event, Operation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("postgresql")]


def break_mine():
    """The server ends this thread's session."""
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_an_answer_outlives_the_connection_that_broke_meanwhile(shipping, answers, run_of):
    def answer(parcel, run):
        break_mine()
        return {"tracking": "T"}

    answers["hand_over"] = answer
    drain()
    run = run_of("hand_over")
    assert (run.state, run.attempts, run.result) == ("done", 1, {"tracking": "T"})
    assert Parcel.objects.get().status == "arrived"


def test_an_answer_whose_commit_was_not_confirmed_counts_once(shipping, answers, run_of):
    def answer(parcel, run):
        connection.execute_wrappers.append(die_after_the_commit)
        return {"tracking": "T"}

    def die_after_the_commit(execute, sql, params, many, context):
        if sql.startswith('UPDATE "workflows_app_effectrun"') and not commits:
            commits.append(sql)
            connection.commit = unheard
        return execute(sql, params, many, context)

    def unheard():
        del connection.commit
        connection.commit()
        break_mine()
        raise OperationalError("server closed the connection unexpectedly")

    commits = []
    answers["hand_over"] = answer
    drain()
    run = run_of("hand_over")
    assert (run.state, run.attempts) == ("done", 1)
    assert Operation.objects.filter(transition="arrive").count() == 1
    assert not Event.objects.filter(kind="late_answer").exists()
    assert len(commits) == 1
