"""Operations, runs and events: everything to look at, nothing to edit."""

import pytest
from django.urls import reverse

from tests.testapp.models import Parcel
from tests.testapp.shapes import Crate
from workflows_app.engine import create
from workflows_app.models import EffectRun, Event, Operation

from .conftest import ROWS, allow, person, text_of

MODELS = ("operation", "effectrun", "event")
CLASSES = {"operation": Operation, "effectrun": EffectRun, "event": Event}


def list_of(model):
    return reverse(f"admin:workflows_app_{model}_changelist")


def row(model, pk, page="change"):
    return reverse(f"admin:workflows_app_{model}_{page}", args=[pk])


def test_operations_say_who_did_what_to_which_object(shipping, clerk, browser_of):
    response = browser_of(clerk).get(list_of("operation"))
    page = text_of(response)
    assert f"parcel {shipping.pk} Ship Packed → On its way 2 Clerk" in page
    assert reverse("admin:testapp_parcel_change", args=[shipping.pk]) in response.content.decode()


def test_an_operation_shows_its_data_reason_runs_and_events(retrying, clerk, browser_of):
    operation = Operation.objects.get(transition="ship")
    page = text_of(browser_of(clerk).get(row("operation", operation.pk)))
    assert "Friday&#x27;s van" in page
    assert "Hand over : Retrying" in page
    assert "The carrier is busy and took nothing." in page


def test_a_run_shows_how_far_it_has_come_and_no_secret(retrying, clerk, browser_of):
    run = EffectRun.objects.get(effect="hand_over")
    assert run.data["address"] == "Main Street 1"
    response = browser_of(clerk).get(row("effectrun", run.pk))
    page = text_of(response)
    assert "State: Retrying" in page
    assert run.key in page
    assert "Main Street" not in response.content.decode()
    assert "&quot;address&quot;: &quot;•••&quot;" in page


def test_an_event_is_told_in_words(retrying, clerk, browser_of):
    event = Event.objects.get(run__effect="hand_over")
    client = browser_of(clerk)
    for page in (list_of("event"), row("event", event.pk)):
        assert "failed: The carrier is busy and took nothing." in text_of(client.get(page))


@pytest.mark.parametrize("model", MODELS)
def test_they_are_found_by_the_id_of_the_object(model, retrying, sender, clerk, browser_of):
    Parcel.objects.create(sender=sender, title="pans")
    client = browser_of(clerk)
    mine = CLASSES[model].objects.filter(object_id=str(retrying.pk)).count()
    found = client.get(list_of(model), {"q": str(retrying.pk)})
    assert found.context["cl"].result_count == mine > 0
    assert client.get(list_of(model), {"q": "nobody's"}).context["cl"].result_count == 0


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"state__exact": "queued"}, ["hand_over"]),
        ({"state__exact": "done"}, ["tell_sender"]),
        ({"effect": "hand_over"}, ["hand_over"]),
        ({"object_type": "testapp.parcel"}, ["hand_over", "tell_sender"]),
        ({"object_type": "testapp.crate"}, []),
    ],
)
def test_runs_are_filtered_by_state_effect_and_object(
    filters, expected, retrying, clerk, browser_of
):
    listed = browser_of(clerk).get(list_of("effectrun"), filters).context["cl"].result_list
    assert sorted(run.effect for run in listed) == expected


def test_operations_are_filtered_by_transition_and_found_by_actor(shipping, clerk, browser_of):
    client = browser_of(clerk)
    by_transition = client.get(list_of("operation"), {"transition": "pack"}).context["cl"]
    assert [operation.transition for operation in by_transition.result_list] == ["pack"]
    by_actor = client.get(list_of("operation"), {"q": f"user:{clerk.pk}"}).context["cl"]
    assert [operation.transition for operation in by_actor.result_list] == ["ship"]


@pytest.mark.parametrize("model", MODELS)
def test_nobody_adds_changes_or_deletes_one(model, retrying, admin_user, browser_of):
    client, rows = browser_of(admin_user), CLASSES[model].objects
    pk, before = rows.last().pk, list(rows.order_by("pk").values())
    assert client.post(reverse(f"admin:workflows_app_{model}_add"), {}).status_code == 403
    assert client.post(row(model, pk), {"object_id": "9"}).status_code == 403
    assert client.post(row(model, pk, "delete"), {"post": "yes"}).status_code == 403
    client.post(
        list_of(model), {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
    )
    assert list(rows.order_by("pk").values()) == before


@pytest.mark.parametrize("model", MODELS)
def test_without_the_view_permission_nobody_looks(model, retrying, clerk, browser_of):
    allow(clerk, "view_parcel")
    assert browser_of(clerk).get(list_of(model)).status_code == 403


@pytest.mark.parametrize("model", MODELS)
def test_rows_of_objects_out_of_sight_are_not_there(model, retrying, sender, browser_of):
    allow(sender, *ROWS)
    stranger = person("stranger", *ROWS)
    pk, number = CLASSES[model].objects.last().pk, CLASSES[model].objects.count()
    assert browser_of(sender).get(list_of(model)).context["cl"].result_count == number
    assert browser_of(sender).get(row(model, pk)).status_code == 200
    assert browser_of(stranger).get(list_of(model)).context["cl"].result_count == 0
    assert browser_of(stranger).get(row(model, pk)).status_code == 302


def test_an_object_with_a_uuid_is_found_and_opened(admin_user, browser_of):
    crate = Crate(title="pears")
    create(crate, by=admin_user)
    client = browser_of(admin_user)
    found = client.get(list_of("operation"), {"q": str(crate.pk)})
    assert found.context["cl"].result_count == 1
    href = reverse("admin:testapp_crate_change", args=[crate.pk])
    assert href in found.content.decode()
    assert client.get(href).status_code == 200
