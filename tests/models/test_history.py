"""History tells the truth about the protected columns, and cannot be used to rewrite them."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import signals
from django.test import RequestFactory
from simple_history.middleware import HistoryRequestMiddleware

from tests.testapp.models import Box, Crate, Letter
from workflows_app import SYSTEM, ProtectedState
from workflows_app.engine import execute
from workflows_app.models import Operation, WorkflowHistory

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of():
    """Do something inside a request by this user, as simple-history's middleware sees it."""

    def run(user, work):
        request = RequestFactory().get("/")
        request.user = user
        return HistoryRequestMiddleware(lambda _: work())(request)

    return run


def recorder_of(model):
    """What simple-history calls for a change that is no save, such as of a many-to-many field."""
    receivers, _ = signals.post_save._live_receivers(model)
    owners = (getattr(receiver, "__self__", None) for receiver in receivers)
    return next(owner for owner in owners if isinstance(owner, WorkflowHistory))


def test_a_revert_through_the_admins_way_rewrites_no_state(crate):
    """simple-history's admin takes the old instance, marks it as loaded, and saves it."""
    execute(crate.shut, by=SYSTEM)
    old = crate.history.earliest().instance
    old._state.adding = False
    old.title = "as it was"
    old.save()
    crate.refresh_from_db()
    assert (crate.title, crate.status, crate.version) == ("as it was", "shut", 1)
    assert (crate.history.latest().status, crate.history.latest().version) == ("shut", 1)


def test_a_revert_by_saving_the_old_instance_is_refused(crate):
    execute(crate.shut, by=SYSTEM)
    execute(crate.reopen, by=SYSTEM)
    for snapshot in crate.history.all():
        with pytest.raises(ProtectedState, match=r"[Ll]oad it"), transaction.atomic():
            snapshot.instance.save()
    crate.refresh_from_db()
    assert crate.version == 2


def test_every_snapshot_names_its_operation(crate):
    operation = execute(crate.shut, by=SYSTEM)
    crate.title = "novels"
    crate.save()
    first = Operation.objects.get(version=0)
    named = list(crate.history.order_by("history_id").values_list("operation_id", flat=True))
    assert named == [first.pk, operation.pk, None]


def test_the_user_of_the_request_is_in_the_history_of_a_new_object(user, request_of):
    crate = request_of(user, Crate.objects.create)
    assert crate.history.get().history_user == user
    assert Operation.objects.get().actor == f"user:{user.pk}"


def test_nobody_is_in_the_history_when_nobody_logged_in(db, request_of):
    crate = request_of(AnonymousUser(), Crate.objects.create)
    assert crate.history.get().history_user is None


def test_the_user_of_the_request_is_in_the_history_of_a_save(crate, user, request_of):
    request_of(user, crate.save)
    assert crate.history.latest().history_user == user


def test_a_system_command_in_a_request_is_nobodys_in_history(crate, user, request_of):
    request_of(user, lambda: execute(crate.shut, by=SYSTEM))
    assert crate.history.latest().history_user is None


def test_a_reason_given_to_one_save_is_not_repeated_by_a_command(crate):
    crate._change_reason = "typo"
    crate.save()
    assert crate.history.latest().history_change_reason == "typo"
    execute(crate.shut, by=SYSTEM, reason="full " * 100)
    assert crate.history.latest().history_change_reason == "full " * 100


def test_the_last_snapshot_of_a_stale_instance_is_true(crate):
    stale = Crate.objects.get()
    execute(crate.shut, by=SYSTEM)
    key = stale.pk
    stale.delete()
    last = Crate.history.filter(id=key).latest()
    assert (last.history_type, last.status, last.version) == ("-", "shut", 1)


def test_a_snapshot_without_a_save_is_true(crate):
    stale = Crate.objects.get()
    execute(crate.shut, by=SYSTEM)
    recorder_of(Crate).create_historical_record(stale, "~", using="default")
    assert (crate.history.latest().status, crate.history.latest().version) == ("shut", 1)


def test_a_proxy_keeps_the_same_history(db):
    box = Box.objects.create()
    box.title = "b"
    box.save()
    execute(box.shut, by=SYSTEM)
    assert Crate.history.filter(id=box.pk).count() == 3
    box.delete()
    assert Crate.history.count() == 4


def test_an_abstract_base_brings_history_to_its_models(db):
    letter = Letter.objects.create()
    execute(letter.shut, by=SYSTEM)
    assert [(row.lid, row.version) for row in letter.history.all()] == [("shut", 1), ("open", 0)]
