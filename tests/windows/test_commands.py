"""W1, W2, W18: a command's client dies or hears nothing, nobody is woken, a page is old."""

import pytest
from django.db import OperationalError
from rest_framework.test import APIClient

from tests.testapp.models import Parcel
from tests.testapp.workflow import CarrierSilent
from workflows_app import NotAllowed, Stale
from workflows_app.engine import execute
from workflows_app.engine.queue.look import until_due
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun, Operation
from workflows_app.ops import resolve, skip
from workflows_app.testing import cut, drain_until_quiet, killed

pytestmark = pytest.mark.django_db(transaction=True)


def post(clerk, parcel):
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(clerk)
    address = f"/api/v1/parcels/{parcel.pk}/ship/"
    headers = {"Idempotency-Key": "one", "If-Match": '"1"'}
    return client.post(address, {}, format="json", headers=headers)


def test_w01_the_server_is_killed_between_the_commit_and_its_answer(packed, clerk, carrier, clock):
    assert killed(lambda: post(clerk, packed), at="command.committed")
    again = post(clerk, packed)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (202, "true")
    operation = Operation.objects.get(transition="ship")
    assert again.json()["operation"]["id"] == str(operation.id)
    assert operation.runs.count() == 2
    drain_until_quiet(clock)


@pytest.mark.only_on("postgresql", "mysql")
def test_w01_the_answer_to_the_commit_is_lost_with_the_connection(packed, clerk, carrier, clock):
    with pytest.raises(OperationalError), cut(at="command.committed"):
        execute(packed.ship, by=clerk, key="one", version=1)
    assert execute(packed.ship, by=clerk, key="one", version=1).replayed
    assert Operation.objects.filter(transition="ship").count() == 1
    drain_until_quiet(clock)


def test_w02_killed_between_the_commit_and_the_wake_up(packed, clerk, carrier, clock):
    assert killed(lambda: execute(packed.ship, by=clerk), at="command.committed")
    assert until_due("default").total_seconds() <= 0  # whoever looks finds it
    drain_until_quiet(clock)
    assert Parcel.objects.get().status == "arrived"


def test_w02_the_rescuer_is_killed_between_the_commit_and_the_wake_up(shipping, carrier, clock):
    assert killed(lambda: drain_until_quiet(clock), at="claim.committed")
    clock.move(minutes=2)
    assert killed(lambda: sweep("default"), at="rescue.committed")
    assert until_due("default").total_seconds() <= 0
    drain_until_quiet(clock)
    assert Parcel.objects.get().status == "arrived"


def test_w18_whoever_decides_on_an_old_page_is_told_and_nothing_is_written(
    shipping, answers, run_of, operator, clock
):
    answers["hand_over"] = CarrierSilent
    drain_until_quiet(clock)
    doubt, seen = run_of("hand_over"), Parcel.objects.get().version
    resolve(doubt, happened=False, by=operator, reason="they say no", version=seen)
    before = Operation.objects.count()
    found = {"result": {"tracking": "T"}, "happened": True}
    with pytest.raises(Stale):
        resolve(doubt, by=operator, reason="they say yes", version=seen, **found)
    with pytest.raises(Stale):
        skip(doubt, by=operator, reason="never mind", version=seen)
    with pytest.raises(NotAllowed):  # also whoever has not said what he saw
        resolve(doubt, by=operator, reason="they say yes", **found)
    assert Operation.objects.count() == before
    assert EffectRun.objects.get(pk=doubt.pk).state == "failed"
