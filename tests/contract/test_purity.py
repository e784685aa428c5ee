"""A query inside a guard is told of under DEBUG, and read out of its code, unless it says so."""

import pytest
from django.contrib.auth.models import User
from django.test.utils import isolate_apps

from workflows_app import guard
from workflows_app.contract import checks
from workflows_app.contract.purity import only_reads
from workflows_app.failures import ContractError

from .test_checks import contract, model, switch


@guard("nobody_home", "Nobody is at home.")
def somebody_home(lamp):
    return User.objects.exists()


@guard("nobody_home", "Nobody is at home.", reads=True)
def somebody_home_as_said(lamp):
    return User.objects.exists()


@guard("nobody_home", "Nobody is at home.", reads=True)
def invites_somebody(lamp):
    return User.objects.create_user("guest")


@guard("lazy", "Nobody is at home.")
def lazily(lamp):
    return User.objects.filter(username="guest")


@guard("not_his", "It belongs to nobody.")
def has_owner(lamp):
    return lamp.owner.is_active


@guard("dark", "It is dark.")
def has_room(lamp):
    return bool(lamp.room and lamp.owner_id)


@pytest.fixture
def debug(settings):
    settings.DEBUG = True


@pytest.mark.parametrize("pure", [somebody_home, lazily])
def test_a_query_inside_a_guard_raises_under_debug_and_names_the_cure(db, debug, pure):
    with pytest.raises(ContractError, match=r"asks the database: SELECT .*reads=True"):
        pure(None)


def test_a_guard_that_says_so_reads_and_never_writes(db, debug):
    assert somebody_home_as_said(None) is False
    with pytest.raises(ContractError, match="writes to the database: INSERT"):
        invites_somebody(None)


def test_the_database_goes_on_after_a_guard_was_refused(db, debug):
    with pytest.raises(ContractError):
        somebody_home(None)
    assert not User.objects.exists()


@pytest.mark.lenient
def test_nothing_is_in_the_way_where_nobody_watches(db):
    assert somebody_home(None) is False


def test_reads_is_a_yes_or_a_no():
    with pytest.raises(ContractError, match="reads= is True or False"):
        guard("dark", "It is dark.", reads="yes")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [("SELECT 1", True), ("(select 1) union", True), ("WITH a AS", True), ("UPDATE a", False)],
)
def test_what_reads_is_told_from_what_writes(statement, expected):
    assert only_reads(statement) is expected


@pytest.mark.parametrize(
    ("pure", "attributes"),
    [(somebody_home, "exists, objects"), (has_owner, "owner"), (has_room, None)],
)
def test_a_guard_whose_code_queries_is_warned_of(pure, attributes):
    with isolate_apps("tests.testapp"):
        lantern = model(contract(switch(name="light", source="off", guards=[pure])))
        found = [fault for fault in checks.faults_of([lantern]) if fault.id[-4:] == "W062"]
    assert [attributes in fault.msg for fault in found] == ([True] if attributes else [])


def test_of_two_guards_with_one_function_name_both_are_looked_at():
    first = guard("one", "No.")(lambda lamp: lamp.owner.pk)
    second = guard("two", "No.")(lambda lamp: True)
    with isolate_apps("tests.testapp"):
        lantern = model(contract(switch(name="light", source="off", guards=[first, second])))
        found = [fault.id[-4:] for fault in checks.faults_of([lantern])]
    assert found == ["W062"]


def test_a_guard_that_says_so_is_not_warned_of():
    with isolate_apps("tests.testapp"):
        lantern = model(contract(switch(name="light", guards=[somebody_home_as_said])))
        assert [fault.id for fault in checks.faults_of([lantern])] == []
