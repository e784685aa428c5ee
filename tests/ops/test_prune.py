"""Retention: the records of finished objects go when they are old enough, and nothing else."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.engine.conftest import person
from tests.testapp.models import Parcel
from workflows_app import SYSTEM, Forbidden, Invalid
from workflows_app.contract.registry import contract_of
from workflows_app.describe.timeline import timeline, timeline_of
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.failures import ContractError
from workflows_app.models import EffectRun, Event, Operation, RunState, Tombstone
from workflows_app.models.guard import lifted, missing
from workflows_app.ops import prune, skip
from workflows_app.ops.prune import Pruned

pytestmark = pytest.mark.django_db(transaction=True)

OBJECT = "testapp.parcel"
THIS_MOMENT = timedelta(seconds=1)


@pytest.fixture
def sent(clerk):
    """Make a parcel that has arrived or come back, its effects performed: final."""

    def make(title="r"):
        parcel = Parcel.objects.create(sender=person(f"of {title}"), title=title, address="Here 1")
        execute(parcel.pack, by=clerk, data={"grams": 100})
        if title.startswith("r"):
            execute(parcel.sort, by=clerk)
        drain()
        return parcel

    return make


def pruned(by=SYSTEM, reason="older than two years", **options):
    options = {"before": timezone.now() + THIS_MOMENT} | options
    return list(prune(Parcel, by=by, reason=reason, **options))[-1:]


def command(*arguments, age="1d"):
    out = StringIO()
    call_command("workflow_prune", "--older-than", age, *arguments, stdout=out)
    return out.getvalue()


def versions(parcel):
    mine = Operation.objects.of(OBJECT, str(parcel.pk))
    return list(mine.values_list("version", flat=True))


def test_a_finished_object_keeps_its_last_operation_with_its_runs(sent):
    parcel = sent("r")
    assert pruned() == [Pruned(1, 1, 0, operations=2, events=0, runs=0, snapshots=2)]
    assert versions(parcel) == [2]
    assert EffectRun.objects.count() == 2
    assert Event.objects.count() == 2
    assert parcel.history.count() == 1
    tombstone = Tombstone.objects.get()
    assert (tombstone.version, tombstone.operations, tombstone.snapshots) == (1, 2, 2)
    assert (tombstone.actor, tombstone.reason) == ("system", "older than two years")


def test_it_lives_on_under_the_guard(sent):
    parcel = sent("r")
    pruned()
    with pytest.raises(IntegrityError), transaction.atomic():
        Parcel.objects.filter(pk=parcel.pk).update(status="new")
    EffectRun.objects.filter(effect="insure").update(state=RunState.FAILED)
    run = EffectRun.objects.get(effect="insure")
    assert skip(run, by=person("boss", "skip_run"), reason="not needed").version == 3
    assert pruned() == [Pruned(1, 1, 0, operations=1, events=3, runs=2, snapshots=1)]
    assert versions(parcel) == [3]
    assert Tombstone.objects.count() == 2


def test_what_is_not_finished_or_not_old_enough_stays(sent):
    open_one, final = sent("x"), sent("r")
    assert pruned(before=timezone.now() - timedelta(days=1)) == []
    pruned()
    assert versions(open_one) == [0, 1]
    assert versions(final) == [2]


def test_a_young_operation_keeps_all_older_ones(sent):
    parcel = sent("r")
    between = Operation.objects.get(object_id=str(parcel.pk), version=2).accepted_at
    assert pruned(before=between) == []


@pytest.mark.parametrize("state", [RunState.IN_DOUBT, RunState.QUEUED, RunState.FAILED])
def test_what_somebody_has_to_decide_stays(sent, clerk, state):
    parcel = sent("x")
    covered_once(parcel, clerk)
    EffectRun.objects.filter(version=2, effect="insure").update(state=state)
    assert pruned() == [Pruned(looked_at=1, unresolved=1)]
    assert "1 objects are left as they are" in command_for_all()
    assert versions(parcel) == [0, 1, 2, 3]


def command_for_all():
    """The command measures from now, so its objects are made older than it asks for."""
    with pytest.MonkeyPatch.context() as patch:
        later = timezone.now() + timedelta(days=30)
        patch.setattr(
            "workflows_app.management.commands.workflow_prune.timezone.now", lambda: later
        )
        return command()


def test_a_deleted_object_keeps_the_deletion_and_so_its_key(sent):
    parcel = sent("r")
    pk = parcel.pk
    parcel.delete()
    pruned()
    (entry, *_) = timeline_of(contract_of(Parcel), str(pk)).entries
    assert (entry["kind"], versions(Parcel(pk=pk))) == ("delete", [3])
    with pytest.raises(IntegrityError), transaction.atomic():
        Parcel.objects.bulk_create([Parcel(pk=pk, sender_id=1, title="again", address="x")])


def test_the_timeline_says_what_is_gone_by_whom_and_why(sent):
    parcel = sent("r")
    keeper = person("keeper", "prune_records")
    pruned(by=keeper)
    entry = timeline(parcel).entries[-1]
    assert (entry["type"], entry["kind"]) == ("tombstone", "prune")
    assert entry["actor"] == {"id": f"user:{keeper.pk}", "label": "Keeper"}
    assert entry["text"] == (
        "2 entries up to version 1 were removed by Keeper. Reason: older than two years"
    )
    assert entry["data"] == {
        "version": 1, "operations": 2, "events": 0, "runs": 0, "snapshots": 2,
    }  # fmt: skip


def test_a_key_that_was_pruned_is_free_again(sent, clerk):
    parcel = sent("x")
    covered_once(parcel, clerk, key="twice")
    pruned()
    other = sent("y")
    assert execute(other.cover, by=clerk, version=1, key="twice").version == 2


def covered_once(parcel, clerk, key=None):
    """Insured in between, and then brought back: versions 2 and 3."""
    execute(parcel.cover, by=clerk, version=1, key=key)
    drain()
    Parcel.objects.filter(pk=parcel.pk).update(title="r")
    execute(parcel.sort, by=clerk)
    drain()


def test_it_goes_on_where_it_was_stopped(sent):
    parcels = [sent(f"r{n}") for n in range(5)]
    steps = prune(Parcel, before=timezone.now() + THIS_MOMENT, by=SYSTEM, reason="old", batch=2)
    assert next(steps).objects == 2
    steps.close()
    assert pruned(batch=2)[0].objects == 3
    assert [versions(one) for one in parcels] == [[2]] * 5


def test_a_dry_run_counts_and_removes_nothing(sent):
    parcel = sent("r")
    assert pruned(dry_run=True) == [Pruned(1, 1, 0, operations=2, events=0, runs=0, snapshots=2)]
    assert (versions(parcel), Tombstone.objects.count()) == ([0, 1, 2], 0)


def test_only_objects_in_the_named_final_state(sent):
    parcel = sent("r")
    pruned(states=["arrived"])
    assert versions(parcel) == [0, 1, 2]
    pruned(states=["returned"])
    assert versions(parcel) == [2]
    with pytest.raises(Invalid, match="packed: no final state of parcel"):
        pruned(states=["packed"])


def test_it_needs_a_permission_and_a_reason(clerk):
    with pytest.raises(Forbidden, match=r"workflows_app\.prune_records"):
        pruned(by=clerk)
    with pytest.raises(Invalid, match="needs a reason"):
        pruned(reason=" ")


def test_without_the_guard_it_refuses(sent):
    sent("r")
    with lifted("default"), pytest.raises(ContractError, match="nothing is removed without it"):
        pruned()
    assert (missing("default"), Tombstone.objects.count()) == ([], 0)


def test_the_command_says_what_it_did(sent):
    sent("r")
    assert "of 0 objects 0 operations" in command("--workflow", "parcel")
    told = command_for_all()
    assert "testapp.Parcel: of 1 objects 2 operations, 0 events, 0 runs and 2 snapshots re" in told


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--workflow", "nothing"], "'nothing' is none of the workflows"),
        (["--state", "arrived"], "--state needs one --workflow"),
        (["--workflow", "parcel", "--state", "packed"], "packed: no final state"),
        (["--batch", "0"], "at least 1"),
    ],
)
def test_the_command_names_the_fault(db, arguments, fault):
    with pytest.raises(CommandError, match=fault):
        command(*arguments)


def test_a_time_before_the_calendar_is_no_time(db):
    with pytest.raises(CommandError, match="9999y ago there was no calendar"):
        call_command("workflow_prune", "--older-than=9999y")


@pytest.mark.parametrize("age", ["0d", "2 years", "2m", "-1y"])
def test_a_time_is_a_number_of_days_weeks_or_years(db, age):
    with pytest.raises(CommandError, match="is no time: write 90d, 52w or 2y"):
        call_command("workflow_prune", f"--older-than={age}")
