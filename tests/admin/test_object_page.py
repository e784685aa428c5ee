"""The object page: where it stands, what can be done, what happened."""

import re

import pytest

from tests.testapp.models import Parcel
from workflows_app.engine import execute

from .conftest import allow, command_of, page_of, text_of


def test_it_shows_state_headline_owner_and_version(packed, clerk, browser_of):
    page = text_of(browser_of(clerk).get(page_of(packed)))
    assert "Packed Waiting for a person Waiting for a clerk." in page
    assert "Owner a clerk" in page
    assert "Version 1" in page


def test_allowed_commands_are_links_to_their_confirm_page(packed, clerk, browser_of):
    page = browser_of(clerk).get(page_of(packed)).content.decode()
    commands = re.search(r'<nav class="workflow-commands".*?</nav>', page, re.S)[0]
    assert f'href="{command_of(packed, "ship")}"' in commands
    assert "<form" not in commands


def test_refused_commands_are_text_with_their_reasons(packed, clerk, browser_of):
    response = browser_of(clerk).get(page_of(packed))
    assert command_of(packed, "dust") not in response.content.decode()
    assert "Dust Only from On the shelf." in text_of(response)


def test_a_guard_that_says_no_gives_its_reason(sender, clerk, browser_of):
    parcel = Parcel.objects.create(sender=sender, title="books")
    page = text_of(browser_of(clerk).get(page_of(parcel)))
    assert "Pack Enter the address first." in page


def test_commands_of_others_and_of_the_system_are_not_shown(packed, viewer, browser_of):
    response = browser_of(viewer).get(page_of(packed))
    assert "/command/" not in response.content.decode()
    assert "There is nothing you can do here now." in text_of(response)


def test_runs_show_their_attempts_their_failure_and_the_next_try(retrying, clerk, browser_of):
    response = browser_of(clerk).get(page_of(retrying))
    page = text_of(response)
    assert "Hand over Retrying The carrier is busy and took nothing." in page
    assert "Attempts: 1 of 3 Next try:" in page
    assert "1 attempt ended" in page
    assert "failed; tried again. The carrier is busy and took nothing." in page
    assert "Tell sender Done" in page


def test_the_timeline_tells_in_order_what_happened(retrying, clerk, browser_of):
    page = text_of(browser_of(clerk).get(page_of(retrying)))
    story = page[page.index("Timeline") :]
    told = [
        story.index(words)
        for words in ("Created by", "Pack, by Sender", "grams", "Ship, by Clerk", "Attempt 1")
    ]
    assert told == sorted(told)
    assert "Reason: Friday&#x27;s van" in story


def test_moments_are_readable_by_programs(packed, clerk, browser_of):
    page = browser_of(clerk).get(page_of(packed)).content.decode()
    moments = re.findall(r'<time datetime="([^"]+)"', page)
    assert len(moments) >= 3
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d", at) for at in moments)


def test_a_long_timeline_continues_on_a_next_page(packed, clerk, browser_of):
    for _ in range(52):
        execute(packed.cover, by=clerk)
        packed.refresh_from_db()
        execute(packed.sort, by=clerk)  # a title that begins with b: the parcel stays
    client = browser_of(clerk)
    first = client.get(page_of(packed)).content.decode()
    later = re.search(r'href="(\?timeline_after=[^"#]+)', first)[1]
    second = client.get(page_of(packed) + later)
    assert "From the beginning" in text_of(second)
    assert "Created by" not in text_of(second)
    assert second.content.decode().count('class="workflow-operation"') == 6


def test_a_cursor_nobody_gave_out_begins_at_the_beginning(packed, clerk, browser_of):
    page = text_of(browser_of(clerk).get(page_of(packed) + "?timeline_after=nonsense"))
    assert "Created by" in page


@pytest.mark.parametrize("name", ["Operations", "Runs", "Events"])
def test_who_may_look_at_the_rows_finds_links_to_them(name, packed, clerk, browser_of):
    client = browser_of(clerk)
    page = client.get(page_of(packed)).content.decode()
    href = re.search(rf'<li><a href="([^"]+)">{name}</a>', page)[1].replace("&amp;", "&")
    assert client.get(href).status_code == 200


def test_who_may_not_look_at_the_rows_finds_no_links(packed, clerk, browser_of):
    allow(clerk, "view_parcel")
    page = browser_of(clerk).get(page_of(packed)).content.decode()
    assert "Rows of this object" not in page
