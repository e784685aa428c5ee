"""What is written for django-fsm-2 works on a contract: public names, its command, its signals."""

from io import StringIO

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.management import call_command
from django.db import transaction
from django_fsm import (
    FSMField,
    FSMFieldMixin,
    TransitionNotAllowed,
    can_proceed,
    has_transition_perm,
)
from django_fsm.signals import post_transition, pre_transition

from tests.testapp.models import Box, Parcel
from tests.testapp.workflow import Status
from workflows_app import GuardFailed, Refused
from workflows_app.engine import execute
from workflows_app.failures import ContractError

pytestmark = pytest.mark.django_db


@pytest.fixture
def sender(django_user_model):
    return django_user_model.objects.create_user("sender")


@pytest.fixture
def clerk(django_user_model):
    user = django_user_model.objects.create_user("clerk")
    user.user_permissions.add(Permission.objects.get(codename="handle_parcel"))
    return user


@pytest.fixture
def parcel(sender):
    return Parcel.objects.create(sender=sender, title="Books", address="Here 1")


@pytest.fixture
def packed(parcel, clerk):
    execute(parcel.pack, by=clerk, data={"grams": 10})
    return parcel


@pytest.fixture
def heard():
    """What pre_transition and post_transition said, in order."""
    said = []

    def before(**message):
        said.append(("before", message, message["instance"].status, open_transaction()))

    def after(**message):
        said.append(("after", message, message["instance"].status, open_transaction()))

    pre_transition.connect(before)
    post_transition.connect(after)
    yield said
    pre_transition.disconnect(before)
    post_transition.disconnect(after)


def open_transaction():
    return transaction.get_connection().in_atomic_block


def names(transitions):
    return {one.name for one in transitions}


def test_can_proceed_asks_state_and_guards(parcel):
    assert can_proceed(parcel.pack)
    assert not can_proceed(parcel.ship)
    parcel.address = ""
    assert not can_proceed(parcel.pack)
    assert can_proceed(parcel.pack, check_conditions=False)


def test_can_proceed_asks_no_guard_that_needs_the_command(parcel):
    assert can_proceed(parcel.pack)
    with pytest.raises(GuardFailed):
        execute(parcel.pack, by=parcel.sender, data={"grams": 40_000})


def test_has_transition_perm_asks_the_role(packed, sender, clerk):
    assert has_transition_perm(packed.ship, clerk)
    assert not has_transition_perm(packed.ship, sender)
    assert not has_transition_perm(packed.pack, clerk)


def test_has_transition_perm_knows_nobody(parcel):
    assert not has_transition_perm(parcel.pack, AnonymousUser())


def test_all_transitions_are_listed_one_for_each_source(parcel):
    found = {(one.source, one.name) for one in parcel.get_all_status_transitions()}
    assert found >= {("packed", "ship"), ("halted", "ship"), ("shelf", "again")}
    assert ("arrived", "cover") not in found


def test_available_transitions_are_those_of_the_state_whose_guards_agree(parcel):
    assert names(parcel.get_available_status_transitions()) == {"pack", "cover"}
    parcel.address = ""
    assert names(parcel.get_available_status_transitions()) == {"cover"}


def test_available_transitions_of_a_user_are_those_his_roles_allow(parcel, sender, clerk):
    assert names(parcel.get_available_user_status_transitions(sender)) == {"pack"}
    assert names(parcel.get_available_user_status_transitions(clerk)) == {"pack", "cover"}


def test_a_proxy_has_the_transitions_of_its_model():
    assert names(Box().get_all_status_transitions()) == {"shut", "reopen"}


def test_a_transition_carries_what_tools_read(parcel):
    (pack,) = [one for one in parcel.get_available_status_transitions() if one.name == "pack"]
    assert (pack.source, pack.target, pack.custom) == ("new", "packed", {"label": "Pack"})


def test_the_field_is_one_of_django_fsm_2():
    field = Parcel._meta.get_field("status")
    assert isinstance(field, FSMField)
    assert isinstance(field, FSMFieldMixin)
    assert field.protected


def test_graph_transitions_draws_the_contract():
    out = StringIO()
    call_command("graph_transitions", "testapp.Parcel", stdout=out)
    dot = out.getvalue()
    for source, target, name in [
        ("new", "packed", "pack"),
        ("packed", "shelf", "sort"),
        ("packed", "returned", "sort"),
        ("shipping", "arrived", "arrive"),
        ("shelf", "shelf", "dust"),
    ]:
        tail, head = (f'"testapp.parcel.status.{state}"' for state in (source, target))
        assert f"{tail} -> {head} [label={name}]" in dot
    assert '[label="On its way" shape=circle]' in dot
    assert "[label=Arrived shape=doublecircle]" in dot


def test_signals_come_before_and_after_the_body_inside_the_transaction(parcel, clerk, heard):
    execute(parcel.pack, by=clerk, data={"grams": 10})
    (before, after) = heard
    assert (before[0], before[2], before[3]) == ("before", "new", True)
    assert (after[0], after[2], after[3]) == ("after", "packed", True)
    for _, said, _, _ in heard:
        assert said["sender"] is Parcel
        assert (said["name"], said["source"], said["target"]) == ("pack", "new", "packed")
        assert said["method_args"][0].data == {"grams": 10}
        assert said["field"] is Parcel._meta.get_field("status")


def test_a_receiver_that_raises_takes_the_command_back(parcel, clerk):
    def object_to_it(**said):
        raise Refused("Not on Sundays.")

    post_transition.connect(object_to_it)
    try:
        with pytest.raises(Refused, match="Sundays"):
            execute(parcel.pack, by=clerk, data={"grams": 10})
    finally:
        post_transition.disconnect(object_to_it)
    stored = Parcel.objects.get(pk=parcel.pk)
    assert (stored.status, stored.version, stored.grams) == ("new", 0, None)


def test_a_refused_command_sends_no_signal(parcel, sender, heard):
    parcel.address = ""
    parcel.save()
    with pytest.raises(GuardFailed):
        execute(parcel.pack, by=sender, data={"grams": 10})
    assert heard == []


def test_a_body_that_returns_none_stays_in_its_state(packed, clerk, heard):
    execute(packed.sort, by=clerk)
    assert (packed.status, packed.version) == ("packed", 2)
    assert heard[1][1]["target"] == "packed"


@pytest.mark.parametrize(("title", "state"), [("scarf", Status.SHELF), ("ring", Status.RETURNED)])
def test_a_body_chooses_among_its_targets(packed, clerk, title, state):
    packed.title = title
    packed.save()
    execute(packed.sort, by=clerk)
    assert packed.status == state


def test_a_state_the_body_must_not_choose_is_refused_and_nothing_is_written(packed, clerk):
    field = Parcel._meta.get_field("status")
    (sort,) = [one for one in packed.get_available_status_transitions() if one.name == "sort"]
    with pytest.raises(ContractError, match="the body returned 'new'; it must return one of"):
        sort.target.get_state(packed, sort, "new")
    assert field.get_state(packed) == "packed"


def test_a_plain_call_of_the_fsm_is_refused_in_the_wrong_state(parcel):
    field = Parcel._meta.get_field("status")
    with pytest.raises(TransitionNotAllowed):
        field.change_state(parcel, type(parcel).ship, None)
    assert parcel.status == "new"


def test_assignment_is_an_attribute_error_as_with_any_protected_field(parcel):
    with pytest.raises(AttributeError, match="execute"):
        parcel.status = "packed"
    assert parcel.status == "new"
