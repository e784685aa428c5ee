"""A clerk edits columns in a real browser, under a strict content security policy."""

import pytest

from tests.admin.conftest import names_of, page_of, person
from workflows_app.engine import edit

SAVE = "input[name=_save]"


def write(desk, selector, text):
    desk.run(f"document.querySelector('{selector}').value = ''")
    desk.type(selector, text)


def value_of(desk, selector):
    return desk.run(f"return document.querySelector('{selector}').value")


def test_a_double_click_on_a_slow_page_is_one_edit(slow_answers, desk, at, packed):
    desk.go(at(page_of(packed)))
    write(desk, "#id_title", "maps")
    desk.click_twice(SAVE)
    assert "was changed successfully" in desk.text_of(".messagelist")
    assert slow_answers == [page_of(packed)] * 2
    assert names_of(packed) == ["create", "pack", "edit"]
    packed.refresh_from_db()
    assert (packed.title, packed.version) == ("maps", 2)
    assert desk.complaints() == []


def test_a_column_that_is_not_editable_now_is_to_be_read(desk, at, packed, sender):
    desk.go(at(page_of(packed)))
    entered = "return [...document.querySelectorAll('fieldset [name]')].map(one => one.name)"
    names = {name for name in desk.run(entered) if not name.startswith("initial-")}
    assert names == {"title", "address", "grams"}
    assert desk.text_of(".field-sender .readonly") == str(sender)
    assert desk.text_of(".field-tracking .readonly") == "-"


@pytest.mark.parametrize("width", [360, 1200])
def test_a_late_save_tells_what_changed_and_keeps_what_was_typed(width, desk, at, packed):
    desk.show(width=width, height=800)
    desk.go(at(page_of(packed)))
    write(desk, "#id_grams", "250")
    edit(packed, by=person("other", "handle_parcel", "view_parcel"), data={"title": "maps"})
    desk.click(SAVE)
    assert "opened this page, and nothing was saved" in desk.text_of(".errornote ~ .errorlist")
    assert "Edited by Other: title." in desk.text_of(".errorlist ~ .workflow-changes")
    assert "it is now: maps" in desk.text_of(".field-title .errorlist")
    assert value_of(desk, "#id_grams") == "250"
    assert names_of(packed) == ["create", "pack", "edit"]
    wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert desk.run(wide) <= 0
    desk.click(SAVE)
    assert "was changed successfully" in desk.text_of(".messagelist")
    packed.refresh_from_db()
    assert (packed.title, packed.grams, packed.version) == ("maps", 250, 3)
    assert desk.complaints() == []
