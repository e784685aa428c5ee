"""A message that runs a transition is declared above it, and wrong ones are named."""

import sys

import pytest
from django.core.checks import run_checks

from tests.testapp.models import Payment
from workflows_app import SYSTEM, on_message
from workflows_app.contract.checks.messages import several_listeners
from workflows_app.contract.registry import Contract
from workflows_app.failures import ContractError

from .test_checks import (  # noqa: F401  a fixture, found by name
    Lamp,
    contract,
    found,
    model,
    people,
    registry,
    switch,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def finds(payload):
    return {"room": payload["data"]["room"]}


def told(*types, name="switch", finds=finds, endpoint=None, **said):
    """A transition that these messages run."""
    (body,) = switch(name, **{"by": SYSTEM} | said).values()
    return {name: on_message(list(types), finds=finds, endpoint=endpoint)(body)}


def bound(*transitions):
    return Contract(Payment, contract(*transitions), "status")


def test_a_message_is_a_part_of_its_transition():
    (listener,) = bound(told("a", "b", endpoint="bank")).transitions["switch"].messages
    assert (listener.types, listener.endpoint, listener.finds) == (("a", "b"), "bank", finds)
    assert listener.listens_to("bank", "b")
    assert not listener.listens_to("mailer", "b")
    assert not listener.listens_to("bank", "c")


def test_several_messages_may_run_a_transition():
    (body,) = told("a").values()
    both = {"switch": on_message("b", finds=finds)(body)}
    listeners = bound(both).transitions["switch"].messages
    assert [one.types for one in listeners] == [("b",), ("a",)]


def test_a_message_changes_the_version_of_a_contract():
    versions = [
        bound(one).version
        for one in (switch(by=SYSTEM), told("a"), told("b"), told("a", endpoint="bank"))
    ]
    assert len(set(versions)) == 4


@pytest.mark.parametrize(
    ("declare", "fault"),
    [
        (lambda: on_message("a", finds=finds)(lambda self, cmd: None), "above its @transition"),
        (lambda: on_message([]), "takes the type"),
        (lambda: on_message(7), "takes a list"),
        (lambda: on_message(["a", ""]), "takes the type"),
        (lambda: on_message(["a", "a"]), "twice"),
        (lambda: on_message("a", endpoint="The bank"), "endpoint"),
        (lambda: on_message("a", finds="room"), "finds"),
        (lambda: on_message("a", finds=lambda: {}), "finds"),
        (lambda: on_message("a", data=lambda a, b: {}), "data"),
        (lambda: contract(told("a", finds=None)), "does not say whom it is about"),
        (lambda: contract(told("a", source=None)), "has no finds="),
    ],
)
def test_a_wrong_declaration_names_the_fault(declare, fault):
    with pytest.raises(ContractError, match=fault):
        declare()


def test_the_system_must_be_allowed():
    assert found(model(contract(told("a", by=people)))) == {"E045"}


def faults(*contracts):
    return [fault.id.removeprefix("workflows_app.") for fault in several_listeners(contracts)]


def test_two_contracts_that_a_message_would_run_are_a_fault():
    assert faults(bound(told("a")), bound(told("a"))) == ["E046"]
    assert faults(bound(told("a", endpoint="bank")), bound(told("a"))) == ["E046"]
    assert faults(bound(told("a", "b")), bound(told("b", "c"))) == ["E046"]
    assert faults(bound(told("a")), bound(told("b"))) == []
    apart = [bound(told("a", endpoint=name)) for name in ("bank", "mailer")]
    assert faults(*apart) == []


def test_in_one_contract_the_state_says_which_transition_a_message_runs():
    apart = told("a", name="on"), told("a", name="off", source=Lamp.ON, target=Lamp.OFF)
    assert faults(bound(*apart)) == []
    assert faults(bound(told("a", name="one"), told("a", name="other"))) == ["E046"]
    creating = {"source": None, "finds": None}
    assert faults(bound(told("a", **creating), told("a", name="other"))) == ["E046"]


def ids():
    ours = ("E045", "E046", "E047", "W050", "W051")
    said = {fault.id.removeprefix("workflows_app.") for fault in run_checks(tags=["workflows"])}
    return said & set(ours)


def inbox(*endpoints):
    return {"INBOX": {name: {"secrets": [SECRET]} for name in endpoints}}


def test_an_endpoint_to_which_nobody_may_send_is_a_warning(settings):
    assert ids() == {"W050"}
    settings.WORKFLOWS = inbox("bank")
    assert ids() == set()


def test_a_message_from_any_of_several_senders_is_a_warning(settings):
    settings.WORKFLOWS = inbox("bank", "mailer")
    assert ids() == {"W051"}


def test_senders_without_the_package_are_a_fault(settings, monkeypatch):
    settings.WORKFLOWS = inbox("bank")
    monkeypatch.setitem(sys.modules, "standardwebhooks", None)
    assert ids() == {"E047"}


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ([], "'INBOX'] is a dict"),
        ({"The bank": {"secrets": [SECRET]}}, "'The bank' is no endpoint"),
        ({"bank": SECRET}, "at least one"),
        ({"bank": {"secrets": []}}, "at least one"),
        ({"bank": {"secrets": SECRET}}, "at least one"),
        ({"bank": {"secrets": [SECRET], "url": "x"}}, "at least one"),
        ({"bank": {"secrets": [SECRET, "whsec_short"]}}, "secret number 2"),
        ({"bank": {"secrets": ["my password, which is long enough!!"]}}, "secret number 1"),
        ({"bank": {"secrets": [None]}}, "secret number 1"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_told(settings, given, fault):
    settings.WORKFLOWS = {"INBOX": given}
    (said,) = run_checks(tags=["workflows"])
    assert said.id == "workflows_app.E040"
    assert fault in said.msg
    assert "short" not in said.msg and "password" not in said.msg
