"""The form: it edits what the contract lets this user edit, by the command ``edit``."""

import uuid

import pytest
from django import forms
from django.contrib import admin

from tests.testapp.models import Parcel
from tests.testapp.workflow import Status
from workflows_app.admin import WorkflowAdmin
from workflows_app.engine import edit, execute
from workflows_app.failures import ContractError
from workflows_app.models import Operation

from .conftest import allow, inputs_of, operations, page_of, person, text_of

ADD = "/admin/testapp/parcel/add/"


def columns(parcel, **changed):
    """What a browser sends from a page opened just now, with these changes."""
    shown = {"title": parcel.title, "grams": parcel.grams or "", "tracking": "", "trouble": ""}
    remembered = {f"initial-{name}": value for name, value in {**shown, "address": ""}.items()}
    about = {"workflow-version": parcel.version, "workflow-key": str(uuid.uuid4())}
    return {"sender": parcel.sender_id, "address": ""} | shown | remembered | about | changed


def edits(parcel):
    return Operation.objects.filter(kind="edit", object_id=str(parcel.pk))


def test_what_was_changed_is_an_edit_and_the_state_stays(packed, clerk, browser_of):
    since = packed.status_since
    response = browser_of(clerk).post(page_of(packed), columns(packed, title="maps"))
    assert response.status_code == 302
    packed.refresh_from_db()
    assert (packed.title, packed.version) == ("maps", 2)
    assert (packed.status, packed.status_since) == ("packed", since)
    operation = edits(packed).get()
    assert (operation.data, operation.actor) == ({"title": "maps"}, f"user:{clerk.pk}")
    snapshot = packed.history.first()
    assert (snapshot.history_user, snapshot.operation_id) == (clerk, operation.id)


def test_a_form_without_a_change_is_no_edit(packed, clerk, browser_of):
    assert browser_of(clerk).post(page_of(packed), columns(packed)).status_code == 302
    packed.refresh_from_db()
    assert (packed.version, edits(packed).count()) == (1, 0)


def test_a_double_click_is_one_edit(packed, clerk, browser_of):
    client, sent = browser_of(clerk), columns(packed, title="maps")
    assert [client.post(page_of(packed), sent).status_code for _ in range(2)] == [302, 302]
    assert edits(packed).count() == 1


def test_what_somebody_else_did_meanwhile_is_shown_and_kept(packed, clerk, browser_of):
    """The clerk opened the page, another one wrote the title, and the clerk changes the weight."""
    other = person("other", "handle_parcel", "view_parcel")
    sent = columns(packed, grams="250")
    edit(packed, by=other, data={"title": "maps"})
    client = browser_of(clerk)
    response = client.post(page_of(packed), sent)
    page = text_of(response)
    assert response.status_code == 200
    assert "It has changed since you opened this page" in page
    assert "Edited by Other: title." in page
    assert "Somebody changed this meanwhile; it is now: maps" in page
    assert edits(packed).count() == 1
    shown = {one["name"]: one.get("value", "") for one in inputs_of(response)}
    assert (shown["grams"], shown["workflow-version"]) == ("250", "2")
    assert client.post(page_of(packed), shown).status_code == 302
    packed.refresh_from_db()
    assert (packed.title, packed.grams, packed.version) == ("maps", 250, 3)


def test_who_may_edit_nothing_any_more_is_told_and_nothing_is_saved(packed, clerk, browser_of):
    sent = columns(packed, title="maps")
    execute(packed.ship, by=clerk)
    response = browser_of(clerk).post(page_of(packed), sent, follow=True)
    assert "nothing was saved" in text_of(response)
    packed.refresh_from_db()
    assert (packed.title, packed.version) == ("books", 2)


def test_a_column_that_left_the_form_meanwhile_is_told_too(packed, clerk, browser_of):
    sent = columns(packed, grams="250")
    Parcel.objects.filter(pk=packed.pk).update(title="shelf")
    execute(packed.sort, by=clerk)
    response = browser_of(clerk).post(page_of(packed), sent)
    assert "It has changed since you opened this page" in text_of(response)
    packed.refresh_from_db()
    assert (packed.grams, packed.version) == (100, 2)


