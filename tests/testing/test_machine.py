"""The state machine finds nothing where the promises hold, and finds what is broken."""

import subprocess
import sys

import pytest
from django.db import IntegrityError

from tests.testapp.models import Bill, Crate, Lead, Parcel, Seat
from workflows_app import SYSTEM
from workflows_app.engine import execute
from workflows_app.models import EffectRun, Operation
from workflows_app.testing import Coverage, Example, broken_promises
from workflows_app.testing.machine import explore

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::ResourceWarning")]

PARCEL = {
    "pack": Example(columns={"address": "Main Street 1"}),
    "sort": Example(columns={"title": "r"}),
}


@pytest.mark.parametrize(
    ("model", "examples"), [(Parcel, PARCEL), (Lead, {}), (Crate, {}), (Bill, {})]
)
def test_whatever_is_done_in_whatever_order_the_promises_hold(model, examples):
    explore(model, examples=examples, max_examples=10, steps=20)
    assert not model.objects.exists()


def test_a_body_that_breaks_is_found_and_the_shortest_story_is_told():
    with pytest.raises(IntegrityError, match="append-only") as found:
        explore(Seat, steps=3, max_examples=60)
    story = "\n".join(found.value.__notes__)
    assert story.count("state.command(") + story.count("state.go_on(") == 1
    assert "# forge by " in story


def test_the_same_stories_are_told_every_time():
    """In a run of CI what failed once fails again: commands, their order and their outcomes."""
    told = []
    for _ in range(2):
        with Coverage() as coverage:
            explore(Parcel, examples=PARCEL, max_examples=3, steps=8)
        told.append(coverage.driven)
    assert told[0] == told[1] != set()


@pytest.fixture
def parcel(django_user_model):
    sender = django_user_model.objects.create_user("sender")
    return Parcel.objects.create(sender=sender, title="books", address="here")


def test_its_stories_come_to_the_ends_of_a_contract():
    with Coverage() as coverage:
        explore(Parcel, examples=PARCEL, max_examples=20, steps=15)
    states = {one.what for one in coverage.driven if one.kind == "transition"}
    assert {"→ arrived", "→ returned"} <= states


def test_an_object_in_order_breaks_no_promise(parcel):
    assert broken_promises(parcel) == []
    execute(parcel.pack, by=parcel.sender, data={"grams": 5})
    assert broken_promises(parcel) == []


def lose_an_operation(parcel):
    Operation.objects.bulk_create(
        [
            Operation(
                object_type="testapp.parcel", object_id=str(parcel.pk), version=7, field="status",
                transition="arrive", source="shipping", target="arrived", kind="system",
                actor="system", actor_label="the system", contract_version="x",
            )
        ]
    )  # fmt: skip


def hold_a_run(parcel):
    execute(parcel.sort, by=SYSTEM) if parcel.status == "packed" else None
    EffectRun.objects.update(state="held", lane="nobody", holds_lane=None)


@pytest.mark.parametrize(
    ("breaks", "told"),
    [
        (lose_an_operation, "its operations are of"),
        (hold_a_run, "which nobody holds"),
    ],
)
def test_a_broken_promise_is_told(parcel, breaks, told):
    execute(parcel.pack, by=parcel.sender, data={"grams": 5})
    parcel.refresh_from_db()
    parcel.title = "r"
    parcel.save()
    breaks(parcel)
    assert told in " ".join(broken_promises(parcel))


def test_without_hypothesis_the_error_names_the_cure():
    program = (
        "import sys, django; sys.modules['hypothesis'] = None; django.setup();"
        "import workflows_app.testing, workflows_app.testing.machine"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": ""}
    told = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pip install 'django-workflows-app[hypothesis]'" in told.stderr


@pytest.mark.django_db(transaction=True)
def test_it_is_not_run_where_nothing_can_be_rolled_back():
    with pytest.raises(RuntimeError, match="forgets by rolling back"):
        explore(Crate, max_examples=1)
