"""The command page: confirm, bring data, be refused in plain words; always through execute()."""

import re
import uuid

import pytest

from tests.testapp.models import Parcel
from workflows_app.engine import execute
from workflows_app.models import Kind

from .conftest import (
    allow,
    command_of,
    confirmation,
    names_of,
    operations,
    page_of,
    person,
    text_of,
)


def hidden(response, name):
    return re.search(
        rf'type="hidden" name="{name}" value="([^"]*)"', response.content.decode()
    )[1]  # fmt: skip


def test_it_asks_with_title_description_data_reason_version_and_key(parcel, clerk, browser_of):
    response = browser_of(clerk).get(command_of(parcel, "pack"))
    page = text_of(response)
    assert "Pack books" in page
    assert "Put it into a box and weigh it." in page
    assert "From “New” to: Packed." in page
    assert hidden(response, "version") == "0"
    assert uuid.UUID(hidden(response, "key"))
    form = response.content.decode()
    assert 'type="number" name="data-grams"' in form
    assert 'name="data-note"' in form
    assert 'name="reason"' in form


def test_looking_changes_nothing(parcel, clerk, browser_of):
    browser_of(clerk).get(command_of(parcel, "pack"))
    assert names_of(parcel) == ["create"]


def test_confirming_runs_the_command_by_the_user_and_returns_to_the_object(
    parcel, clerk, browser_of
):
    sent = confirmation(parcel, **{"data-grams": "250", "reason": "as agreed"})
    response = browser_of(clerk).post(command_of(parcel, "pack"), sent, follow=True)
    assert response.redirect_chain == [(page_of(parcel), 302)]
    assert "Pack: done. Now: Packed." in text_of(response)
    operation = operations(parcel)[-1]
    assert operation.kind == Kind.COMMAND
    assert operation.actor == f"user:{clerk.pk}"
    assert operation.reason == "as agreed"
    assert operation.data == {"grams": 250}
    assert operation.key == sent["key"]
    parcel.refresh_from_db()
    assert (parcel.status, parcel.version, parcel.grams) == ("packed", 1, 250)


def test_sent_twice_it_is_one_command(parcel, clerk, browser_of):
    client, sent = browser_of(clerk), confirmation(parcel, **{"data-grams": "250"})
    answers = [client.post(command_of(parcel, "pack"), sent).status_code for _ in range(2)]
    assert answers == [302, 302]
    assert names_of(parcel) == ["create", "pack"]


def test_sent_again_with_other_values_it_is_refused_and_may_be_confirmed_anew(
    packed, clerk, browser_of
):
    client, sent = browser_of(clerk), confirmation(packed)
    client.post(command_of(packed, "cover"), sent)
    other = client.post(command_of(packed, "ship"), sent)
    assert "This page was sent before, with other values." in text_of(other)
    assert hidden(other, "key") != sent["key"]
    assert names_of(packed) == ["create", "pack", "cover"]


def test_stale_it_shows_where_the_object_stands_now_and_asks_again(packed, clerk, browser_of):
    sent = confirmation(packed)
    execute(packed.cover, by=clerk)
    response = browser_of(clerk).post(command_of(packed, "ship"), sent)
    assert "It has changed since you opened this page." in text_of(response)
    assert "Version 2" in text_of(response)
    assert hidden(response, "version") == "2"
    assert names_of(packed) == ["create", "pack", "cover"]
    again = {"version": hidden(response, "version"), "key": hidden(response, "key")}
    assert browser_of(clerk).post(command_of(packed, "ship"), again).status_code == 302
    assert names_of(packed)[-1] == "ship"


def test_a_guard_is_explained_on_the_form_and_keeps_what_was_entered(parcel, clerk, browser_of):
    sent = confirmation(parcel, **{"data-grams": "40000", "data-note": "bricks"})
    response = browser_of(clerk).post(command_of(parcel, "pack"), sent)
    assert "This was not done. It is too heavy for one parcel." in text_of(response)
    assert 'value="40000"' in response.content.decode()
    assert 'value="bricks"' in response.content.decode()
    assert hidden(response, "key") == sent["key"]
    assert names_of(parcel) == ["create"]


def test_every_guard_that_says_no_is_named(sender, clerk, browser_of):
    parcel = Parcel.objects.create(sender=sender, title="books")
    sent = confirmation(parcel, **{"data-grams": "40000"})
    page = text_of(browser_of(clerk).post(command_of(parcel, "pack"), sent))
    assert "Enter the address first. It is too heavy for one parcel." in page


@pytest.mark.parametrize("grams", ["0", "a lot", ""])
def test_data_that_is_not_valid_is_marked_at_its_field(grams, parcel, clerk, browser_of):
    response = browser_of(clerk).post(
        command_of(parcel, "pack"), confirmation(parcel, **{"data-grams": grams})
    )
    assert "Please correct what is marked below." in text_of(response)
    _, _, row = response.content.decode().partition("field-grams")
    assert 'class="errorlist"' in row.partition("form-row")[0]
    assert names_of(parcel) == ["create"]


