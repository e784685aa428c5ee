"""A rolling deploy: two releases of one contract at work on one database, in real processes."""

import json

import pytest

from tests.cluster_members import wait_until

#: One database, which the tests find as the ones above them left it: in one process, in order.
pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("releases")]

PATIENCE_SECONDS = 45


def wait_for(release, condition, what):
    """``condition`` is an expression of the release's code. What is due later is due now."""
    nudge = "EffectRun.objects.filter(state='queued').update(due=DatabaseNow())\n"
    nudge += "EffectRun.objects.filter(follow_up='pending').update(follow_up_due=DatabaseNow())\n"
    wait_until(lambda: release.do(f"{nudge}told = {condition}"), what, PATIENCE_SECONDS)


def is_sent(order):
    return f"Order.objects.filter(pk={order}, status='sent').exists()"


def all_done(*orders):
    of = [str(order) for order in orders]
    return f"not EffectRun.objects.filter(object_id__in={of}).exclude(state='done').exists()"


def findings(release, *arguments):
    code, output = release.manage("workflow_check", "--live", "--format", "json", *arguments)
    told = json.loads(output[output.index("{") :])
    errors = [one["id"][-4:] for one in told["findings"] if one["level"] == "error"]
    return code, errors, told["findings"]


def test_the_pipeline_stops_a_release_that_would_leave_rows_and_runs_behind(before, after):
    parked = before.order("parked", "park")
    assert findings(before)[:2] == (0, [])
    code, errors, told = findings(after, "--before-migrate")
    assert (code, errors) == (1, ["E069", "E070"])
    assert (told[0]["count"], told[0]["examples"]) == (1, [str(parked)])
    assert "'parked'" in told[0]["text"] and "'print_label'" in told[1]["text"]

    before.do(f"execute(Order.objects.get(pk={parked}).unpark, by=SYSTEM)")
    assert before.manage("workflows_drain")[0] == 0
    assert findings(after, "--before-migrate")[:2] == (0, [])


def test_the_guard_of_the_release_before_is_outdated_until_the_migrations_ran(after):
    code, errors, _ = findings(after)
    assert (code, errors) == (1, ["E072"])  # objects begin in "ordered" now
    assert after.manage("migrate")[0] == 0
    assert findings(after)[:2] == (0, [])


@pytest.mark.usefixtures("deployed")
def test_a_server_and_a_worker_of_the_release_before_work_on_after_the_migrations(before):
    order = before.order("old and old", "pick")
    with before.worker():
        wait_for(before, is_sent(order), "the old worker sent it")
    assert before.calls(order) == [("before", "book_courier"), ("before", "reserve")]


@pytest.mark.usefixtures("deployed")
def test_a_new_worker_does_what_an_old_server_asked_for(before, after):
    order = before.order("old and new", "pick")
    with after.worker():
        wait_for(after, is_sent(order), "the new worker sent it")
    assert after.calls(order) == [("after", "book_courier"), ("after", "hold_stock")]
    assert after.run_of(order, "reserve")["attempts"] == 1
    told = after.do(
        f"told = list(Operation.objects.of('warehouse.order', '{order}').values_list("
        "'transition', 'source', 'target', 'contract_version'))"
    )
    assert [one[:3] for one in told] == [
        ["create", "", "new"],
        ["pick", "new", "picking"],
        ["send_off", "picking", "sent"],
    ]
    assert told[0][3] == told[1][3] != told[2][3]
    texts = after.do(
        f"told = [one['text'] for one in timeline(Order.objects.get(pk={order})).entries]"
    )
    assert "Collect, by the system: Take it from the shelves. Now: Being collected." in texts
    assert any("to hold stock succeeded" in text for text in texts)


@pytest.mark.usefixtures("deployed")
def test_an_old_worker_leaves_alone_what_only_the_new_release_knows(before, after):
    new, old = after.order("new and old", "collect"), before.order("beside it", "pick")
    with before.worker():
        wait_for(before, is_sent(old), "the old worker is at work")
        wait_for(before, all_done_but_unknown(new), "the old worker has done what it knows")
    for effect in ("hold_stock", "weigh"):
        run = after.run_of(new, effect)
        assert (run["state"], run["attempts"], run["leases_lost"]) == ("queued", 0, 0)
    booked = after.run_of(new, "book_courier")
    assert (booked["follow_up"], booked["follow_up_attempts"]) == ("pending", 0)
    assert after.calls(new) == [("before", "book_courier")]

    with after.worker():
        wait_for(after, f"{is_sent(new)} and {all_done(new)}", "the new worker did the rest")
    assert after.calls(new) == [
        ("after", "hold_stock"),
        ("after", "weigh"),
        ("before", "book_courier"),
    ]
    events = f"list(Event.objects.filter(object_id='{new}').values_list('kind', flat=True))"
    assert set(after.do(f"told = {events}")) == {"attempt"}


def all_done_but_unknown(order):
    return f"EffectRun.objects.filter(object_id='{order}', state='done').count() == 1"


@pytest.mark.usefixtures("deployed")
def test_both_workers_side_by_side_do_everything_once(before, after):
    orders = [before.order(f"by the old {n}", "pick") for n in range(3)]
    orders += [after.order(f"by the new {n}", "collect") for n in range(3)]
    with before.worker(), after.worker():
        for order in orders:
            wait_for(after, f"{is_sent(order)} and {all_done(order)}", "all are sent")
    for order in orders:
        effects = [effect.replace("reserve", "hold_stock") for _, effect in after.calls(order)]
        asked = after.do(f"told = EffectRun.objects.filter(object_id='{order}').count()")
        assert len(effects) == len(set(effects)) == asked
    assert findings(after)[:2] == (0, [])
