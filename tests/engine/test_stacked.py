"""A command of several declarations: the state under the lock says which one holds."""

import threading

import pytest
from django.db import connection

from tests.testapp.models import Product
from workflows_app import SYSTEM, Forbidden, GuardFailed, Invalid, NotAllowed
from workflows_app.contract.registry import contract_of
from workflows_app.describe.actions import actions
from workflows_app.describe.receipt import receipt
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute, refusals
from workflows_app.models import EffectRun
from workflows_app.ops import place

from .conftest import person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def maker():
    return person("maker", "make_product")


@pytest.fixture
def tester():
    return person("tester", "test_product")


@pytest.fixture
def idea():
    return Product.objects.create(title="lamp")


@pytest.fixture
def live():
    product = Product(title="lamp")
    place(product, {"status": "live", "review_status": "passed"}, by=SYSTEM, reason="A test.")
    return product


FOUND = {"fault": "sparks"}


def test_each_state_has_its_own_people_data_targets_and_effects(idea, live, maker, tester):
    dropped = execute(idea.withdraw, by=maker)
    assert (dropped.source, dropped.target, dropped.data) == ("idea", "off", {})
    assert not EffectRun.objects.exists()
    recalled = execute(live.withdraw, by=tester, data=FOUND)
    assert (recalled.source, recalled.target, recalled.data) == ("live", "off", FOUND)
    assert [run.effect for run in EffectRun.objects.all()] == ["tell_maker"]


def test_the_body_may_stay_where_the_declaration_says_so(live, tester):
    assert execute(live.withdraw, by=tester, data={"fault": "none"}).target == "live"
    assert not EffectRun.objects.exists()


def test_who_may_in_another_state_may_not_in_this_one(idea, live, maker, tester):
    with pytest.raises(Forbidden, match="Only a tester or the system may do this"):
        execute(live.withdraw, by=maker, data=FOUND)
    with pytest.raises(Forbidden, match="Only a maker may do this"):
        execute(idea.withdraw, by=tester)
    with pytest.raises(Forbidden):
        execute(idea.withdraw, by=SYSTEM)


def test_each_declaration_asks_for_its_own_data(idea, live, maker, tester):
    with pytest.raises(Invalid):
        execute(idea.withdraw, by=maker, data=FOUND)
    with pytest.raises(Invalid):
        execute(live.withdraw, by=tester)


def test_each_declaration_has_its_own_guards(tester):
    product = Product(title="never reviewed")
    place(product, "live", by=SYSTEM, reason="A test.")
    with pytest.raises(GuardFailed, match="not passed its review"):
        execute(product.withdraw, by=tester, data=FOUND)
    withdraw = contract_of(product).transitions["withdraw"]
    assert [reason.code for reason in refusals(product, withdraw)] == ["not_passed"]


def test_where_none_holds_the_refusal_lists_all_sources_whatever_data_came(idea, maker, tester):
    execute(idea.retire, by=SYSTEM)
    for by, data in ((maker, None), (tester, FOUND), (SYSTEM, {"what": "ever"})):
        with pytest.raises(NotAllowed) as refusal:
            execute(idea.withdraw, by=by, data=data)
        assert refusal.value.detail == "Only from An idea or On sale."
        assert refusal.value.facts["allowed_from"] == ["idea", "live"]
    with pytest.raises(Forbidden, match="Only a maker or a tester or the system may do this"):
        execute(idea.withdraw, by=person("stranger"))


def test_people_see_one_action_as_it_is_here(idea, live, maker, tester):
    def shown(product, user):
        return [one for one in actions(product, user) if one["name"] == "withdraw"]

    assert [one["label"] for one in shown(idea, maker)] == ["Drop the idea"]
    assert shown(idea, maker)[0]["needs"]["properties"] == {}
    assert [one["label"] for one in shown(live, tester)] == ["Recall"]
    assert list(shown(live, tester)[0]["needs"]["properties"]) == ["fault"]
    assert shown(idea, tester) == shown(live, maker) == []
    execute(idea.retire, by=SYSTEM)
    (gone,) = shown(idea, tester)
    assert (gone["allowed"], gone["reasons"]) == (
        False,
        [{"code": "wrong_state", "detail": "Only from An idea or On sale."}],
    )


def test_the_timeline_tells_which_one_it_was(idea, live, maker, tester):
    execute(idea.withdraw, by=maker)
    recalled = execute(live.withdraw, by=tester, data=FOUND)
    assert timeline(idea).entries[-1]["text"].startswith("Drop the idea, by Maker")
    assert timeline(live).entries[-1]["text"].startswith("Recall, by Tester")
    assert receipt(recalled)["transition"] == "withdraw"


def test_of_two_beside_each_other_the_later_one_is_judged_where_it_finds_the_object(
    live, tester, maker
):
    """Each reads the state under the lock: never the first one's declaration in the other state."""
    answers, together = [], threading.Barrier(2)

    def give(by, data):
        try:
            mine = Product.objects.get(pk=live.pk)
            together.wait(10)
            answers.append(execute(mine.withdraw, by=by, data=data))
        except NotAllowed as refusal:
            answers.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=give, args=(tester, FOUND)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(type(one).__name__ for one in answers) == ["NotAllowed", "Operation"]


def test_a_key_stands_for_the_command_whichever_declaration_held(live, tester):
    first = execute(live.withdraw, by=tester, data={"fault": "none"}, key="one")
    execute(live.withdraw, by=tester, data=FOUND)
    again = execute(live.withdraw, by=tester, data={"fault": "none"}, key="one")
    assert (again.id, again.replayed) == (first.id, True)
