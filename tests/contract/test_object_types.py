"""The object type under which rows are kept is one text for one model."""

import pytest

from tests.testapp.models import Crate, Letter
from workflows_app.contract.checks.object_types import faults


def found():
    return [fault.id.removeprefix("workflows_app.") for fault in faults([Crate, Letter])]


def test_models_that_say_nothing_and_one_that_was_renamed_are_fine(monkeypatch):
    assert found() == []
    monkeypatch.setattr(Crate, "workflow_object_type", "testapp.box", raising=False)
    assert found() == []


@pytest.mark.parametrize("wrong", ["Testapp.Box", "x" * 101, 7])
def test_a_type_that_no_row_can_hold_is_an_error(monkeypatch, wrong):
    monkeypatch.setattr(Crate, "workflow_object_type", wrong, raising=False)
    assert found() == ["E064"]


def test_two_models_that_claim_one_type_are_an_error(monkeypatch):
    monkeypatch.setattr(Crate, "workflow_object_type", "testapp.letter", raising=False)
    assert found() == ["E065"]
