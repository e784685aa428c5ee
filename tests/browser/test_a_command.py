"""A clerk gives a command in a real browser, under a strict content security policy."""

import pytest

from tests.admin.conftest import command_of, names_of, page_of

ENTER, TAB = "\ue007", "\ue004"


def test_a_double_click_on_a_slow_page_is_one_command(slow_answers, desk, at, packed):
    desk.go(at(page_of(packed)))
    desk.click(f'.workflow-commands a[href="{command_of(packed, "ship")}"]')
    desk.click_twice("input[type=submit].default")
    assert "Ship: done. Now: On its way." in desk.text_of(".messagelist")
    assert desk.address == at(page_of(packed))
    assert slow_answers == [command_of(packed, "ship")] * 2
    assert names_of(packed) == ["create", "pack", "ship"]
    assert desk.complaints() == []


def test_a_refusal_is_read_and_put_right(desk, at, parcel):
    desk.go(at(command_of(parcel, "pack")))
    desk.type("#id_data-grams", "40000")
    desk.click("input[type=submit].default")
    assert "It is too heavy for one parcel." in desk.text_of(".errornote")
    desk.run("document.querySelector('#id_data-grams').value = ''")
    desk.type("#id_data-grams", "400")
    desk.click("input[type=submit].default")
    assert "Pack: done. Now: Packed." in desk.text_of(".messagelist")
    assert names_of(parcel) == ["create", "pack"]


def test_the_keyboard_is_enough(desk, at, packed):
    desk.go(at(page_of(packed)))
    desk.run(f"document.querySelector('a[href=\"{command_of(packed, 'ship')}\"]').focus()")
    desk.press([ENTER])
    desk.find("form textarea[name=reason]")
    desk.run("document.querySelector('textarea[name=reason]').focus()")
    desk.press([*"van", TAB])
    assert desk.run("return document.activeElement.value") == "Ship"
    desk.press([ENTER])
    assert "Ship: done." in desk.text_of(".messagelist")
    packed.refresh_from_db()
    assert packed.status == "shipping"


@pytest.mark.parametrize("page", ["change", "history"])
def test_the_policy_is_kept_and_a_narrow_window_needs_no_sideways_scrolling(desk, at, page, packed):
    desk.show(width=360, height=800)
    desk.go(at(page_of(packed, page)))
    wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert desk.run(wide) <= 0
    assert desk.complaints() == []


def test_the_browser_would_complain_about_an_inline_style(desk, at, packed):
    desk.go(at(page_of(packed)))
    desk.run("document.body.innerHTML += '<p style=\"color: red\">x</p>'")
    assert "Content Security Policy" in desk.complaints()[0]
