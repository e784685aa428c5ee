"""The page on editing is true: its contract is built, and what it says of edits is tried."""

import pytest
from django.contrib.auth import get_user_model

from workflows_app import Invalid
from workflows_app.contract import checks
from workflows_app.contract.editing import editable_columns
from workflows_app.describe.timeline import timeline
from workflows_app.engine import edit, execute

from .page_code import page_as_module, tables_of
from .reader import text_of

PAGE = "howto/edit-columns.md"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def inn():
    """The code of the page as a module, with tables for its model."""
    with page_as_module(PAGE, "inn") as inn, tables_of(inn.Stay):
        yield inn


@pytest.fixture
def host():
    return get_user_model().objects.create_superuser("host", first_name="Hanna", last_name="Host")


@pytest.fixture
def guest():
    return get_user_model().objects.create_user("guest")


@pytest.fixture
def stay(inn, guest):
    return inn.Stay.objects.create(guest=guest)


def test_the_contract_on_the_page_has_no_fault(inn):
    (fault,) = checks.faults_of([inn.Stay])
    assert "'inn.change_stay'" in fault.msg  # there is no app called inn


def test_who_edits_what_is_as_the_page_says(inn, stay, host, guest):
    assert editable_columns(stay, guest) == ("nights", "room", "wishes", "passport")
    assert editable_columns(stay, host) == ()
    edit(stay, by=guest, data={"nights": 2})
    execute(stay.book, by=host)
    assert (editable_columns(stay, host), editable_columns(stay, guest)) == (
        ("nights", "room"),
        (),
    )
    with pytest.raises(Invalid, match="Booked needs nights"):
        edit(stay, by=host, data={"nights": None})
    execute(stay.check_in, by=host)
    assert (editable_columns(stay, host), editable_columns(stay, guest)) == (
        ("room",),
        ("wishes",),
    )
    execute(stay.check_out, by=host)
    assert editable_columns(stay, host) == ()


def test_an_edit_is_told_as_on_the_page_and_refused_in_words(inn, stay, host, guest):
    edit(stay, by=guest, data={"nights": 2})
    execute(stay.book, by=host)
    assert inn.move(stay, host, "12") == stay.room == "12"
    told = timeline(stay).entries[-1]["text"]
    assert told in text_of(PAGE)
    assert inn.move(stay, host, "13") == "The data is not valid."
    with pytest.raises(Invalid) as refusal:
        edit(stay, by=host, data={"room": "13"})
    assert refusal.value.reasons[0].detail == "There is no such room."
    assert inn.move(stay, guest, "12") == "room: to be edited only in Asked for."
    with pytest.raises(Invalid, match="inn_a_month_at_most"):
        edit(stay, by=host, data={"nights": 31})


def test_a_plain_save_is_no_operation(inn, stay):
    stay.wishes = "Quiet, please."
    stay.save()
    assert stay.history.first().operation_id is None
    assert len(timeline(stay).entries) == 1
