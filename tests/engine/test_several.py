"""Commands of several workflows on one object: one version, one lock, each its own follow-ups."""

import threading

import pytest
from django.db import connection

from tests.testapp.models import Gem, Product
from tests.testapp.several import Unsafe
from workflows_app import SYSTEM, Forbidden, GuardFailed, NotAllowed, Refused, Stale
from workflows_app.engine import execute, execute_many
from workflows_app.engine.drain import drain
from workflows_app.models import EffectRun, Event, EventKind, Operation, RunState
from workflows_app.models.guard import lifted
from workflows_app.ops import resolve, skip

from .conftest import person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def maker():
    return person("maker", "make_product")


@pytest.fixture
def tester():
    return person("tester", "test_product")


@pytest.fixture
def product():
    return Product.objects.create(title="lamp")


def told(product):
    operations = Operation.objects.of("testapp.product", str(product.pk))
    return [(o.version, o.field, o.transition, o.source, o.target) for o in operations]


def stands(product):
    product.refresh_from_db()
    return product.status, product.review_status, product.version


def test_each_command_is_an_operation_of_its_own_workflow(product, maker, tester):
    execute(product.judge, by=tester, data={"grade": "A"})
    execute(product.launch, by=maker, version=1)
    assert stands(product) == ("live", "passed", 2)
    assert told(product) == [
        (0, "status", "create", "", "idea"),
        (1, "review_status", "judge", "open", "passed"),
        (2, "status", "launch", "idea", "live"),
    ]


def test_a_list_of_targets_stays_in_the_state_of_its_own_field(product, tester):
    execute(product.judge, by=tester, data={"grade": "C"})
    assert stands(product) == ("idea", "open", 1)
    assert told(product)[-1] == (1, "review_status", "judge", "open", "open")


def test_a_guard_of_one_workflow_reads_the_state_of_the_other(product, maker):
    with pytest.raises(GuardFailed, match="has not passed"):
        execute(product.launch, by=maker)
    with pytest.raises(Forbidden):
        execute(product.review, by=maker)


def test_a_refusal_says_where_the_object_stands_in_the_workflow_of_the_command(product, tester):
    execute(product.review, by=tester)
    with pytest.raises(NotAllowed) as refusal:
        execute(product.judge, by=tester, data={"grade": "A"})
    assert refusal.value.current.state == "lab"
    assert refusal.value.detail == "Only from To be reviewed."


def test_a_version_seen_before_the_other_workflow_moved_is_stale(product, maker, tester):
    execute(product.review, by=tester, version=0)
    with pytest.raises(Stale):
        execute(product.retire, by=maker, version=0)
    execute(product.retire, by=maker, version=1)


def test_a_body_asks_its_own_object_for_the_other_workflow(product, maker):
    operation = execute(product.hurry, by=maker)
    assert stands(product) == ("idea", "lab", 2)
    assert product.title == "lamp!"
    assert told(product)[1:] == [
        (1, "status", "hurry", "idea", "idea"),
        (2, "review_status", "review", "open", "lab"),
    ]
    caused = Operation.objects.get(version=2)
    assert (caused.cause, caused.actor) == (operation.as_cause(), "system")
    assert [one.version for one in product.history.all()] == [2, 1, 0]


def test_a_refusal_of_the_other_workflow_refuses_the_whole_command(product, maker, tester):
    execute(product.review, by=tester)
    with pytest.raises(Refused, match="Only from To be reviewed"):
        execute(product.hurry, by=maker)
    assert (stands(product), product.title) == (("idea", "lab", 1), "lamp")


def test_what_follows_runs_in_the_workflow_that_asked(product, tester, answers):
    answers["ask_lab"] = lambda product, run: {"grade": "A", "paper": 7}
    execute(product.review, by=tester)
    drain()
    assert stands(product) == ("idea", "passed", 2)
    assert product.grade == "A"
    assert told(product)[-1] == (2, "review_status", "pass_review", "lab", "passed")


def test_what_follows_is_not_put_off_by_a_move_of_the_other_workflow(
    product, maker, tester, answers
):
    answers["ask_lab"] = lambda product, run: {"grade": "A"}
    execute(product.review, by=tester)
    execute(product.retire, by=maker)
    drain()
    assert stands(product) == ("off", "passed", 3)
    assert not Event.objects.filter(kind=EventKind.FOLLOW_UP_UNWANTED).exists()


