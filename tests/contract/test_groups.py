"""Groups are declared in one way, and a fault is refused where it is written."""

import pytest

from tests.testapp.holidays import (
    HolidayWorkflow,
    Stage,
    ask_price,
    ask_weather,
    book_flight,
    book_hotel,
    tell_guest,
)
from workflows_app import in_order, together, transition
from workflows_app.contract.compiling import compile_transition
from workflows_app.contract.groups import effects_in, followed
from workflows_app.failures import ContractError


def declared(effects, **said):
    def look(self, cmd):
        """Look."""

    said = {"source": Stage.WISH, "target": Stage.BOOKING, "by": "?"} | said
    said["by"] = HolidayWorkflow.workflow_seen_by
    return compile_transition(transition(effects=effects, **said)(look), Stage, "status")


def test_a_transition_names_every_effect_of_its_groups():
    group = in_order(together(ask_price, ask_weather), book_flight)
    look = declared([group, tell_guest])
    assert look.effects_for("booking") == (group, tell_guest)
    named = ["ask_price", "ask_weather", "book_flight", "tell_guest"]
    assert [effect.name for effect in look.all_effects()] == named


def test_groups_may_stand_in_a_dictionary_by_target():
    look = declared(
        {Stage.BOOKING: [in_order(ask_price, ask_weather)], Stage.BOOKED: [ask_price]},
        target=[Stage.BOOKING, Stage.BOOKED],
    )
    assert [one.name for one in effects_in(look.effects_for("booking"))] == [
        "ask_price",
        "ask_weather",
    ]


@pytest.mark.parametrize("needs", [[book_hotel], ["book_hotel"], (book_hotel,)])
def test_what_is_needed_is_said_by_the_member_or_by_its_name(needs):
    assert in_order(book_flight, book_hotel, needs=needs).needs == (1,)


def test_a_group_may_be_needed_in_a_group():
    inner = together(ask_price, ask_weather)
    assert in_order(book_flight, inner, needs=[inner]).needs == (1,)


def test_all_are_needed_unless_said_and_a_number_stays_one():
    assert together(ask_price, ask_weather).needs == (0, 1)
    assert together(ask_price, ask_weather, needs=1).needs == 1


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (lambda: in_order(), "groups nothing"),
        (lambda: together(print), "is no effect and no group; declare it with @replay_safe"),
        (lambda: together([ask_price]), "is no effect and no group"),
        (lambda: in_order(ask_price, ask_price), "asks for ask_price twice"),
        (lambda: in_order(ask_price, together(ask_weather, ask_price)), "asks for ask_price twice"),
        (lambda: in_order(ask_price, needs=2), "needs=2, and it has 1 members"),
        (lambda: in_order(ask_price, needs=True), "takes a list"),
        (lambda: in_order(ask_price, needs=ask_price), r"takes a list of members, or how many"),
        (lambda: in_order(ask_price, needs="ask_price"), "takes a list of members, or how many"),
        (lambda: in_order(ask_price, needs=[book_hotel]), "needs book_hotel, which is no member"),
        (lambda: in_order(ask_price, then="Then!"), "small letters"),
        (lambda: in_order(ask_price, otherwise=book_hotel), "small letters"),
    ],
)
def test_a_faulty_group_is_refused_where_it_is_written(write, told):
    with pytest.raises(ContractError, match=told):
        write()


def test_one_effect_stands_in_a_transition_once_in_groups_or_not():
    with pytest.raises(ContractError, match="look asks for ask_price twice"):
        declared([ask_price, together(ask_weather, ask_price)])
    with pytest.raises(ContractError, match="look asks for ask_price twice"):
        declared([in_order(ask_weather, ask_price), together(ask_price)])


def test_what_a_group_says_replaces_what_its_members_say_word_by_word():
    asked = [in_order(together(book_hotel, ask_price, then="confirm"), then="think_again")]
    assert [(one.name, word, to) for one, word, to in followed(asked)] == [
        ("in_order(together(book_hotel, ask_price))", "then", "think_again"),
        ("book_hotel", "otherwise", "fail"),
    ]
