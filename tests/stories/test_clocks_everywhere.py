"""However an object came to be where it is, its clocks run; and they are gone when it is."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from tests.stories.another_release import move
from tests.testapp.models import Case, Parcel
from workflows_app import SYSTEM
from workflows_app.engine import execute
from workflows_app.engine.fire import fire_due
from workflows_app.engine.queue.look import until_due
from workflows_app.models import Operation, Timer
from workflows_app.ops import erase, place, place_all, prune
from workflows_app.testing import broken_invariants, broken_promises, drain, scripted

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def answers():
    with scripted({}) as script:
        yield script


def due(case):
    mine = Timer.objects.filter(object_id=str(case.pk), live=True, due__isnull=False)
    return {timer.clock: timer.due for timer in mine}


def where(case):
    return Case.objects.get(pk=case.pk).status


def test_a_placed_object_s_clocks_count_from_when_it_entered_its_state(clock):
    case = Case(title="a")
    place(case, "review", by=SYSTEM, reason="import", since=clock.now - timedelta(hours=20))
    assert due(case)["escalate"] == clock.now + timedelta(hours=4)
    assert "begin" not in due(case)


def test_many_placed_objects_have_their_clocks(clock):
    then = clock.now - timedelta(hours=20)
    cases = [Case(title=f"{n}", status="review", status_since=then) for n in range(3)]
    place_all([*cases, Case(title="new")], by=SYSTEM, reason="import")
    assert {due(case)["escalate"] for case in cases} == {then + DAY}
    assert Timer.objects.filter(clock="begin", live=True).count() == 1
    assert broken_invariants()["I8"] == []


def test_rows_that_came_another_way_get_their_clocks_when_they_are_adopted(clock):
    then = clock.now - timedelta(hours=3)
    Case.objects.bulk_create(Case(title=f"{n}", status_since=then) for n in range(3))
    assert not Timer.objects.exists()
    call_command("workflow_adopt", "testapp.Case", batch=2, stdout=StringIO())
    assert set(Timer.objects.values_list("clock", "due")) == {("begin", then)}
    call_command("workflow_adopt", "testapp.Case", stdout=StringIO())
    assert Timer.objects.count() == 3


def test_adoption_counts_clocks_from_the_column_it_is_told(clock):
    Case.objects.bulk_create([Case(title="a", departs=clock.now - DAY)])
    call_command("workflow_adopt", "testapp.Case", since="departs", stdout=StringIO())
    assert Timer.objects.get().due == clock.now - DAY


def test_a_clock_that_came_with_a_release_runs_from_the_first_command_on(clerk, clock):
    case = Case(title="a")
    place(case, "review", by=SYSTEM, reason="import")
    Timer.objects.all().delete()
    entered = clock.now
    clock.move(hours=1)
    execute(case.touch, by=clerk)
    assert due(case)["escalate"] == entered + DAY


def test_a_timer_of_another_release_is_left_to_it(clerk, clock, caplog):
    case = Case.objects.create(title="a", ready=True)
    Timer.objects.update(clock="of_tomorrow", then="of_tomorrow")
    assert fire_due("default", at_most_seconds=60) == 1
    timer = Timer.objects.get(clock="of_tomorrow")
    assert (timer.state, timer.live, timer.fired) == ("running", True, 0)
    assert timer.ask_at == clock.now + timedelta(seconds=30)
    assert "no clock of_tomorrow for testapp.case" in caplog.text
    execute(case.touch, by=clerk)
    assert Timer.objects.filter(clock="of_tomorrow", live=True).exists()


def test_a_timer_under_a_former_name_fires_as_what_it_is_called_today(clock):
    case = Case(title="a")
    place(case, "review", by=SYSTEM, reason="import")
    Timer.objects.filter(clock="escalate").update(clock="pass_on", then="pass_on")
    clock.move(hours=24)
    drain()
    assert where(case) == "second"
    assert Operation.objects.filter(transition="escalate").count() == 1


def test_a_timer_that_code_of_another_release_left_behind_ends_unfired(clock):
    case = Case(title="a")
    place(case, "review", by=SYSTEM, reason="import")
    move(case, "second")
    clock.move(hours=24)
    fire_due("default", at_most_seconds=60)
    assert Timer.objects.get(clock="escalate").state == "cancelled"
    assert where(case) == "second"


def test_a_timer_whose_object_is_gone_ends_unfired(clock):
    case = Case.objects.create(title="a", ready=True)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM testapp_case WHERE id = %s", [case.pk])
    fire_due("default", at_most_seconds=60)
    assert Timer.objects.get().state == "cancelled"


def test_the_worker_sleeps_no_longer_than_to_the_next_timer(clock):
    assert until_due("default") is None
    case = Case(title="a")
    place(case, "review", by=SYSTEM, reason="import")
    assert until_due("default") == timedelta(hours=8)
    clock.move(hours=8)
    assert until_due("default") == timedelta(0)
    drain()
    assert until_due("default") == timedelta(hours=8)


def test_pruned_objects_keep_only_the_timer_of_what_stays(clock, clerk):
    case = Case(title="a")
    place(case, "review", by=SYSTEM, reason="import")
    clock.move(hours=24)
    drain()
    execute(case.ask, by=clerk)
    execute(case.hear, by=clerk)
    clock.move(days=3)
    drain()
    assert where(case) == "closed"
    last = Operation.objects.of("testapp.case", str(case.pk)).last()
    list(prune(Case, before=timezone.now() + DAY, by=SYSTEM, reason="old"))
    assert [timer.as_cause() for timer in Timer.objects.all()] == [last.cause]
    assert broken_invariants()["I8"] == []


def test_what_a_timer_says_of_a_refusal_is_erased(clock):
    case = Case.objects.create(title="a")
    drain()
    assert Timer.objects.get().reasons()
    erase(Case, case.pk, by=SYSTEM, reason="asked to")
    assert Timer.objects.get().reasons() == []


def test_what_breaks_the_invariant_of_clocks_is_named(clock, clerk):
    case = Case.objects.create(title="a", ready=True)
    drain()
    assert broken_invariants()["I8"] == []
    Timer.objects.filter(clock="begin").update(fired=2)
    (told,) = broken_invariants()["I8"]
    assert "has fired 2 times, and caused 1 operations" in told
    Timer.objects.filter(clock="begin").update(fired=1, live=True)
    (told,) = broken_promises(case)
    assert "'review' is no state of its clock" in told


def test_a_live_check_counts_timers_that_nobody_will_fire(clock):
    Case.objects.create(title="a")
    Timer.objects.update(clock="of_yesterday")
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("workflow_check", live=True, stdout=out)
    assert "workflows_app.E106" in out.getvalue()
    assert "1 timer is of the clock 'of_yesterday' of testapp.case" in out.getvalue()


def test_no_statement_about_timers_is_made_for_a_model_without_clocks(sender):
    parcel = Parcel.objects.create(sender=sender, title="a", address="x")
    seen = []

    def note(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        execute(parcel.pack, by=sender, data={"grams": 1})
    assert [sql for sql in seen if "workflows_app_timer" in sql] == []