def test_a_refusal_is_explained_where_it_belongs(packed, clerk, browser_of, monkeypatch):
    response = browser_of(clerk).post(page_of(packed), columns(packed, address="", grams="-1"))
    assert "greater than or equal to 0" in text_of(response)
    monkeypatch.setattr(Status.PACKED, "required", ("address", "grams"))
    monkeypatch.setattr(Parcel._meta.get_field("grams"), "blank", True)
    response = browser_of(clerk).post(page_of(packed), columns(packed, grams=""))
    assert "Grams is required." in text_of(response)
    assert edits(packed).count() == 0


def test_a_page_that_comes_back_without_its_version_or_key_saves_nothing(packed, clerk, browser_of):
    sent = columns(packed, title="maps")
    for name in ("workflow-version", "workflow-key"):
        incomplete = {one: value for one, value in sent.items() if one != name}
        response = browser_of(clerk).post(page_of(packed), incomplete)
        assert "came back incomplete" in text_of(response)
    packed.refresh_from_db()
    assert packed.title == "books"


def test_columns_that_this_user_may_not_edit_now_are_to_be_read(packed, clerk, sender, browser_of):
    names = {one["name"] for one in inputs_of(browser_of(clerk).get(page_of(packed)))}
    assert {"title", "address", "grams"} <= names
    assert not names & {"tracking", "trouble", "sender", "status", "version"}


def test_a_hand_made_post_of_a_column_that_is_to_be_read_changes_nothing(packed, clerk, browser_of):
    wrong = {"trouble": "mine", "tracking": "T"}
    assert browser_of(clerk).post(page_of(packed), columns(packed, **wrong)).status_code == 302
    packed.refresh_from_db()
    assert (packed.trouble, packed.tracking, packed.version) == ("", "", 1)


def test_the_contract_decides_and_not_the_change_permission(parcel, browser_of):
    """The sender of a new parcel edits it, whom Django only lets look; the other way it is no."""
    allow(parcel.sender, "view_parcel")
    new = columns(parcel, title="maps", grams="5")
    assert browser_of(parcel.sender).post(page_of(parcel), new).status_code == 302
    parcel.refresh_from_db()
    assert parcel.title == "maps"
    other = person("other", "change_parcel", "view_parcel")
    page = browser_of(other).get(page_of(parcel)).content.decode()
    assert 'name="title"' not in page and 'name="_save"' not in page
    assert browser_of(other).post(page_of(parcel), columns(parcel, title="x")).status_code == 403


def test_a_list_is_not_edited_past_the_contract(packed, clerk, rf):
    class Listed(WorkflowAdmin):
        list_display = ("title", "grams")
        list_editable = ("grams",)

    shown = Listed(Parcel, admin.site)
    assert [fault.id for fault in shown.check()] == ["workflows_app.E060"]
    request = rf.post("/")
    request.user = clerk
    with pytest.raises(ContractError, match="remove list_editable"):
        shown.save_model(request, packed, forms.Form(), change=True)


def test_an_added_object_that_loses_a_race_is_told_of_the_rule(sender, clerk, browser_of):
    """The form found nothing wrong, and then another one with the same title was quicker."""
    new = columns(Parcel(sender=sender, title="only one"), address="Road 2", grams=5)

    def save_form(self, request, form, change):
        Parcel.objects.create(sender=sender, title="only one")
        return form.save(commit=False)

    shown = admin.site.get_model_admin(Parcel)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(shown), "save_form", save_form)
        response = browser_of(clerk).post(ADD, new)
    assert response.status_code == 200
    assert "testapp_parcel_title" in text_of(response)


def test_protected_columns_in_a_hand_made_post_are_ignored(packed, clerk, browser_of):
    wrong = {"status": "arrived", "version": "9", "status_since_0": "2000-01-01"}
    browser_of(clerk).post(page_of(packed), columns(packed, **wrong))
    packed.refresh_from_db()
    assert (packed.status, packed.version) == ("packed", 1)


def test_status_since_and_version_are_read_only_wherever_they_are_shown(packed, clerk, rf):
    class Detailed(WorkflowAdmin):
        fields = ("title", "status", "status_since", "version")

    request = rf.get("/")
    request.user = clerk
    shown = Detailed(Parcel, admin.site)
    assert {"status", "status_since", "version"} <= set(shown.get_readonly_fields(request, packed))
    assert list(shown.get_form(request, packed)().fields) == ["title"]


def test_who_may_only_view_sees_everything_read_only(packed, viewer, browser_of):
    response = browser_of(viewer).get(page_of(packed))
    assert "books" in text_of(response)
    assert 'name="title"' not in response.content.decode()
    assert 'name="_save"' not in response.content.decode()