def test_what_follows_a_failure_may_move_both(product, tester, answers):
    def refuse(product, run):
        raise Unsafe

    answers["ask_lab"] = refuse
    execute(product.review, by=tester)
    drain()
    assert stands(product) == ("off", "failed", 3)
    assert product.fault == "unsafe"


def test_an_object_begins_by_the_command_of_a_later_workflow(maker):
    operation = execute(Gem.find, by=maker, key="one")
    gem = Gem.objects.get()
    assert (gem.front, gem.back, gem.version) == ("open", "shut", 0)
    assert (operation.field, operation.target, operation.object_id) == ("back", "shut", str(gem.pk))
    assert execute(Gem.find, by=maker, key="one").replayed
    execute(gem.shut_front, by=maker)
    execute(gem.open_back, by=maker)
    assert (gem.front, gem.back, gem.version) == ("shut", "open", 2)
    assert EffectRun.objects.get().effect == "tell_maker"


def test_a_first_command_of_any_workflow_adopts_the_object_with_all_its_states(maker):
    Gem.objects.bulk_create([Gem(back="shut")])
    execute(Gem.objects.get().open_back, by=maker)
    adopted, opened = Operation.objects.order_by("version")
    assert (adopted.field, adopted.target) == ("front", "open")
    assert adopted.data == {"states": {"back": "shut"}}
    assert (opened.field, opened.source, opened.target) == ("back", "shut", "open")


def test_a_state_under_a_former_name_is_left_to_its_own_workflow(tester):
    Product.objects.bulk_create([Product(title="old")])
    with lifted("default", only="update"):
        Product.objects.update(review_status="raw")
    product = Product.objects.get()
    execute(product.retire, by=SYSTEM)
    stored = Product.objects.extra(select={"stored": "review_status"}).values_list("stored")
    assert (stands(product), stored.get()[0]) == (("off", "open", 1), "raw")
    execute(product.judge, by=tester, data={"grade": "C"})
    assert stored.get()[0] == "open"
    adopted, _, judged = Operation.objects.order_by("version")
    assert adopted.data == {"states": {"review_status": "raw"}}
    assert (judged.source, judged.target) == ("raw", "open")


def test_a_decision_about_a_run_is_an_operation_of_its_workflow(product, tester, answers):
    operator = person("operator", "resolve_run", "skip_run")
    execute(product.review, by=tester)
    skipped = skip(EffectRun.objects.get(effect="tell_maker"), by=operator, reason="Told.")
    assert (skipped.field, skipped.source, skipped.target) == ("review_status", "lab", "lab")
    EffectRun.objects.filter(effect="ask_lab").update(state=RunState.IN_DOUBT)
    run = EffectRun.objects.get(effect="ask_lab")
    with pytest.raises(Stale) as refusal:
        resolve(run, happened=True, by=operator, reason="Asked.", version=0)
    assert refusal.value.current.state == "lab"
    resolve(run, happened=True, by=operator, reason="Asked.", result={"grade": "B"})
    assert stands(product) == ("idea", "passed", 4)


def test_many_commands_of_both_workflows(product, maker):
    answers = execute_many([product.retire, product.hurry, product.fail_review], by=SYSTEM)
    assert [type(one).__name__ for one in answers] == ["Operation", "Forbidden", "NotAllowed"]


def test_commands_of_both_workflows_beside_each_other_each_see_the_others_version(product):
    """One wins the lock, the other sees its version and is stale: never two of one version."""
    answers, together = [], threading.Barrier(2)

    def give(name):
        try:
            mine = Product.objects.get(pk=product.pk)
            together.wait(10)
            answers.append(execute(getattr(mine, name), by=SYSTEM, version=0))
        except Stale as refusal:
            answers.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=give, args=[name]) for name in ("review", "retire")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(type(one).__name__ for one in answers) == ["Operation", "Stale"]
    assert stands(product)[2] == 1
    assert [row[0] for row in told(product)] == [0, 1]


def test_commands_of_both_workflows_beside_each_other_both_count(product):
    together = threading.Barrier(2)

    def give(name):
        try:
            mine = Product.objects.get(pk=product.pk)
            together.wait(10)
            execute(getattr(mine, name), by=SYSTEM)
        finally:
            connection.close()

    threads = [threading.Thread(target=give, args=[name]) for name in ("review", "retire")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert stands(product) == ("off", "lab", 2)
    assert [row[0] for row in told(product)] == [0, 1, 2]