def test_what_is_impossible_now_says_why_and_cannot_be_confirmed(parcel, clerk, browser_of):
    response = browser_of(clerk).get(command_of(parcel, "dust"))
    assert "This is not possible now. Only from On the shelf." in text_of(response)
    assert 'type="submit" class="default"' not in response.content.decode()


def test_the_wrong_state_is_refused_in_plain_words(parcel, clerk, browser_of):
    response = browser_of(clerk).post(command_of(parcel, "dust"), confirmation(parcel))
    assert "This was not done. Only from On the shelf." in text_of(response)
    assert names_of(parcel) == ["create"]


@pytest.mark.parametrize("missing", ["version", "key"])
def test_without_version_or_key_nothing_happens(missing, packed, clerk, browser_of):
    sent = confirmation(packed)
    del sent[missing]
    response = browser_of(clerk).post(command_of(packed, "ship"), sent)
    assert "This page came back incomplete." in text_of(response)
    assert hidden(response, "version") == "1"
    assert names_of(packed) == ["create", "pack"]


def test_who_may_not_may_not_even_ask(packed, viewer, browser_of):
    assert browser_of(viewer).get(command_of(packed, "ship")).status_code == 403


@pytest.mark.parametrize("data", [{}, {"version": "x"}])
def test_a_hand_made_post_without_the_permission_is_refused(data, packed, viewer, browser_of):
    response = browser_of(viewer).post(command_of(packed, "ship"), confirmation(packed, **data))
    assert response.status_code == 403
    packed.refresh_from_db()
    assert packed.status == "packed"
    assert names_of(packed) == ["create", "pack"]


def test_the_permission_to_change_the_model_is_no_permission_for_a_command(
    packed, viewer, browser_of
):
    allow(viewer, "view_parcel", "change_parcel", "delete_parcel", "add_parcel")
    response = browser_of(viewer).post(command_of(packed, "ship"), confirmation(packed))
    assert response.status_code == 403
    assert names_of(packed) == ["create", "pack"]


def test_the_permission_for_a_command_does_not_need_the_one_to_change_the_model(
    packed, viewer, browser_of
):
    allow(viewer, "view_parcel", "handle_parcel")
    response = browser_of(viewer).post(command_of(packed, "ship"), confirmation(packed))
    assert response.status_code == 302
    assert names_of(packed)[-1] == "ship"


def test_a_command_of_the_system_is_refused_to_everybody(shipping, admin_user, browser_of):
    response = browser_of(admin_user).post(
        command_of(shipping, "arrive"), confirmation(shipping, **{"data-tracking": "T-1"})
    )
    assert response.status_code == 403
    assert names_of(shipping)[-1] == "ship"


def test_what_a_user_may_not_see_does_not_exist_for_a_hand_made_post(sender, parcel, browser_of):
    # May open the admin and would be a packer of his own parcels; this one is somebody else's.
    other = person("other", "change_parcel")
    client = browser_of(other)
    for answer in (
        client.get(command_of(parcel, "pack")),
        client.post(command_of(parcel, "pack"), confirmation(parcel, **{"data-grams": "1"})),
    ):
        assert answer.status_code == 404
    assert names_of(parcel) == ["create"]


def test_a_sender_commands_his_own_parcel_only(sender, parcel, browser_of):
    allow(sender, "change_parcel")
    theirs = Parcel.objects.create(sender=person("other"), title="pans", address="Road 2")
    client = browser_of(sender)
    for mine in (parcel, theirs):
        client.post(command_of(mine, "pack"), confirmation(mine, **{"data-grams": "1"}))
    assert names_of(parcel) == ["create", "pack"]
    assert names_of(theirs) == ["create"]


def test_without_a_csrf_token_nothing_happens(packed, clerk, browser_of):
    client = browser_of(clerk, enforce_csrf_checks=True)
    assert client.post(command_of(packed, "ship"), confirmation(packed)).status_code == 403
    assert names_of(packed) == ["create", "pack"]


def test_nobody_who_is_not_staff_gets_in(packed, clerk, browser_of):
    clerk.is_staff = False
    clerk.save()
    response = browser_of(clerk).post(command_of(packed, "ship"), confirmation(packed))
    assert response.url.startswith("/admin/login/")
    assert names_of(packed) == ["create", "pack"]


@pytest.mark.parametrize("name", ["nonsense", "save", "delete", "__init__"])
def test_only_transitions_are_commands(name, packed, clerk, browser_of):
    client = browser_of(clerk)
    assert client.get(command_of(packed, name)).status_code == 404
    assert client.post(command_of(packed, name), confirmation(packed)).status_code == 404


def test_an_object_that_is_not_there_has_no_commands(packed, clerk, browser_of):
    missing = Parcel(pk=packed.pk + 1)
    assert browser_of(clerk).get(command_of(missing, "ship")).status_code == 404