def test_who_may_only_view_cannot_save_by_hand(packed, viewer, browser_of):
    response = browser_of(viewer).post(page_of(packed), columns(packed, title="maps"))
    assert response.status_code == 403
    packed.refresh_from_db()
    assert packed.title == "books"


def test_adding_is_a_command_of_the_user_in_the_initial_state(sender, clerk, browser_of):
    new = Parcel(sender=sender, title="pans")
    response = browser_of(clerk).post(ADD, columns(new, address="Road 2", grams=5))
    assert response.status_code == 302
    parcel = Parcel.objects.get()
    assert (parcel.status, parcel.version, parcel.address) == ("new", 0, "Road 2")
    operation = operations(parcel)[0]
    assert (operation.kind, operation.version) == ("create", 0)
    assert (operation.actor, operation.actor_label) == (f"user:{clerk.pk}", "Clerk")
    assert parcel.history.get().operation_id == operation.id


def test_who_may_not_add_cannot(sender, viewer, browser_of):
    new = Parcel(sender=sender, title="pans")
    assert browser_of(viewer).post(ADD, columns(new)).status_code == 403
    assert not Parcel.objects.exists()


def test_the_add_page_has_no_status(clerk, browser_of):
    assert "workflow-status" not in browser_of(clerk).get(ADD).content.decode()


def test_nobody_deletes_one_by_one_or_in_bulk(packed, admin_user, browser_of):
    client = browser_of(admin_user)
    assert client.post(page_of(packed, "delete"), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [packed.pk], "post": "yes"}
    client.post("/admin/testapp/parcel/", chosen)
    assert Parcel.objects.count() == 1
    assert "delete_selected" not in client.get("/admin/testapp/parcel/").content.decode()


def test_a_secret_is_never_shown_and_stays_when_it_is_left_empty(packed, clerk, browser_of):
    client = browser_of(clerk)
    assert "Main Street" not in client.get(page_of(packed)).content.decode()
    client.post(page_of(packed), columns(packed, title="maps"))
    packed.refresh_from_db()
    assert (packed.title, packed.address) == ("maps", "Main Street 1")


def test_a_secret_can_be_replaced(packed, clerk, browser_of):
    browser_of(clerk).post(page_of(packed), columns(packed, address="Road 2"))
    packed.refresh_from_db()
    assert packed.address == "Road 2"


def test_a_secret_is_left_out_where_it_cannot_be_entered(packed, viewer, browser_of):
    response = browser_of(viewer).get(page_of(packed))
    assert "Main Street" not in response.content.decode()
    assert "Address" not in text_of(response)


@pytest.mark.parametrize(
    "layout",
    [
        {"fields": ("title", "address"), "readonly_fields": ("address",)},
        {"fields": (("title", "address"),), "readonly_fields": ("address",)},
        {"fieldsets": ((None, {"fields": ("title", "address")}),), "readonly_fields": ("address",)},
    ],
)
def test_a_layout_cannot_show_a_secret_by_accident(layout, packed, clerk, rf):
    shown = type("Layout", (WorkflowAdmin,), layout)(Parcel, admin.site)
    request = rf.get("/")
    request.user = clerk
    assert "address" not in str(shown.get_fieldsets(request, packed))


def test_the_list_shows_and_filters_states(packed, sender, clerk, browser_of):
    Parcel.objects.create(sender=sender, title="pans")
    client = browser_of(clerk)
    assert "Packed" in text_of(client.get("/admin/testapp/parcel/"))
    only_new = text_of(client.get("/admin/testapp/parcel/?status__exact=new"))
    assert "pans" in only_new
    assert "books" not in only_new


def test_objects_out_of_sight_are_neither_listed_nor_shown_nor_edited(parcel, browser_of):
    other = person("other", "change_parcel")
    mine = Parcel.objects.create(sender=other, title="pans")
    client = browser_of(other)
    page = text_of(client.get("/admin/testapp/parcel/"))
    assert "pans" in page
    assert "books" not in page
    assert client.get(page_of(mine)).status_code == 200
    assert client.get(page_of(parcel)).url == "/admin/"
    client.post(page_of(parcel), columns(parcel, title="mine now"))
    parcel.refresh_from_db()
    assert parcel.title == "books"
    assert not Operation.objects.filter(actor=f"user:{other.pk}").exists()
