"""The kit's client finds the address of any object's command."""

import pytest
from django.urls import include, path, resolve

from tests.testapp.models import Label
from workflows_app.api import WorkflowRouter, WorkflowViewSet
from workflows_app.contract.registry import contract_of
from workflows_app.testing.client import command_url


class LabelViewSet(WorkflowViewSet):
    queryset = Label.objects.all()


router = WorkflowRouter()
router.register("labels", LabelViewSet)
urlpatterns = [path("", include(router.urls))]


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("key", ["plain", "Nr. 7/2026", "50%", ".."])
def test_an_object_with_any_text_for_a_key_is_found(key):
    contract = contract_of(Label)
    transition = next(iter(contract.all_transitions.values()))
    url = command_url(contract, transition, Label(code=key))
    assert resolve(url).url_name == f"label-transition-{transition.name}"
