"""Our own rows are read where they are written, and a model that is swapped out has no workflow."""

import pytest
from django.test import override_settings

from tests.testapp.models import Crate
from workflows_app.contract.registry import contracts
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.models.tombstone import Tombstone


class Replica:
    def db_for_read(self, model, **hints):
        return "replica"

    def db_for_write(self, model, **hints):
        return "default"


@pytest.fixture(autouse=True)
def router():
    with override_settings(DATABASE_ROUTERS=["tests.models.test_database.Replica"]):
        yield


@pytest.mark.parametrize("model", [Operation, EffectRun, Event, Tombstone])
def test_our_rows_are_read_where_they_are_written(model):
    assert model.objects.all().db == model.objects.filter(pk=None).db == "default"
    assert model.objects.using("replica").db == "replica"


@pytest.mark.parametrize("model", [Operation, EffectRun, Event])
def test_so_are_relations_among_them(model):
    assert model._base_manager.all().db == "default"


def test_a_model_that_is_swapped_out_has_no_workflow(monkeypatch):
    assert Crate in {one.model for one in contracts()}
    monkeypatch.setitem(vars(Crate._meta), "swapped", "testapp.Parcel")
    assert Crate not in {one.model for one in contracts()}
