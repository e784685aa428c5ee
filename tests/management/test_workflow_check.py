"""``workflow_check`` says whether this code fits this database, and exits by it."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from tests.stories.another_release import move, stored_under
from tests.testapp.models import Label, Parcel
from workflows_app.engine.ledger import write_operation
from workflows_app.models import EffectRun, Operation
from workflows_app.models.guard import install, lift, lifted
from workflows_app.models.guard.dialects import dialect_of

pytestmark = pytest.mark.django_db(transaction=True)

#: The test app has some contracts that are wrong on purpose; here only the database is asked.
CONTRACTS = [
    f"workflows_app.{kind}{n:03}" for kind in "EW" for n in range(59) if (kind, n) != ("E", 44)
]


@pytest.fixture(autouse=True)
def only_the_database():
    with override_settings(SILENCED_SYSTEM_CHECKS=CONTRACTS):
        yield


def check(*arguments):
    """Exit code and output."""
    out = StringIO()
    try:
        call_command("workflow_check", *arguments, stdout=out)
    except SystemExit as ended:
        return ended.code, out.getvalue()
    return 0, out.getvalue()


def found(*arguments, code=0):
    ended, out = check("--live", "--format", "json", *arguments)
    told = json.loads(out)
    assert (ended, told["fine"]) == (code, code == 0), told
    return {finding["id"].removeprefix("workflows_app."): finding for finding in told["findings"]}


def test_a_database_that_fits_is_fine(shipping):
    assert found() == {}
    assert check("--live") == (0, "workflow_check: fine (errors: 0, warnings: 0, notices: 0).\n")


def test_objects_in_an_unknown_state_are_a_fault_with_their_keys(packed, people):
    move(packed, "melted")
    told = found(code=1)["E069"]
    assert (told["level"], told["about"], told["count"]) == ("error", "testapp.Parcel", 1)
    assert told["examples"] == [str(packed.pk)]
    assert "'melted'" in told["text"] and "was=['melted']" in told["hint"]
    code, text = check("--live")
    assert code == 1
    assert "ERROR testapp.Parcel: (workflows_app.E069) 1 object is in the state 'melted'" in text
    assert f"FOR EXAMPLE: {packed.pk}" in text
    assert "not fine (errors: 1," in text


def test_the_keys_of_three_are_enough(people):
    with lifted("default"):
        Parcel.objects.bulk_create(
            Parcel(sender=people["sender"], title=f"p{n}", status="melted") for n in range(5)
        )
    told = found(code=1)["E069"]
    assert (told["count"], len(told["examples"])) == (5, 3)


def test_objects_under_a_former_value_are_only_a_notice(packed):
    move(packed, "underway")
    told = found()["I061"]
    assert (told["level"], told["count"]) == ("notice", 1)
    assert "'underway', which is 'shipping' today" in told["text"]


@pytest.mark.parametrize("state", ["queued", "held", "running", "in_doubt"])
def test_open_runs_of_an_unknown_effect_are_a_fault(shipping, state):
    EffectRun.objects.filter(effect="hand_over").update(effect="of_yesterday", state=state)
    told = found(code=1)["E070"]
    assert (told["about"], told["count"]) == ("testapp.Parcel", 1)
    assert told["examples"] == [str(EffectRun.objects.get(effect="of_yesterday").pk)]


def test_a_follow_up_that_is_still_to_come_is_open(shipping):
    EffectRun.objects.filter(effect="hand_over").update(
        effect="of_yesterday", state="done", follow_up="pending"
    )
    assert "E070" in found(code=1)


def test_settled_runs_of_an_unknown_effect_are_history(shipping):
    EffectRun.objects.update(effect="of_yesterday", state="done")
    assert found() == {}


def test_open_runs_of_a_removed_model_are_a_fault(shipping):
    EffectRun.objects.filter(effect="hand_over").update(object_type="attic.trunk")
    told = found(code=1)["E071"]
    assert (told["about"], told["count"]) == (None, 1)
    assert "attic.trunk" in told["text"]


def test_open_runs_under_a_former_name_are_only_a_notice(shipping):
    stored_under("give_away", "hand_over")
    assert "'give_away', which is 'hand_over' today" in found()["I061"]["text"]


def test_operations_of_an_unknown_transition_are_only_a_notice(parcel):
    move(parcel, "packed", transition="wrap")
    told = found()["I060"]
    assert (told["level"], told["count"]) == ("notice", 1)
    assert "'wrap'" in told["text"]


def test_what_people_did_without_a_transition_is_no_unknown_transition(parcel):
    write_operation(
        parcel, "default", version=1, transition="skip", source="new", target="new",
        kind="operator", actor="user:1", actor_label="o",
    )  # fmt: skip
    assert found() == {}


def test_objects_without_operation_0_are_a_warning(people):
    Parcel.objects.create(sender=people["sender"], title="known")
    Parcel.objects.bulk_create(Parcel(sender=people["sender"], title=f"b{n}") for n in range(4))
    Label.objects.bulk_create([Label(code="A/1")])
    told = found()["W059"]
    assert told["level"] == "warning"
    texts = [one["text"] for one in json.loads(check("--live", "--format", "json")[1])["findings"]]
    assert [text.partition(" without")[0] for text in texts] == ["1 object is", "4 objects are"]
    assert "workflow_adopt testapp.Parcel" in check("--live")[1]
    found("--fail-level", "warning", code=1)
    call_command("workflow_adopt", "testapp.Parcel", stdout=StringIO())
    call_command("workflow_adopt", "testapp.Label", stdout=StringIO())
    assert found("--fail-level", "warning") == {}


def test_a_guard_that_is_not_complete_is_a_fault_except_before_migrations():
    lift("default")
    try:
        assert "insert of testapp_parcel" in found(code=1)["E072"]["text"]
        assert found("--before-migrate") == {}
    finally:
        install("default")


@pytest.mark.only_on("postgresql")
def test_a_trigger_that_is_disabled_is_a_fault():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE testapp_parcel DISABLE TRIGGER USER")
    try:
        assert "update of testapp_parcel" in found(code=1)["E072"]["text"]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE testapp_parcel ENABLE TRIGGER USER")


def test_a_table_that_is_not_there_is_a_fault_except_before_migrations():
    dialect = dialect_of(connection)
    lift("default")
    dialect.run(["ALTER TABLE testapp_label RENAME TO elsewhere"])
    try:
        told = found(code=1)["E073"]
        assert told["about"] == "testapp.Label"
        assert "of testapp_label" in told["text"]
        assert found("--before-migrate") == {}
    finally:
        dialect.run(["ALTER TABLE elsewhere RENAME TO testapp_label"])
        install("default")


def test_without_live_no_database_is_asked(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert check()[0] == 0


@override_settings(SILENCED_SYSTEM_CHECKS=[], WORKFLOWS={"NO_SUCH_SETTING": 1})
def test_a_fault_of_the_contracts_or_settings_is_found_without_live():
    code, text = check()
    assert code == 1
    assert "(workflows_app.E040)" in text


@override_settings(SILENCED_SYSTEM_CHECKS=[*CONTRACTS, "workflows_app.E069"])
def test_what_the_project_silenced_is_not_said(packed):
    move(packed, "melted")
    assert found() == {}


def test_wrong_arguments_are_no_fault_of_the_database():
    with pytest.raises(CommandError):
        call_command("workflow_check", "--format", "yaml")


def test_it_asks_a_few_questions_however_many_rows_there_are(packed, people):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            check("--live")
        return len(queries)

    few = asked()
    for n in range(20):
        Parcel.objects.create(sender=people["sender"], title=f"p{n}")
    assert Operation.objects.count() > 20
    assert asked() == few
