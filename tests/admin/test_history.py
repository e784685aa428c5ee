"""History: every snapshot with its operation, and no way back."""

import pytest
from django.urls import reverse

from tests.testapp.models import Parcel

from .conftest import operations, page_of, person, text_of


def snapshot_of(parcel, record):
    return reverse("admin:testapp_parcel_simple_history", args=[parcel.pk, record.history_id])


def test_it_lists_every_save_with_its_changes_reason_and_operation(shipping, clerk, browser_of):
    response = browser_of(clerk).get(page_of(shipping, "history"))
    page = text_of(response)
    assert "Status : Packed → On its way" in page
    assert "Status : New → Packed" in page
    assert "Version : 1 → 2" in page
    assert "Friday&#x27;s van" in page
    for operation in operations(shipping):
        href = reverse("admin:workflows_app_operation_change", args=[operation.pk])
        assert f'<a href="{href}">{operation.pk}</a>' in response.content.decode()


def test_a_save_outside_a_command_says_so(packed, clerk, browser_of):
    packed.title = "maps"
    packed.save()
    page = text_of(browser_of(clerk).get(page_of(packed, "history")))
    assert "Title : books → maps none: saved outside a command" in " ".join(page.split())


def test_a_snapshot_shows_the_columns_as_they_were(packed, clerk, browser_of):
    first = packed.history.last()
    response = browser_of(clerk).get(snapshot_of(packed, first))
    page = text_of(response)
    assert "Status New" in page
    assert "Version 0" in page
    assert str(first.operation_id) in page
    assert "<input" not in response.content.decode().split("<main")[1].split("</main")[0]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_goes_back_to_a_snapshot(method, packed, admin_user, browser_of):
    first = packed.history.last()
    sent = {"title": "older", "status": "new", "version": 0, "_save": "Revert"}
    response = getattr(browser_of(admin_user), method)(snapshot_of(packed, first), sent)
    assert response.status_code == 403
    packed.refresh_from_db()
    assert (packed.title, packed.status, packed.version) == ("books", "packed", 1)


def test_even_who_may_change_everything_is_refused(packed, clerk, browser_of):
    first = packed.history.last()
    sent = {"title": "older", "sender": packed.sender_id, "_save": "Revert"}
    assert browser_of(clerk).post(snapshot_of(packed, first), sent).status_code == 403
    packed.refresh_from_db()
    assert packed.status == "packed"


def test_secrets_are_hidden_in_the_list_and_in_a_snapshot(packed, clerk, browser_of):
    packed.address = "Road 2"
    packed.save()
    client = browser_of(clerk)
    for page in (page_of(packed, "history"), snapshot_of(packed, packed.history.first())):
        response = client.get(page)
        assert "Road 2" not in response.content.decode()
        assert "•••" in text_of(response)


def test_history_out_of_sight_does_not_exist(packed, browser_of):
    client = browser_of(person("other", "change_parcel"))
    assert client.get(page_of(packed, "history")).status_code == 404
    assert client.get(snapshot_of(packed, packed.history.first())).status_code == 404


def test_a_snapshot_of_another_object_does_not_exist(packed, sender, clerk, browser_of):
    other = Parcel.objects.create(sender=sender, title="pans")
    client = browser_of(clerk)
    assert client.get(snapshot_of(packed, other.history.first())).status_code == 404
    assert client.get(page_of(packed, "history") + "nonsense/").status_code == 404


def test_many_snapshots_come_in_pages_and_compare_across_them(packed, clerk, browser_of):
    for number in range(60):
        packed.title = f"title {number}"
        packed.save()
    client = browser_of(clerk)
    first = text_of(client.get(page_of(packed, "history")))
    assert "Page 1 of 2" in first
    assert "Title : title 9 → title 10" in first
    second = text_of(client.get(page_of(packed, "history") + "?p=2"))
    assert "Title : title 8 → title 9" in second
    assert "Status : New → Packed" in second
