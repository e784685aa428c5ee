"""Copies of a model, for history or for migrations, have no part in its workflow."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.testapp.models import Crate, Letter, Tag
from tests.testapp.shapes import Lid
from workflows_app import SYSTEM, State, States
from workflows_app.contract.registry import contract_of, contracts
from workflows_app.engine import execute
from workflows_app.models import StatusField
from workflows_app.models.guard import install, lift


class OneMore(States):
    OPEN = State("open", "Open", owner=None)
    NEW = State("new", "New", owner=None, initial=True)


@pytest.fixture
def migration_state(db):
    loader = MigrationExecutor(connection).loader
    return loader.project_state().apps


def live():
    """What a copy might spoil: who is bound, which field fsm-2 uses, what is protected."""
    fields = [Crate._meta.get_field(name) for name in ("status", "status_since", "version")]
    return (
        [contract.model for contract in contracts()],
        contract_of(Crate).model,
        Crate.shut._django_fsm.field is fields[0],
        set(fields[0].transitions[Crate]),
        [field.protected for field in fields],
    )


def test_the_model_itself_is_bound_and_protected():
    _, model, own_field, transitions, protected = live()
    assert (model, own_field, protected) == (Crate, True, [True, True, True])
    assert transitions == {"shut", "reopen"}


def test_an_abstract_base_leaves_its_models_their_own_field():
    assert Letter.shut._django_fsm.field is Letter._meta.get_field("lid")
    assert contract_of(Letter).protected == ("lid", "lid_since", "version")


def test_a_time_that_the_model_declares_itself_is_the_only_one(db):
    (since,) = (f for f in Tag._meta.local_fields if f.name == "status_since")
    assert since.verbose_name == "shut since"
    tag = Tag.objects.create(crate=Crate.objects.create())
    before = tag.status_since
    execute(tag.shut, by=SYSTEM)
    assert Tag.objects.get().status_since > before


def test_a_historical_model_is_not_protected():
    snapshot = Crate.history.model(status="open")
    snapshot.status = "shut"
    snapshot.version = 3
    assert Crate.history.model not in [contract.model for contract in contracts()]


def test_a_migration_state_model_is_a_plain_model(migration_state):
    before = live()
    old = migration_state.get_model("testapp", "Crate")
    crate = old(title="a")
    crate.status = "shut"
    crate.version = 4
    assert live() == before
    assert [f.name for f in old._meta.local_fields].count("status_since") == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("which", ["live", "state"])
def test_altering_the_column_touches_neither_registry_nor_fsm(which):
    apps = MigrationExecutor(connection).loader.project_state().apps
    model = Crate if which == "live" else apps.get_model("testapp", "Crate")
    before, old = live(), model._meta.get_field("status")
    wider = StatusField(max_length=80, default="open")
    wider.set_attributes_from_name("status")
    wider.model = model
    Crate.objects.create()
    lift("default")
    try:
        for one, other in ((old, wider), (wider, old)):
            with connection.schema_editor() as editor:
                editor.alter_field(model, one, other)
    finally:
        install("default")
    assert live() == before
    assert Crate.objects.get().status == "open"


def test_states_are_no_matter_of_migrations():
    plain = StatusField().deconstruct()[1:]
    assert StatusField(Lid).deconstruct()[1:] == StatusField(OneMore).deconstruct()[1:] == plain
    path, args, kwargs = plain
    assert (path, args) == ("workflows_app.models.status_field.StatusField", [])
    assert kwargs == {"editable": False, "max_length": 50}


def test_no_migration_is_missing(db):
    call_command("makemigrations", "workflows_app", "testapp", check_changes=True, dry_run=True)
