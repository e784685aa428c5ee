"""The page on several workflows is true: its contracts are built, and its functions run."""

import pytest
from django.contrib.auth import get_user_model

from workflows_app.contract.checks import binding, several
from workflows_app.describe.actions import actions
from workflows_app.describe.status import status
from workflows_app.engine import execute
from workflows_app.failures import GuardFailed, Stale
from workflows_app.models import EffectRun, Operation

from .page_code import page_as_module, tables_of

PAGE = "howto/several-workflows.md"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop():
    """The code of the page as a module, with tables for its model."""
    with page_as_module(PAGE, "shop") as shop, tables_of(shop.Game):
        yield shop


@pytest.fixture
def game(shop):
    return shop.Game.objects.create(title="chess")


@pytest.fixture
def rita():
    return get_user_model().objects.create_superuser("rita")


@pytest.fixture
def max_():
    return get_user_model().objects.create_superuser("max")


def told():
    operations = Operation.objects.order_by("version")
    return [(one.version, one.field, one.transition, one.target) for one in operations]


def test_nothing_is_wrong_with_the_model_of_the_page(shop):
    assert [*binding.faults(shop.Game), *several.faults(shop.Game)] == []


def test_it_is_judged_and_launched(shop, game, rita, max_):
    with pytest.raises(GuardFailed, match="has not passed its review"):
        execute(game.launch, by=max_)
    shop.judge_and_launch(game, rita, max_)
    assert (game.status, game.review_status, game.version) == ("live", "passed", 2)
    assert told()[1:] == [
        (1, "review_status", "accept", "passed"),
        (2, "status", "launch", "live"),
    ]
    assert status(game)["state"] == "live"
    assert list(status(game)["workflows"]) == ["status", "review_status"]


def test_whoever_looked_before_the_other_workflow_moved_is_told_so(game, rita, max_):
    execute(game.accept, by=rita, data={"grade": "A"})
    with pytest.raises(Stale):
        execute(game.launch, by=max_, version=0)


def test_what_is_rejected_is_sold_no_more(shop, game, rita, max_):
    shop.judge_and_launch(game, rita, max_)
    execute(game.reject, by=rita)
    assert (game.status, game.review_status, game.version) == ("off", "failed", 4)
    assert told()[-2:] == [
        (3, "review_status", "reject", "failed"),
        (4, "status", "withdraw", "off"),
    ]
    assert EffectRun.objects.filter(effect="tell_maker").count() == 3


def test_one_command_has_the_declaration_of_its_state(game, rita):
    def label():
        return next(one["label"] for one in actions(game, rita) if one["name"] == "withdraw")

    assert label() == "Drop the idea"
    execute(game.accept, by=rita, data={"grade": "A"})
    execute(game.launch, by=rita)
    assert label() == "Recall"


def test_several_states_are_brought_in_at_once(shop):
    operation = shop.bring_in("go")
    game = shop.Game.objects.get()
    assert (game.status, game.review_status, operation.version) == ("live", "passed", 2)
