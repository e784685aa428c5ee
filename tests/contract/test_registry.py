"""A model is found by its contract, and a contract by its model."""

import pytest
from django.apps.registry import Apps
from django.db import models
from django.test.utils import isolate_apps
from django_fsm import can_proceed

from tests.testapp.models import Box, Crate, Letter, Parcel
from tests.testapp.workflow import Status
from workflows_app.contract.registry import Unbound, contract_for, contract_of, contracts
from workflows_app.models import StatusField, WorkflowModel


def test_a_contract_is_found_by_model_instance_and_object_type():
    assert contract_of(Parcel) is contract_of(Parcel()) is contract_for("testapp.parcel")


def test_a_proxy_obeys_the_contract_of_its_model():
    assert contract_of(Box) is contract_of(Crate)


def test_the_contract_names_its_columns():
    assert contract_of(Letter).protected == ("lid", "lid_since", "version")


def test_a_model_without_a_contract_is_unbound():
    with pytest.raises(Unbound, match="auth.group"):
        contract_for("auth.group")


@isolate_apps("tests.testapp")
def test_only_installed_models_are_in_force():
    type(models.Model)(
        "Elsewhere",
        (Parcel.__mro__[1], WorkflowModel),
        {"__module__": Parcel.__module__, "status": StatusField(Status)},
    )
    assert "testapp.elsewhere" not in {one.object_type for one in contracts()}


def test_a_copy_that_a_migration_makes_never_stands_for_the_model():
    meta = type("Meta", (), {"app_label": "testapp", "apps": Apps()})
    copied = type(models.Model)(
        "Parcel",
        Parcel.__bases__,
        {"__module__": Parcel.__module__, "Meta": meta, "status": StatusField(Status)},
    )
    assert contract_of(Parcel).model is Parcel
    assert not copied._meta.get_field("status").protected
    assert can_proceed(Parcel(address="Here").pack)


def test_a_state_the_contract_forgot_is_shown_as_it_is_stored():
    state = contract_of(Parcel).state("melted")
    assert (state, state.label, state.owner, state.final) == ("melted", "melted", None, False)


def test_every_effect_is_listed_once_by_name():
    assert set(contract_of(Parcel).effects) == {"hand_over", "tell_sender", "insure"}


@isolate_apps("tests.testapp")
def test_rows_of_a_renamed_model_are_its_own_also_when_another_model_takes_its_old_name():
    renamed = made("OldLamp", "testapp.newlamp")
    namesake = made("NewLamp", "testapp.secondlamp")
    assert contract_for("testapp.newlamp").model is contract_of(renamed).model is renamed
    assert contract_for("testapp.secondlamp").model is contract_of(namesake).model is namesake


def made(name, object_type):
    body = {"__module__": Parcel.__module__, "workflow_object_type": object_type}
    body["status"] = StatusField(Status)
    return type(models.Model)(name, (Parcel.__mro__[1], WorkflowModel), body)
