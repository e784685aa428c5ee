"""Tombstones in the admin: what was removed, by whom and why."""

import pytest
from django.urls import reverse

from tests.testapp.shapes import Crate
from workflows_app import SYSTEM
from workflows_app.models import Tombstone
from workflows_app.ops import erase, erase_actor

from .conftest import allow, text_of


@pytest.fixture
def keeper(clerk):
    allow(clerk, "view_tombstone", "view_parcel")
    return clerk


def test_the_list_and_the_page_say_what_was_removed(packed, keeper, browser_of):
    erase(type(packed), packed.pk, by=SYSTEM, reason="the sender asked")
    erase_actor(packed.sender, by=SYSTEM, reason="gone for good")
    browser = browser_of(keeper)
    listed = text_of(browser.get(reverse("admin:workflows_app_tombstone_changelist")))
    assert f"parcel {packed.pk}" in listed
    assert f"user:{packed.sender.pk}" in listed
    assert "the system the sender asked" in listed
    for tombstone in Tombstone.objects.all():
        page = reverse("admin:workflows_app_tombstone_change", args=[tombstone.pk])
        assert tombstone.reason in text_of(browser.get(page))


def test_of_an_object_that_is_not_seen_nothing_is_shown(keeper, browser_of):
    crate = Crate.objects.create(title="books")
    erase(Crate, crate.pk, by=SYSTEM, reason="private matter")
    changelist = reverse("admin:workflows_app_tombstone_changelist")
    assert "private matter" in text_of(browser_of(keeper).get(changelist))
    allow(keeper, "view_tombstone")
    assert "private matter" not in text_of(browser_of(keeper).get(changelist))
