"""A key is one command, however often and wherever at once it is sent."""

import pytest

from tests.testapp.models import Parcel
from workflows_app import KeyReused, Stale
from workflows_app.engine import create, edit, execute
from workflows_app.models import Operation

from .races import Crowd, at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 200
DUPLICATES = 8


@pytest.fixture
def shelved(packed, clerk):
    """A parcel on the shelf, which may be dusted again and again."""
    Parcel.objects.filter(pk=packed.pk).update(title="shelf")
    execute(packed.sort, by=clerk)
    return packed


def dust(parcel, user, **more):
    """A function that sends the command for an instance of its own when it is called."""
    return lambda: execute(Parcel.objects.get(pk=parcel.pk).dust, by=user, **more)


def by_type(outcomes):
    """The operations and the errors among some outcomes."""
    errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    return [outcome for outcome in outcomes if outcome not in errors], errors


def test_eight_parallel_duplicates_are_one_operation_and_seven_replays(shelved, clerk):
    with Crowd(DUPLICATES) as crowd:
        for number in range(ROUNDS):
            version = 2 + number
            key = f"key {number}"
            one = dust(shelved, clerk, key=key, version=version)
            operations, errors = by_type(crowd.round(*[one] * DUPLICATES))
            assert errors == []
            assert {operation.version for operation in operations} == {version + 1}
            assert len({operation.id for operation in operations}) == 1
            assert sorted(operation.replayed for operation in operations) == [False] + [True] * 7
    assert Operation.objects.filter(transition="dust").count() == ROUNDS


def test_of_two_keys_for_one_version_one_wins_and_one_is_stale(shelved, clerk, people):
    with Crowd(2) as crowd:
        for number in range(ROUNDS):
            version = 2 + number
            outcomes = crowd.round(
                dust(shelved, clerk, key=f"a {number}", version=version),
                dust(shelved, people["clerk2"], key=f"b {number}", version=version),
            )
            operations, errors = by_type(outcomes)
            assert [operation.version for operation in operations] == [version + 1]
            assert [type(error) for error in errors] == [Stale]
            assert errors[0].current.version == version + 1
    assert Operation.objects.filter(transition="dust").count() == ROUNDS


def test_one_key_for_two_objects_at_once_is_one_operation_and_one_refusal(people, sender):
    with Crowd(2) as crowd:
        for number in range(50):
            pair = [Parcel.objects.create(sender=sender, title="x", address="y") for _ in "ab"]
            outcomes = crowd.round(
                *[
                    lambda one=one, key=f"key {number}": execute(
                        one.pack, by=sender, data={"grams": 1}, key=key
                    )
                    for one in pair
                ]
            )
            operations, errors = by_type(outcomes)
            assert len(operations) == 1
            assert [type(error) for error in errors] == [KeyReused]
            assert errors[0].facts == {"operation": str(operations[0].id)}
            moved = [Parcel.objects.get(pk=one.pk).status for one in pair]
            assert sorted(moved) == ["new", "packed"]


def test_parallel_creations_with_one_key_make_one_object(sender):
    def one():
        made = Parcel(sender=sender, title="x")
        return create(made, by=sender, data={"title": "x"}, key="c")

    with Crowd(DUPLICATES) as crowd:
        operations, errors = by_type(crowd.round(*[one] * DUPLICATES))
    assert errors == []
    assert len({operation.id for operation in operations}) == 1
    assert sorted(operation.replayed for operation in operations) == [False] + [True] * 7
    assert Parcel.objects.count() == 1
    assert Parcel.history.count() == 1


def test_a_replay_shows_the_caller_the_object_as_it_is_now(shelved, clerk):
    early = Parcel.objects.get(pk=shelved.pk)
    first = execute(shelved.dust, by=clerk, key="k")
    again = execute(early.dust, by=clerk, key="k")
    assert again.replayed and again.id == first.id
    assert early.version == shelved.version == 3


def test_a_client_that_heard_nothing_gets_its_receipt_even_if_the_object_has_moved_on(
    packed, clerk, people
):
    first = execute(packed.ship, by=clerk, key="k", version=1)
    execute(packed.cover, by=people["clerk2"])
    again = execute(Parcel.objects.get(pk=packed.pk).ship, by=clerk, key="k", version=1)
    assert again.replayed and again.id == first.id
    assert first.runs.count() == 2


def test_two_different_commands_at_once_are_both_judged_on_what_is_true(packed, clerk, people):
    outcomes = at_once(
        lambda: execute(Parcel.objects.get(pk=packed.pk).ship, by=clerk),
        lambda: execute(Parcel.objects.get(pk=packed.pk).ship, by=people["clerk2"]),
    )
    operations, errors = by_type(outcomes)
    assert len(operations) == len(errors) == 1
    assert errors[0].code == "wrong_state"
    assert errors[0].current.state == "shipping"


def edits(parcel, user, **more):
    """A function that edits an instance of its own when it is called."""
    return lambda: edit(Parcel.objects.get(pk=parcel.pk), by=user, **more)


def test_of_an_edit_and_a_command_for_one_version_one_wins_and_one_is_stale(shelved, clerk, people):
    with Crowd(2) as crowd:
        for number in range(ROUNDS // 4):
            version = 2 + number
            outcomes = crowd.round(
                edits(shelved, clerk, data={"title": f"t {number}"}, version=version),
                dust(shelved, people["clerk2"], version=version),
            )
            operations, errors = by_type(outcomes)
            assert [operation.version for operation in operations] == [version + 1]
            assert [type(error) for error in errors] == [Stale]
            shown = Parcel.objects.get()
            assert (shown.title == f"t {number}") == (operations[0].kind == "edit")
    assert Operation.objects.filter(version__gt=2).count() == ROUNDS // 4


def test_parallel_duplicates_of_an_edit_are_one(shelved, clerk):
    with Crowd(DUPLICATES) as crowd:
        for number in range(ROUNDS // 10):
            one = edits(
                shelved, clerk, data={"title": f"t {number}"}, key=f"k {number}", version=2 + number
            )
            operations, errors = by_type(crowd.round(*[one] * DUPLICATES))
            assert errors == []
            assert len({operation.id for operation in operations}) == 1
