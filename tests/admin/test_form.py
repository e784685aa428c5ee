"""The form: plain columns are edited as usual, everything else is left to commands."""

import pytest
from django.contrib import admin

from tests.testapp.models import Parcel
from workflows_app.admin import WorkflowAdmin
from workflows_app.engine import execute
from workflows_app.models import Operation

from .conftest import operations, page_of, person, text_of

ADD = "/admin/testapp/parcel/add/"


def columns(parcel, **changed):
    stored = {"sender": parcel.sender_id, "title": parcel.title, "address": ""}
    return stored | {"grams": parcel.grams or "", "tracking": "", "trouble": ""} | changed


def test_a_plain_column_is_saved_and_the_protected_ones_stay(packed, clerk, browser_of):
    before = Parcel.objects.values("status", "status_since", "version").get()
    response = browser_of(clerk).post(page_of(packed), columns(packed, title="maps"))
    assert response.status_code == 302
    packed.refresh_from_db()
    assert packed.title == "maps"
    assert Parcel.objects.values("status", "status_since", "version").get() == before
    snapshot = packed.history.first()
    assert (snapshot.history_user, snapshot.operation_id) == (clerk, None)


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
    assert set(shown.get_readonly_fields(request, packed)) == {"status", "status_since", "version"}
    assert list(shown.get_form(request, packed)().fields) == ["title"]


def test_an_edit_that_crosses_a_command_does_not_undo_it(packed, clerk, browser_of, rf):
    request = rf.get("/")
    request.user = clerk
    shown = admin.site.get_model_admin(Parcel)
    opened_earlier = shown.get_object(request, str(packed.pk))
    execute(packed.ship, by=clerk)
    opened_earlier.title = "maps"
    shown.save_model(request, opened_earlier, form=None, change=True)
    packed.refresh_from_db()
    assert (packed.title, packed.status, packed.version) == ("maps", "shipping", 2)


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
