"""A command inside somebody's transaction, and among the transactions of others."""

from contextlib import contextmanager

import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections, transaction
from django.db.models.signals import pre_save
from psycopg import IsolationLevel

from tests.testapp.models import Parcel
from workflows_app import KeyReused, NotAllowed, TryAgain
from workflows_app.engine import create, execute
from workflows_app.engine.answers import Happened
from workflows_app.engine.claim import claim
from workflows_app.engine.locking import TRIES
from workflows_app.engine.queue.wake import CHANNEL
from workflows_app.engine.settle import settle
from workflows_app.engine.sweep import effect_of, sweep
from workflows_app.models import EffectRun, Operation
from workflows_app.testing import Pause, statement

from .races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pair(people):
    """Two parcels that may be packed."""
    return [
        Parcel.objects.create(sender=people["sender"], title=title, address="x") for title in "ab"
    ]


def pack(parcel, user, **more):
    return execute(Parcel.objects.get(pk=parcel.pk).pack, by=user, data={"grams": 1}, **more)


def statements_of(function):
    """Every statement a function sends to the database."""
    seen = []

    def note(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        function()
    return seen


def test_a_command_is_undone_with_the_transaction_around_it(pair, sender):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        pack(pair[0], sender)
        1 / 0  # noqa: B018  any error will do
    assert Parcel.objects.get(pk=pair[0].pk).status == "new"
    assert not Operation.objects.filter(transition="pack").exists()


def test_a_refusal_undoes_itself_alone(pair, sender, clerk):
    with transaction.atomic():
        pack(pair[0], sender)
        with pytest.raises(NotAllowed):
            execute(Parcel.objects.get(pk=pair[1].pk).ship, by=clerk)
        pack(pair[1], sender)
    assert set(Parcel.objects.values_list("status", flat=True)) == {"packed"}


def test_a_key_used_elsewhere_leaves_the_callers_transaction_whole(pair, sender):
    with transaction.atomic():
        pack(pair[0], sender, key="k")
        with pytest.raises(KeyReused):
            pack(pair[1], sender, key="k")
        made = Parcel(sender=sender, title="c")
        create(made, by=sender, data={"title": "c"})
    assert Parcel.objects.count() == 3


@pytest.mark.only_on("postgresql")
def test_nobody_is_woken_before_the_outermost_commit(packed, clerk):
    def ship():
        with transaction.atomic():
            execute(packed.ship, by=clerk)
            with connection.cursor() as cursor:
                cursor.execute("SELECT 'the last statement'")

    assert statements_of(ship)[-2:] == ["SELECT 'the last statement'", f"NOTIFY {CHANNEL}"]


def test_a_command_that_is_rolled_back_wakes_nobody(packed, clerk):
    def ship():
        with transaction.atomic():
            execute(packed.ship, by=clerk)
            transaction.set_rollback(True)

    assert not [sql for sql in statements_of(ship) if CHANNEL in sql]
    assert not EffectRun.objects.exists()


@pytest.mark.only_on("postgresql", "mysql")
def test_of_two_callers_who_lock_in_opposite_order_one_is_told_and_nothing_is_half_done(
    pair, sender, people
):
    """Only the outermost may begin again: the deadlock reaches the caller who began."""
    first_locked, second_locked = Pause(statement("FOR UPDATE")), Pause(statement("FOR UPDATE"))
    one, other = pair

    def both(mine, order):
        with transaction.atomic():
            with mine.here():
                pack(order[0], sender)
            pack(order[1], sender)

    def conduct():
        first_locked.wait_until_reached()
        second_locked.wait_until_reached()
        first_locked.let_go()
        second_locked.let_go()

    outcomes = at_once(
        lambda: both(first_locked, [one, other]),
        lambda: both(second_locked, [other, one]),
        conduct,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "NoneType",
        "NoneType",
        "OperationalError",
    ]
    assert sorted(Parcel.objects.values_list("status", "version")) == [("packed", 1)] * 2


@pytest.mark.only_on("postgresql", "mysql")
def test_a_command_that_was_chosen_in_a_deadlock_is_tried_again(pair, sender):
    """A command by itself begins again, and the caller never hears of it."""
    one, other = pair
    outcomes, tries = deadlock(one, other, lambda: pack(other, sender))
    assert [type(outcome).__name__ for outcome in outcomes] == ["NoneType", "Operation"]
    assert tries == 2
    assert Operation.objects.filter(transition="pack").count() == 1


@pytest.mark.only_on("postgresql", "mysql")
def test_an_outcome_whose_follow_up_was_chosen_in_a_deadlock_is_stored(shipping, pair, clock):
    """MariaDB ends all of the transaction, PostgreSQL only the savepoint: the outcome is kept."""
    (run,) = [run for run in claim("default", 2) if run.effect == "hand_over"]
    run.operation  # noqa: B018  loaded by this thread's connection

    def store_the_outcome():
        return settle("default", run, effect_of(run), Happened({"tracking": "T-1"}), 0.1)

    outcomes, tries = deadlock(pair[0], shipping, store_the_outcome)
    assert outcomes == [None, True]
    assert tries >= 1
    clock.move(minutes=1)
    sweep("default")
    assert EffectRun.objects.get(pk=run.pk).follow_up == "done"
    assert Parcel.objects.get(pk=shipping.pk).status == "arrived"


def deadlock(one, other, step):
    """Outcomes of a long transaction that has ``one`` and wants ``other``, and of a step that has
    ``other`` and wants ``one`` when it saves; and how often the step came there.
    """
    holding, tries = Pause(statement("FOR UPDATE")), []

    def long_transaction():
        with transaction.atomic():
            with holding.here():
                Parcel.objects.select_for_update().get(pk=one.pk)
            be_spared()
            Parcel.objects.select_for_update().get(pk=other.pk)

    def wants_the_one(**kwargs):
        tries.append(1)
        if len(tries) == 1:
            holding.let_go()
            Parcel.objects.select_for_update().get(pk=one.pk)

    def after_it_has_the_one():
        holding.wait_until_reached()
        return step()

    pre_save.connect(wants_the_one, sender=Parcel)
    try:
        return at_once(long_transaction, after_it_has_the_one), len(tries)
    finally:
        pre_save.disconnect(wants_the_one, sender=Parcel)


def be_spared():
    """Make the database end another transaction in a deadlock, not this one."""
    if connection.vendor == "mysql":  # it ends the one that wrote less
        Group.objects.bulk_create([Group(name=f"group {number}") for number in range(100)])
        return
    with connection.cursor() as cursor:  # it ends the one that notices first
        cursor.execute("SET LOCAL deadlock_timeout = '10s'")


@contextmanager
def somebody_writes():
    """Another connection holds SQLite's write lock; ours waits for it only a moment."""
    other = connections.create_connection("default")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 10")
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
        yield other
    finally:
        other.close()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 20000")


@pytest.mark.only_on("sqlite")
def test_a_busy_sqlite_is_asked_again_a_bounded_number_of_times_and_then_try_again(pair, sender):
    mine = Parcel.objects.get(pk=pair[0].pk)
    with somebody_writes():
        begun = statements_of(lambda: pytest.raises(TryAgain, pack, mine, sender))
    assert begun.count("BEGIN IMMEDIATE") == TRIES
    assert (mine.status, mine.version) == ("new", 0)
    assert pack(mine, sender).version == 1


@pytest.mark.only_on("sqlite")
def test_a_sqlite_that_becomes_free_in_time_is_nobodys_concern(pair, sender):
    with somebody_writes() as other:

        def let_go_at_the_second_try(execute, sql, params, many, context):
            if sql == "BEGIN IMMEDIATE":
                tries.append(sql)
                if len(tries) == 2:
                    other.close()
            return execute(sql, params, many, context)

        tries = []
        with connection.execute_wrapper(let_go_at_the_second_try):
            assert pack(pair[0], sender).version == 1


@pytest.mark.only_on("sqlite")
def test_a_busy_sqlite_does_not_lose_an_answer(packed, clerk):
    execute(packed.cover, by=clerk)
    (run,) = claim("default", 1)
    run.operation  # noqa: B018  loaded before the database is busy
    with somebody_writes() as other:

        def let_go_at_the_third_try(execute, sql, params, many, context):
            if sql == "BEGIN IMMEDIATE":
                tries.append(sql)
                if len(tries) == 3:
                    other.close()
            return execute(sql, params, many, context)

        tries = []
        with connection.execute_wrapper(let_go_at_the_third_try):
            assert settle("default", run, effect_of(run), Happened({}), 0.1)
    assert EffectRun.objects.get().state == "done"


@pytest.fixture
def repeatable_read():
    """Every connection reads from one snapshot per transaction."""
    set_isolation(IsolationLevel.REPEATABLE_READ)
    yield
    set_isolation(None)


def set_isolation(level):
    connections.close_all()
    options = connections.settings["default"]["OPTIONS"]
    options.pop("isolation_level", None)
    if level:
        options["isolation_level"] = level
    del connections["default"]


@pytest.mark.only_on("postgresql")
def test_a_serialization_failure_is_tried_again(pair, people, repeatable_read):
    mine = pair[0]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("repeatable read",)
    pack(mine, people["sender"])
    outcomes = at_once(
        *[lambda: execute(Parcel.objects.get(pk=mine.pk).cover, by=people["clerk"])] * 6
    )
    assert [type(outcome) for outcome in outcomes] == [Operation] * 6
    assert Parcel.objects.get(pk=mine.pk).version == 7
