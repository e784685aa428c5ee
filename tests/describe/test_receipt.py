"""The receipt says what an operation was, what it asked for, and how far that has come."""

import pytest

from tests.engine.test_perform import drain_through
from tests.testapp.models import Parcel
from tests.testapp.workflow import AddressRefused, CarrierBusy, CarrierSilent
from workflows_app.describe.receipt import Progress, receipt, receipts
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.models import EffectRun, Operation
from workflows_app.ops import skip

pytestmark = pytest.mark.django_db(transaction=True)
without_a_worker = pytest.mark.django_db


def of(transition):
    return receipt(Operation.objects.filter(transition=transition).latest("id"))


@without_a_worker
def test_a_receipt_names_the_move_and_the_actor(shipping, clerk):
    document = of("ship")
    operation = Operation.objects.get(transition="ship")
    assert document["id"] == str(operation.pk)
    assert document["object"] == {"type": "testapp.parcel", "id": str(shipping.pk), "url": None}
    assert document["workflow"] == "parcel"
    assert (document["transition"], document["label"], document["version"]) == ("ship", "Ship", 2)
    assert document["contract_version"] == operation.contract_version
    assert (document["source"], document["target"]) == ("packed", "shipping")
    assert document["actor"] == {"id": f"user:{clerk.pk}", "label": "Clerk"}
    assert (document["cause"], document["caused"], document["superseded_by"]) == (None, [], None)
    assert [e["effect"] for e in document["effects"]] == ["hand_over", "tell_sender"]


@without_a_worker
def test_what_asked_for_nothing_is_completed_at_once(packed):
    document = of("pack")
    assert (document["state"], document["done"]) == ("completed", True)
    assert document["finished_at"] == document["accepted_at"]


def test_open_work_is_queued_then_completed_and_names_what_it_caused(shipping):
    document = of("ship")
    assert (document["state"], document["done"], document["finished_at"]) == ("queued", False, None)
    drain()
    document = of("ship")
    assert (document["state"], document["done"]) == ("completed", True)
    assert document["finished_at"] > document["accepted_at"]
    arrive = Operation.objects.get(transition="arrive")
    about = {"type": "testapp.parcel", "id": str(shipping.pk)}
    assert document["caused"] == [
        {"id": str(arrive.pk), "object": about, "transition": "arrive", "url": None}
    ]
    assert of("arrive")["cause"] == f"run:{EffectRun.objects.get(effect='hand_over').pk}"


def test_the_worst_effect_decides(shipping, answers):
    answers["tell_sender"] = CarrierBusy
    drain()
    assert of("ship")["state"] == "retrying"


def test_a_doubt_is_worse_than_a_retry_and_not_done(shipping, answers, clock):
    answers["hand_over"] = CarrierSilent
    drain_through(clock, 3)
    document = of("ship")
    assert (document["state"], document["done"]) == ("in_doubt", False)


def test_failed_means_its_otherwise_ran(shipping, answers, clock):
    answers["hand_over"] = AddressRefused
    drain_through(clock, 1)
    document = of("ship")
    assert (document["state"], document["done"]) == ("failed", True)
    assert [c["transition"] for c in document["caused"]] == ["halt"]


def test_a_dead_notification_leaves_it_completed_with_failures(shipping, answers, clock):
    answers["tell_sender"] = AddressRefused
    drain_through(clock, 1)
    document = of("ship")
    assert (document["state"], document["done"]) == ("completed_with_failures", True)


def test_dead_work_with_an_owner_is_blocked_until_it_is_skipped(packed, answers, clerk, operator):
    answers["insure"] = AddressRefused
    execute(packed.cover, by=clerk, version=1)
    drain()
    assert (of("cover")["state"], of("cover")["done"]) == ("blocked", False)
    skip(EffectRun.objects.get(), by=operator, reason="by hand")
    assert (of("cover")["state"], of("cover")["done"]) == ("completed_with_failures", True)


@without_a_worker
def test_the_secrets_of_its_data_are_hidden(parcel):
    operation = Operation.objects.get(transition="create")
    operation.data = {"address": "Main Street 1", "title": "books"}
    assert receipt(operation)["data"] == {"address": "•••", "title": "books"}


def test_many_receipts_cost_two_queries(shipping, sender, django_assert_num_queries):
    drain()
    Parcel.objects.create(sender=sender, title="other")
    operations = list(Operation.objects.order_by("id"))
    with django_assert_num_queries(2):
        documents = receipts(operations)
    assert len(documents) == len(operations) == 5
    assert receipts([]) == []


@without_a_worker
def test_progress_knows_what_is_done():
    done = {"superseded", "failed", "completed_with_failures", "completed"}
    assert {str(progress) for progress in Progress if progress.done} == done
