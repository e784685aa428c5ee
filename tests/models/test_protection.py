"""In memory: protected columns are read like any other, and refuse assignment."""

import copy
import pickle
import threading
import time

import pytest
from django.db import connection
from django.utils import timezone

from tests.testapp.models import Box, Crate
from workflows_app import SYSTEM, ProtectedState
from workflows_app.engine import execute
from workflows_app.models.protection import open_columns
from workflows_app.models.writing import Writing, writing

pytestmark = pytest.mark.django_db

VALUES = {"status": "shut", "version": 7, "status_since": timezone.now()}
ENOUGH = 500
SECONDS_AT_MOST = 60


@pytest.mark.parametrize("column", VALUES)
def test_assignment_is_refused_and_says_what_to_write(crate, column):
    with pytest.raises(ProtectedState, match=rf"crate\.{column} is protected.*execute\(crate\."):
        setattr(crate, column, VALUES[column])


@pytest.mark.parametrize("column", VALUES)
def test_assignment_to_a_deferred_column_is_refused(crate, column):
    bare = Crate.objects.defer(column).get()
    with pytest.raises(ProtectedState):
        setattr(bare, column, VALUES[column])
    assert getattr(bare, column) == getattr(crate, column)


def test_assignment_to_a_new_object_is_refused(db):
    with pytest.raises(ProtectedState):
        Crate().status = "shut"


def test_assignment_through_a_proxy_is_refused(crate):
    with pytest.raises(ProtectedState):
        Box.objects.get().status = "shut"


def test_it_is_an_attribute_error_as_django_fsm_raises(crate):
    with pytest.raises(AttributeError):
        crate.status = "shut"


def test_a_refresh_brings_what_another_wrote(crate):
    execute(Crate.objects.get().shut, by=SYSTEM)
    crate.refresh_from_db()
    assert (crate.status, crate.version) == ("shut", 1)


def test_a_refresh_of_a_deleted_row_leaves_the_protection_on(crate):
    Crate.objects.all().delete()
    with pytest.raises(Crate.DoesNotExist):
        crate.refresh_from_db()
    with pytest.raises(ProtectedState):
        crate.status = "shut"
    with pytest.raises(ProtectedState):
        Crate.objects.create().status = "shut"


def test_opening_one_instance_opens_no_other(crate):
    other = Crate.objects.get()
    with open_columns(crate):
        crate.status = "shut"
        with pytest.raises(ProtectedState):
            other.status = "shut"
        with pytest.raises(ProtectedState):
            copy.copy(crate).status = "open"
    with pytest.raises(ProtectedState):
        crate.status = "open"


def test_a_copy_of_what_a_command_writes_is_no_part_of_the_command(crate):
    with writing(crate, Writing()):
        other = copy.copy(crate)
        with pytest.raises(ProtectedState):
            other.save(update_fields=["status"])
        crate.save()


def test_copies_and_pickles_keep_the_state_and_the_protection(shut_crate):
    for other in (
        copy.copy(shut_crate),
        copy.deepcopy(shut_crate),
        pickle.loads(pickle.dumps(shut_crate)),  # noqa: S301  its own
    ):
        assert (other.status, other.version) == ("shut", 1)
        assert type(other.status) is str
        with pytest.raises(ProtectedState):
            other.status = "open"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sharing", ["one instance", "an instance each"])
def test_threads_that_refresh_never_let_an_assignment_pass(sharing):
    shared = Crate.objects.create()
    failures, counts = [], {"refresh": 0, "assign": 0}
    until = time.monotonic() + SECONDS_AT_MOST

    def instance():
        return shared if sharing == "one instance" else Crate.objects.get(pk=shared.pk)

    def going_on():
        return min(counts.values()) < ENOUGH and time.monotonic() < until

    def refresh():
        mine = instance()
        while going_on():
            mine.refresh_from_db()
            counts["refresh"] += 1

    def assign():
        mine = instance()
        while going_on():
            try:
                mine.status = "shut"
                failures.append("an assignment passed")
            except ProtectedState:
                counts["assign"] += 1

    def note(work):
        try:
            work()
        except Exception as error:  # noqa: BLE001  whatever goes wrong in a thread fails the test
            failures.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=note, args=[work]) for work in [refresh, assign] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS_AT_MOST)
    assert failures == []
    assert min(counts.values()) >= ENOUGH
