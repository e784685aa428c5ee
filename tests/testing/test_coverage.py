"""What a suite has never driven is told, to a program and at the end of a run of pytest."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.conftest import person
from tests.testapp.models import Crate, Parcel, Seat, Trip
from tests.testapp.workflow import AddressRefused
from workflows_app import SYSTEM, GuardFailed, Refused
from workflows_app.engine import execute
from workflows_app.testing import Coverage, at, drain, scripted

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]


@pytest.fixture
def coverage():
    with Coverage() as coverage:
        yield coverage


@pytest.fixture
def clerk():
    return person("clerk", "handle_parcel", "view_parcel")


@pytest.fixture
def parcel(clerk):
    return at(Parcel, "packed", sender=person("sender"), title="books", address="Main Street 1")


def left(coverage, model, kind):
    return {(one.name, one.what) for one in coverage.undriven(model) if one.kind == kind}


def test_everything_is_undriven_before_anything_happens(coverage):
    assert [str(one) for one in coverage.undriven(Crate)] == [
        "transition shut                     never accepted: → shut, by a person",
        "transition shut                     never accepted: → shut, by the system",
        "transition reopen                   never accepted: → open, by a person",
        "transition reopen                   never accepted: → open, by the system",
    ]
    assert coverage.percent(Crate) == 0


def test_each_target_of_a_transition_counts_by_itself(coverage, parcel, clerk):
    execute(parcel.sort, by=clerk)
    parcel = at(Parcel, "packed", sender=clerk, title="shelf", address="Main Street 1")
    execute(parcel.sort, by=SYSTEM)
    assert {what for name, what in left(coverage, Parcel, "transition") if name == "sort"} == {
        "→ shelf, by a person",
        "→ returned, by a person",
        "→ returned, by the system",
        "→ stays, by the system",
    }


def test_a_guard_counts_for_each_of_its_answers_when_a_command_asks_it(coverage, clerk):
    parcel = at(Parcel, "packed", sender=person("sender"), title="books", address="here")
    assert parcel.status == "packed"
    execute(parcel.ship, by=clerk)
    assert ("has_address", "no") in left(coverage, Parcel, "guard")
    assert ("has_address", "yes") not in left(coverage, Parcel, "guard")
    parcel = at(Parcel, "halted", sender=person("other"), title="books")
    with pytest.raises(GuardFailed):
        execute(parcel.ship, by=clerk)
    assert ("has_address", "no") not in left(coverage, Parcel, "guard")


def test_an_effect_counts_when_it_is_asked_for_and_done_and_its_failures_when_raised(
    coverage, parcel, clerk
):
    execute(parcel.ship, by=clerk)
    assert ("hand_over", "asked for") not in left(coverage, Parcel, "effect")
    assert ("hand_over", "done") in left(coverage, Parcel, "effect")
    with scripted(hand_over=AddressRefused, tell_sender={}):
        drain()
    assert ("tell_sender", "done") not in left(coverage, Parcel, "effect")
    assert left(coverage, Parcel, "failure") == {
        ("hand_over", "carrier_busy"),
        ("hand_over", "carrier_silent"),
        ("insure", "carrier_busy"),
        ("insure", "carrier_silent"),
        ("insure", "address_refused"),
        ("tell_sender", "carrier_busy"),
        ("tell_sender", "address_refused"),
    }
    assert ("halt", "→ halted") not in left(coverage, Parcel, "transition")


def test_a_linked_command_counts_when_the_outermost_is_accepted(coverage):
    trip = at(Trip, "open", title="closed")
    seats = [Seat.objects.create(trip=trip, number=number) for number in (1, 2)]
    driver = person("driver", "drive_trip")
    Seat.objects.filter(pk=seats[1].pk).update(broken=True)
    Trip.objects.update(title="to the sea")
    with pytest.raises(Refused):
        execute(trip.start, by=driver)
    void = ("void", "→ void, by the system")
    assert void in left(coverage, Seat, "transition")
    Seat.objects.update(broken=False)
    execute(trip.start, by=driver)
    assert void not in left(coverage, Seat, "transition")


def test_nothing_counts_once_it_no_longer_watches(parcel, clerk):
    with Coverage() as coverage:
        pass
    execute(parcel.ship, by=clerk)
    assert coverage.driven == set()


SUITE = """
import pytest
from tests.testapp.models import Crate
from workflows_app import SYSTEM
from workflows_app.engine import execute

@pytest.mark.django_db
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_shut(number):
    execute(Crate.objects.create().shut, by=SYSTEM)

@pytest.mark.django_db
def test_reopen():
    crate = Crate.objects.create()
    execute(crate.shut, by=SYSTEM)
    execute(crate.reopen, by=SYSTEM)
"""


@pytest.fixture
def run(tmp_path):
    """Run that suite with these options."""
    (tmp_path / "conftest.py").write_text(
        'pytest_plugins = ["workflows_app.testing.pytest_plugin"]\n'
    )
    (tmp_path / "test_crates.py").write_text(SUITE)

    def pytest_with(*options):
        environment = os.environ | {"WORKFLOWS_TEST_DATABASE": "sqlite", "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--rootdir", tmp_path, "--ds=tests.settings"]
            + ["-p", "no:cacheprovider", *options, tmp_path],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return pytest_with


@pytest.mark.parametrize("processes", [[], ["-n", "2"]], ids=["one", "xdist"])
def test_a_run_of_pytest_tells_it_at_the_end_however_many_processes_it_has(
    run, tmp_path, processes
):
    told = run("--workflow-coverage-of=testapp.Crate", "--workflow-coverage-json=left.json",
               *processes)  # fmt: skip
    assert told.returncode == 0, told.stdout
    assert "testapp.crate: 2 of 4 driven (50 %)" in told.stdout
    assert "never accepted: → open, by a person" in told.stdout
    assert json.loads((tmp_path / "left.json").read_text()) == {
        "testapp.crate": {
            "declared": 4,
            "percent": 50.0,
            "undriven": [
                {"kind": "transition", "name": "shut", "what": "→ shut, by a person"},
                {"kind": "transition", "name": "reopen", "what": "→ open, by a person"},
            ],
        }
    }


@pytest.mark.parametrize(("least", "code"), [("50", 0), ("50.1", 1)])
def test_a_run_fails_that_drives_less_than_was_asked_for(run, least, code):
    told = run("--workflow-coverage-of=testapp.Crate", "--workflow-coverage-fail-under", least)
    assert told.returncode == code, told.stdout
    assert ("FAIL: 50.0 % driven; at least 50.1 % are asked for." in told.stdout) == bool(code)


def test_a_model_without_a_contract_is_named(run):
    told = run("--workflow-coverage-of=auth.User")
    assert told.returncode == pytest.ExitCode.USAGE_ERROR
    assert "auth.User: no model with a workflow" in told.stderr + told.stdout
