"""A worker's drain fires what is due at once, between its runs, and a real worker wakes for it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.signals import post_save
from django.utils import timezone

from tests.cluster_members import wait_until
from tests.testapp.models import Case
from tests.worker_process import running_worker
from workflows_app import SYSTEM
from workflows_app.conf import settings as ours
from workflows_app.engine import edit, execute
from workflows_app.engine.drain import drain
from workflows_app.engine.fire import AT_A_TIME, fire_due
from workflows_app.engine.sweep import sweep_when_due
from workflows_app.engine.timers import end_timers
from workflows_app.models import EffectRun, Operation, Timer
from workflows_app.ops import place, place_all

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nobody_sweeps(transactional_db, settings):
    settings.WORKFLOWS = {"SWEEP_EVERY": timedelta(hours=1), "THREADS": 2}
    assert sweep_when_due("default")


def begun():
    return Operation.objects.filter(transition="begin").count()


def test_a_drain_fires_all_that_is_due_and_performs_what_that_asks_for(answers, clock):
    for number in range(AT_A_TIME + 5):
        Case.objects.create(title=f"{number}", ready=True)
    parked = Case(title="parked")
    place(parked, "parked", by=SYSTEM, reason="import", since=clock.now - timedelta(hours=8))
    assert drain() == 1
    assert begun() == AT_A_TIME + 5
    assert EffectRun.objects.get(effect="remind").state == "done"


def test_a_look_at_the_clocks_ends_after_its_time_and_has_fired_at_least_one(clock):
    for number in range(3):
        Case.objects.create(title=f"{number}", ready=True)
    assert fire_due("default", at_most_seconds=0.0) == 1
    assert begun() == 1


def test_what_raises_when_the_object_is_saved_is_put_off_and_told(clock):
    """Nothing of the firing is stored, and it is not fired in a circle."""
    case = Case.objects.create(title="a", ready=True)

    def broken(sender, instance, **signal):
        raise ConnectionError("something that nobody expects")

    post_save.connect(broken, sender=Case)
    try:
        assert fire_due("default") == 1
        assert fire_due("default") == 0
    finally:
        post_save.disconnect(broken, sender=Case)
    timer = Timer.objects.get()
    assert (timer.state, timer.fired, timer.asked) == ("running", 0, 1)
    assert timer.reasons()[0]["detail"] == "ConnectionError was raised."
    assert timer.ask_at == clock.now + timedelta(seconds=2)
    case.refresh_from_db()
    assert (case.status, begun()) == ("new", 0)


def test_what_fired_after_it_was_read_stays_fired(clock):
    """A command that reads from an older snapshot ends it; the other one is cancelled."""
    for title in ("fired", "left"):
        Case.objects.create(title=title)
    read = list(Timer.objects.filter(clock="begin").order_by("id"))
    assert [timer.state for timer in read] == ["running", "running"]
    Timer.objects.filter(pk=read[0].pk).update(state="fired", fired=1)
    end_timers("default", read)
    ended = Timer.objects.filter(pk__in=[timer.pk for timer in read]).order_by("id")
    told = list(ended.values_list("state", "due", "live"))
    assert told == [("fired", read[0].due, None), ("cancelled", None, None)]


def test_who_dies_while_it_fires_leaves_it_for_a_lease(clock):
    Case.objects.create(title="a", ready=True)

    def die(execute_, sql, params, many, context):
        if "testapp_case" in sql:
            raise KeyboardInterrupt
        return execute_(sql, params, many, context)

    with pytest.raises(KeyboardInterrupt), connection.execute_wrapper(die):
        fire_due("default")
    connection.close()
    assert fire_due("default") == 0
    clock.move(ours.LEASE)
    assert fire_due("default") == 1
    assert begun() == 1


def test_a_length_that_comes_later_counts_from_when_the_state_was_entered(clerk, clock):
    case = Case(title="a")
    place(case, "booked", by=SYSTEM, reason="import")
    before = clock.now
    clock.move(hours=1)
    edit(case, by=clerk, data={"patience": "02:00:00"})
    clock.move(hours=1)
    execute(case.touch, by=clerk)
    assert Timer.objects.get(clock="cancel").due == before + timedelta(hours=2)


def test_a_real_worker_wakes_for_a_timer(child_environment, clerk):
    """Longer than it looks anyway: only the timer wakes it in time."""
    case = Case(title="a")
    place(case, "booked", by=SYSTEM, reason="import")
    with running_worker(child_environment):
        so_far = timezone.now() - case.status_since
        edit(case, by=clerk, data={"patience": so_far + timedelta(seconds=3)})
        due = Timer.objects.get(clock="cancel").due
        ended = Operation.objects.filter(transition="cancel")
        wait_until(ended.exists, "the timer has fired", 20)
    late = ended.get().accepted_at - due
    assert timedelta(0) <= late < timedelta(seconds=3)


EACH = 2_000
TABLE = Timer._meta.db_table


def test_the_hot_questions_about_timers_use_an_index(clock):
    cases = [Case(title=f"{number}", status="review") for number in range(EACH // 50)]
    place_all(cases, by=SYSTEM, reason="import")
    like = Timer.objects.filter(clock="escalate").values().first()
    del like["id"]
    over = like | {"state": "fired", "live": None, "due": None, "ask_at": None}
    Timer.objects.bulk_create(
        Timer(**over | {"object_id": f"old {number}"}) for number in range(EACH)
    )
    waiting = ({"object_id": f"new {number}"} for number in range(EACH // 10))
    Timer.objects.bulk_create(Timer(**like | one) for one in waiting)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor != "mysql" else f"ANALYZE TABLE {TABLE}")
        cursor.fetchall() if connection.vendor == "mysql" else None
    questions = {
        "workflows_timers_to_fire": Timer.objects.to_fire().order_by("ask_at", "id")[:20],
        "workflows_timers_refused": Timer.objects.refused()[:20],
        "workflows_timers_due": Timer.objects.overdue(),
    }
    for index, question in questions.items():
        assert index in question.explain(), index
