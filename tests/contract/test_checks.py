"""Every start-up check is provoked once, and says how to cure what it found."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.checks import run_checks
from django.db import connection, models
from django.test.utils import isolate_apps
from rest_framework import serializers
from simple_history.models import HistoricalRecords

from workflows_app import (
    SYSTEM,
    External,
    Retry,
    Role,
    State,
    States,
    Workflow,
    accepted,
    committed,
    in_order,
    keyed,
    replay_safe,
    signed_in,
    together,
    transition,
)
from workflows_app.contract import checks
from workflows_app.contract.checks import project
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

people = Role("people", "testapp.view_parcel")


class Lamp(States):
    OFF = State("off", "Off", owner=people, initial=True)
    ON = State("on", "On", owner=people)
    BROKEN = State("broken", "Broken", final=True)


class OtherLamp(States):
    OFF = State("off", "Off", owner=people, initial=True)


class Brightness(serializers.Serializer):
    percent = serializers.IntegerField()


def effect(safe=replay_safe, name="ring", **said):
    def ring(lamp, run):
        """Ring."""

    ring.__name__ = name
    return safe(**said)(ring)


LATER = External("bell", type="rung")


@replay_safe()
def rings_later(lamp, run):
    """Ring, some time."""
    return accepted(run.key)


@keyed()
def takes_back(lamp, run):
    """Ring it off."""


def has_rung(lamp, run):
    """Has it rung?"""
    return accepted(run.key)


def is_known(lamp, run):
    """Do they know it?"""


def switch(name="switch", doc="Switch it on.", **said):
    said = {"source": Lamp.OFF, "target": Lamp.ON, "by": people} | said

    def body(self, cmd):
        pass

    body.__name__, body.__doc__ = name, doc
    return {name: transition(**said)(body)}


def contract(*transitions, **said):
    """A contract without a fault, but for what is said."""
    said = {"states": Lamp, "seen_by": people} | said
    members = {}
    for more in (switch(), switch("drop", source="*", target=Lamp.BROKEN), *transitions):
        members |= more
    return type(Workflow)("LampWorkflow", (Workflow,), members, **said)


def model(obeyed=None, bases=(WorkflowModel,), **members):
    """A model without a fault, but for what is said."""
    inherited = () if obeyed is False else (obeyed or contract(),)
    columns = {
        "owner": models.ForeignKey(get_user_model(), models.CASCADE, related_name="+"),
        "room": models.CharField(max_length=10),
        "status": StatusField(Lamp),
        "history": WorkflowHistory(),
    }
    body = {"__module__": "tests.testapp.models"} | columns | members
    return type(models.Model)(
        "Lantern", (*inherited, *bases), {name: one for name, one in body.items() if one}
    )


def found(*wrong):
    return {fault.id.removeprefix("workflows_app.") for fault in checks.faults_of(wrong)}


@pytest.fixture(autouse=True)
def registry():
    with isolate_apps("tests.testapp"):
        yield


def test_nothing_is_wrong_with_a_model_as_it_should_be():
    assert found(model()) == set()


def test_the_project_of_these_tests_has_no_error():
    errors = [fault for fault in run_checks(tags=["workflows"]) if fault.is_serious()]
    assert errors == []


ABOUT_THE_MODEL = {
    "E001": lambda: model(status=None),
    "E002": lambda: model(obeyed=False, bases=(models.Model,)),
    "E003": lambda: model(status=StatusField(OtherLamp)),
    "E004": lambda: model(status=StatusField(Lamp, protected=False)),
    "E005": lambda: model(bases=(models.Model,)),
    "E008": lambda: model(code=models.DateField(primary_key=True)),
    "E010": lambda: model(switch=models.BooleanField(default=False)),
    "W004": lambda: model(history=None),
    "W005": lambda: model(history=HistoricalRecords()),
}


OWNER = Role("owner", column="owner")


@pytest.mark.parametrize(
    "by", [people, people & ~OWNER, OWNER | SYSTEM, ~people & signed_in, OWNER | people], ids=repr
)
def test_a_creation_that_somebody_may_run_is_no_fault(by):
    assert found(model(contract(switch("begin", source=None, by=by)))) == set()


def test_a_state_in_which_objects_begin_is_reached():
    begin = switch("begin", source=None, target=Lamp.BROKEN)
    members = begin | switch() | switch("back", source=Lamp.ON, target=Lamp.OFF)
    obeyed = type(Workflow)("LampWorkflow", (Workflow,), members, states=Lamp, seen_by=people)
    assert found(model(obeyed)) == set()


@pytest.mark.parametrize(
    ("ways", "key", "faults"),
    [(2, models.CharField, {"W006"}), (1, models.CharField, set()), (2, models.UUIDField, set())],
)
def test_a_text_key_may_hide_behind_the_address_of_a_creation(ways, key, faults):
    several = [switch(name, source=None) for name in ("begin", "light")]
    key = key(max_length=32, primary_key=True)
    assert found(model(contract(*several[:ways]), code=key)) == faults


@pytest.mark.parametrize(("number", "wrong"), ABOUT_THE_MODEL.items(), ids=ABOUT_THE_MODEL)
def test_a_model_is_checked(number, wrong):
    assert found(wrong()) == {number}


ABOUT_THE_CONTRACT = {
    "E027": lambda: contract(
        switch("begin", source=None),
        switch("again", source=Lamp.ON, target=Lamp.OFF, effects=[effect(then="begin")]),
        switch("begin", source=None, by=people | SYSTEM),
    ),
    "E032": lambda: contract(switch("begin", source=None, by=OWNER)),
    "E011": lambda: contract(switch("timeline")),
    "E012": lambda: contract(switch("dim", data="tests.testapp.Nowhere")),
    "E013 carries": lambda: contract(switch("dim", effects=[effect(carries=["wattage"])])),
    "E014": lambda: contract(secret=["percnt"]),
    "E020": lambda: contract(switch("dim", effects=[effect(then="explode")])),
    "E021": lambda: contract(switch("dim", effects=[effect(then="drop")])),
    "E022": lambda: contract(
        switch("dim", effects=[effect(then="undim")]),
        switch("undim", target=Lamp.ON, by=SYSTEM),
    ),
    "E022 where the state stays": lambda: contract(
        switch("dim", source=[Lamp.OFF, Lamp.ON], target=None, effects=[effect(otherwise="undim")]),
        switch("undim", target=Lamp.ON, by=SYSTEM),
    ),
    "E028": lambda: contract(switch("dim", supersedes=[effect()])),
    "E029": lambda: contract(switch("dim", effects=[(ring := effect())], undoes=[ring])),
    "E020 of a group": lambda: contract(
        switch("dim", effects=[in_order(effect(), then="explode")])
    ),
    "E021 of a group": lambda: contract(
        switch("dim", effects=[in_order(effect(), otherwise="drop")])
    ),
    "E022 of a group": lambda: contract(
        switch("dim", effects=[together(in_order(effect(), otherwise="undim"))]),
        switch("undim", target=Lamp.ON, by=SYSTEM),
    ),
    "E022 of an undo": lambda: contract(
        switch("dim", effects=[(ring := effect(undo=effect(name="unring", then="undim")))]),
        switch("calm", source=Lamp.ON, target=Lamp.OFF, undoes=[ring]),
        switch("undim", source=Lamp.ON, target=Lamp.ON, by=SYSTEM),
    ),
    "E022 of the undo of what is ended": lambda: contract(
        switch("dim", effects=[effect(undo=effect(name="unring", otherwise="undim"))]),
        switch("calm", source=[Lamp.OFF, Lamp.ON], target=None, supersedes="*"),
        switch("undim", source=Lamp.ON, target=Lamp.ON, by=SYSTEM),
    ),
    "E022 of what undoes an undo": lambda: contract(
        switch(
            "dim",
            effects=[
                effect(
                    undo=(unring := effect(name="unring", undo=effect(name="again", then="undim")))
                )
            ],
        ),
        switch("calm", source=Lamp.ON, target=Lamp.OFF, supersedes=[unring]),
        switch("undim", source=Lamp.ON, target=Lamp.ON, by=SYSTEM),
    ),
    "E021 of an undo": lambda: contract(
        switch("dim", effects=[(ring := effect(undo=effect(name="unring", then="drop")))]),
        switch("calm", source=Lamp.ON, target=Lamp.OFF, undoes=[ring]),
    ),
    "W028": lambda: contract(
        switch("dim", effects=[in_order(together(effect(), then="undim"), then="undim")]),
        switch("undim", source=Lamp.ON, target=Lamp.ON, by=SYSTEM),
    ),
    "E024": lambda: contract(switch("dim", effects=[effect(keyed)])),
    "E020 after the acceptance": lambda: contract(
        switch("dim", effects=[effect(accepted_then="explode", confirmed_by=LATER)])
    ),
    "E020 when nobody confirms": lambda: contract(
        switch("dim", effects=[effect(confirmed_by=replace(LATER, otherwise="explode"))])
    ),
    "E022 after the acceptance": lambda: contract(
        switch(
            "dim",
            target=Lamp.ON,
            effects=[effect(accepted_then="undim", then="dim_more", confirmed_by=LATER)],
        ),
        switch("undim", source=Lamp.ON, target=Lamp.BROKEN, by=SYSTEM),
        switch("dim_more", source=Lamp.ON, target=Lamp.OFF, by=SYSTEM),
    ),
    "E022 when nobody confirmed": lambda: contract(
        switch(
            "dim",
            target=Lamp.ON,
            effects=[effect(then="dim_more", confirmed_by=replace(LATER, otherwise="undim"))],
        ),
        switch("undim", source=Lamp.ON, target=Lamp.BROKEN, by=SYSTEM),
        switch("dim_more", source=Lamp.ON, target=Lamp.OFF, by=SYSTEM),
    ),
    "E023": lambda: contract(switch("dim", effects=[rings_later])),
    "E023 of a probe": lambda: contract(switch("dim", effects=[effect(probe=has_rung)])),
    "E023 followed up": lambda: contract(
        switch("dim", target=Lamp.ON, effects=[effect(accepted_then="undim")]),
        switch("undim", source=Lamp.ON, target=Lamp.OFF, by=SYSTEM),
    ),
    "E033": lambda: contract(
        switch("dim", effects=[effect(confirmed_by=External(every=timedelta(hours=1)))])
    ),
    "E024 of what is committed": lambda: contract(
        switch("dim", effects=[effect(committed, probe=is_known, carries=["status"])])
    ),
    "W020": lambda: contract(
        switch("dim", effects=[effect(committed, owner=people, carries=["status"])])
    ),
    "W021": lambda: contract(
        switch("dim", effects=[effect(committed, owner=people, probe=is_known)])
    ),
    "E025": lambda: contract(
        switch("dim", effects=[effect(keyed, owner=people, window=timedelta(hours=22))])
    ),
    "E026": lambda: contract(switch("dim", effects=[effect(timeout=timedelta(seconds=31))])),
    "E030": lambda: contract(switch("dim", by=Role("the owner", column="ownr"))),
    "E030 no person": lambda: contract(switch("dim", by=Role("the room", column="room"))),
    "E031": lambda: contract(seen_by=Role("people", "testapp.veiw_parcel")),
    "W003": lambda: contract(switch("dim", doc="")),
}


@pytest.mark.parametrize(("number", "wrong"), ABOUT_THE_CONTRACT.items(), ids=ABOUT_THE_CONTRACT)
def test_a_contract_is_checked(number, wrong):
    assert found(model(wrong())) == {number[:4]}


def test_what_a_group_answers_needs_nobody_and_what_it_replaces_need_not_be_possible():
    dying = effect(keyed, then="dim")
    asked = [in_order(dying, then="undim", otherwise="undim")]
    undim = switch("undim", source=Lamp.ON, target=Lamp.ON, by=SYSTEM)
    assert found(model(contract(switch("dim", by=people | SYSTEM, effects=asked), undim))) == set()


def test_for_an_undo_acts_who_acts_on_what_it_undoes():
    undone = effect(keyed, owner=people, undo=takes_back)
    assert found(model(contract(switch("dim", effects=[undone])))) == set()


def test_a_required_column_exists():
    class Shelf(States):
        OFF = State("off", "Off", owner=None, initial=True, required=["wattage"])

    obeyed = type(Workflow)("ShelfWorkflow", (Workflow,), {}, states=Shelf, seen_by=people)
    assert found(model(obeyed, status=StatusField(Shelf))) == {"E013"}


COLUMNS_TO_EDIT = {
    "room": set(),
    "wattage": {"E057"},
    "status": {"E058"},
    "status_since": {"E058"},
    "version": {"E058"},
    "id": {"E059"},
    "made_at": {"E059"},
    "hidden": {"E059"},
    "teams": {"E059"},
}


@pytest.mark.parametrize(("name", "faults"), COLUMNS_TO_EDIT.items(), ids=COLUMNS_TO_EDIT)
def test_what_may_be_edited_is_a_column_that_people_may_write(name, faults):
    class Shelf(States):
        OFF = State("off", "Off", owner=None, initial=True, editable={people: [name]})

    obeyed = type(Workflow)("ShelfWorkflow", (Workflow,), {}, states=Shelf, seen_by=people)
    more = {
        "made_at": models.DateTimeField(auto_now_add=True),
        "hidden": models.CharField(max_length=9, editable=False),
        "teams": models.ManyToManyField(Group, related_name="+"),
    }
    assert found(model(obeyed, status=StatusField(Shelf), **more)) == faults


def test_the_roles_that_may_edit_are_checked_like_all_others():
    lost = Role("lost", column="nowhere")

    class Shelf(States):
        OFF = State("off", "Off", owner=None, initial=True, editable={lost: ["room"]})

    obeyed = type(Workflow)("ShelfWorkflow", (Workflow,), {}, states=Shelf, seen_by=people)
    assert found(model(obeyed, status=StatusField(Shelf))) == {"E030"}


def test_a_secret_is_a_column_or_a_member_of_data():
    obeyed = contract(switch("dim", data=Brightness), secret=["percent", "room"])
    assert found(model(obeyed)) == set()


def test_a_column_role_may_end_at_a_group():
    obeyed = contract(seen_by=Role("the team", column="team"))
    assert found(model(obeyed, team=models.ForeignKey(Group, models.CASCADE))) == set()


def test_retries_that_end_before_the_key_does_are_fine():
    lasting = effect(
        keyed,
        owner=people,
        window=timedelta(hours=2),
        retry=Retry(give_up_after=timedelta(hours=1)),
    )
    assert found(model(contract(switch("dim", effects=[lasting])))) == set()


def test_an_undo_is_followed_where_the_transition_that_asks_for_it_leads():
    ring = effect(undo=effect(name="unring", then="undim"))
    obeyed = contract(
        switch("dim", target=Lamp.ON, effects=[ring]),
        switch("calm", source=Lamp.ON, target=Lamp.OFF, undoes=[ring]),
        switch("undim", source=Lamp.OFF, target=Lamp.OFF, by=SYSTEM),
    )
    assert found(model(obeyed)) == set()


def test_a_contract_belongs_to_one_model():
    obeyed = contract()
    other = type(models.Model)(
        "Candle",
        (obeyed, WorkflowModel),
        {
            "__module__": "tests.testapp.models",
            "status": StatusField(Lamp),
            "history": WorkflowHistory(),
        },
    )
    assert found(model(obeyed), other) == {"E006"}


def test_a_proxy_is_no_second_model():
    first = model()
    meta = type("Meta", (), {"proxy": True})
    proxy = type(models.Model)("Torch", (first,), {"__module__": first.__module__, "Meta": meta})
    assert found(first, proxy) == set()


def test_a_child_with_a_table_of_its_own_is_refused():
    parent = model()
    child = type(models.Model)("Torch", (parent,), {"__module__": parent.__module__})
    assert found(parent, child) == {"E007"}


def test_an_object_and_its_operations_stand_in_one_database(settings):
    settings.DATABASE_ROUTERS = [ElsewhereRouter()]
    assert found(model()) == {"E009"}


class ElsewhereRouter:
    def db_for_write(self, model, **hints):
        return "other" if model.__name__ == "Lantern" else None


def test_a_state_nobody_reaches_and_a_state_nobody_leaves():
    class Trap(States):
        OFF = State("off", "Off", owner=people, initial=True)
        ON = State("on", "On", owner=people)
        LOST = State("lost", "Lost", owner=None)

    members = switch(source=Trap.OFF, target=Trap.ON) | switch("stay", source=Trap.ON, target=None)
    obeyed = type(Workflow)("TrapWorkflow", (Workflow,), members, states=Trap, seen_by=people)
    faults = list(checks.faults_of([model(obeyed, status=StatusField(Trap))]))
    assert {(fault.id[-4:], fault.msg.split("'")[1]) for fault in faults} == {
        ("W001", "lost"),
        ("W002", "on"),
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"LAESE": timedelta(seconds=5)},
        {"LEASE": 60},
        {"THREADS": "four"},
        {"THREADS": True},
        {"THREADS": 0},
        {"SWEEP_EVERY": timedelta(0)},
    ],
)
def test_wrong_settings_are_found_and_nothing_else_is_asked(settings, wrong):
    settings.WORKFLOWS = wrong
    assert [fault.id for fault in checks.check_workflows(None)] == ["workflows_app.E040"]


def numbers(faults):
    return {fault.id.removeprefix("workflows_app.") for fault in faults}


def test_another_django_q2_is_refused(monkeypatch):
    monkeypatch.setattr(project, "version", lambda name: "1.12.0")
    assert "E041" in numbers(project.faults())


def test_history_that_is_switched_off_is_reported(settings):
    settings.SIMPLE_HISTORY_ENABLED = False
    assert "W010" in numbers(project.faults())


def test_stripped_docstrings_are_reported():
    program = (
        "import django; django.setup(); from workflows_app.contract.checks import project;"
        "print([fault.id for fault in project.faults()])"
    )
    said = subprocess.run(
        [sys.executable, "-OO", "-W", "ignore", "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "workflows_app.W011" in said.stdout


SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode = WAL",
}


def of_database(engine, options=(), max_age=60, **more):
    configured = {"ENGINE": engine, "OPTIONS": dict(options), "CONN_MAX_AGE": max_age, **more}
    return numbers(project.database_faults("default", configured))


@pytest.mark.parametrize("missing", [None, *SQLITE])
def test_sqlite_waits_for_its_one_writer(missing):
    options = {word: said for word, said in SQLITE.items() if word != missing}
    assert of_database("django.db.backends.sqlite3", options) == ({"W012"} if missing else set())


def test_sqlite_has_few_threads(settings):
    settings.WORKFLOWS = {"THREADS": 5}
    assert of_database("django.db.backends.sqlite3", SQLITE) == {"W013"}


@pytest.mark.parametrize(
    ("options", "max_age", "expected"),
    [({}, 0, {"W014"}), ({}, None, set()), ({}, 60, set()), ({"pool": True}, 0, set())],
)
def test_servers_keep_their_connections(options, max_age, expected):
    assert of_database("django.db.backends.postgresql", options, max_age) == expected


def test_the_databases_of_the_workflows_are_asked(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ENGINE", "django.db.backends.mysql")
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)
    assert "W014" in numbers(project.faults())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, set()),
        ({"isolation_level": "READ COMMITTED"}, set()),
        ({"isolation_level": "repeatable read"}, {"E042"}),
        ({"isolation_level": None}, {"E042"}),  # the server's own, which is repeatable read
    ],
)
def test_mariadb_reads_what_is_committed(options, expected):
    assert of_database("django.db.backends.mysql", options) == expected


@pytest.mark.parametrize(
    ("engine", "zone", "expected"),
    [
        ("django.db.backends.mysql", "UTC", set()),
        ("django.db.backends.mysql", "Europe/Berlin", {"E043"}),
        ("django.db.backends.postgresql", "Europe/Berlin", set()),
    ],
)
def test_times_are_kept_by_the_clock_that_decides(engine, zone, expected):
    assert of_database(engine, TIME_ZONE=zone) == expected
