"""Installing and lifting the guard: idempotent, complete, and never silently absent."""

from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.core import checks
from django.core.management import call_command
from django.db import NotSupportedError, connection
from django.db.models.signals import post_migrate, pre_migrate

from tests.testapp.models import Crate
from workflows_app.contract.registry import contracts
from workflows_app.models.guard import absent, dialects, install, lift, lifted, missing
from workflows_app.models.guard.dialects import dialect_of
from workflows_app.models.guard.mariadb import VIEWS
from workflows_app.models.guard.triggers import wanted_triggers

#: With real transactions: MariaDB commits whenever a trigger or a table is changed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def guard_stands_afterwards(transactional_db):
    yield
    install("default")


@contextmanager
def renamed(table, name):
    dialect = dialect_of(connection)
    dialect.run([f"ALTER TABLE {table} RENAME TO {name}"])
    try:
        yield
    finally:
        dialect.run([f"ALTER TABLE {name} RENAME TO {table}"])


def standing():
    return {trigger.name for trigger in dialect_of(connection).standing()}


def test_migrate_has_installed_everything(db):
    assert missing("default") == []
    assert standing() == set(wanted_triggers(dialect_of(connection)))


def test_every_workflow_table_and_every_record_is_guarded(db):
    labels = {trigger.label for trigger in wanted_triggers(dialect_of(connection)).values()}
    assert {
        "update of testapp_parcel",
        "insert of testapp_parcel",
        "update of workflows_app_operation",
        "delete of workflows_app_operation",
        "update of workflows_app_event",
        "delete of workflows_app_event",
    } <= labels


def test_installing_again_changes_nothing(db):
    before = standing()
    install("default")
    assert standing() == before


def test_lifting_removes_everything_and_missing_says_what(crate):
    lift("default")
    assert standing() == set()
    assert "update of testapp_crate" in missing("default")
    assert Crate.objects.update(status="shut") == 1
    install("default")
    assert missing("default") == []


def test_a_lifted_guard_stands_again_when_the_block_fails(db):
    with pytest.raises(RuntimeError), lifted("default"):
        assert standing() == set()
        raise RuntimeError
    assert missing("default") == []


def test_one_missing_trigger_is_named_and_put_back(db):
    dialect = dialect_of(connection)
    one = next(t for t in wanted_triggers(dialect).values() if t.label == "insert of testapp_crate")
    dialect.run(dialect.drop(one.name, one.table))
    assert missing("default") == absent("default") == ["insert of testapp_crate"]
    install("default")
    assert missing("default") == []


def test_a_trigger_of_an_older_contract_is_replaced(db):
    dialect = dialect_of(connection)
    one = next(t for t in wanted_triggers(dialect).values() if t.label == "insert of testapp_crate")
    older = replace(one, watch="0 = 1")
    dialect.run(dialect.drop(one.name, one.table) + dialect.create(older))
    assert missing("default") == ["insert of testapp_crate"]
    assert absent("default") == []
    install("default")
    assert older.name not in standing()
    assert missing("default") == []


@pytest.mark.only_on("postgresql")
def test_a_disabled_trigger_counts_as_missing_and_is_put_back(db, raw):
    raw("ALTER TABLE testapp_crate DISABLE TRIGGER USER")
    assert missing("default") == ["insert of testapp_crate", "update of testapp_crate"]
    install("default")
    assert missing("default") == []


@pytest.mark.only_on("mysql")
def test_without_the_view_that_triggers_read_all_count_as_missing(db, raw):
    raw("DROP VIEW workflows_guard_operations")
    assert "update of testapp_crate" in missing("default")
    install("default")
    assert missing("default") == []


@pytest.mark.only_on("mysql")
def test_mariadb_10_6_which_keeps_a_uuid_as_hex_renders_it_as_python_does(db, monkeypatch):
    key = uuid4()
    monkeypatch.setattr(connection.features, "has_native_uuid_field", False)
    rendered = dialect_of(connection).key_as_text(f"'{key.hex}'", is_uuid=True)
    assert dialect_of(connection).rows(f"SELECT {rendered}") == [(str(key),)]


@pytest.mark.only_on("mysql")
def test_lifting_leaves_no_view_behind(db):
    query = "SELECT COUNT(*) FROM information_schema.views WHERE table_schema = DATABASE()"
    assert dialect_of(connection).rows(query) == [(len(VIEWS),)]
    lift("default")
    assert dialect_of(connection).rows(query) == [(0,)]


@pytest.mark.only_on("postgresql")
def test_lifting_leaves_no_functions_behind(db):
    query = "SELECT COUNT(*) FROM pg_proc WHERE proname LIKE 'workflows_guard_%'"
    assert dialect_of(connection).rows(query)[0][0] == len(standing())
    lift("default")
    assert dialect_of(connection).rows(query)[0][0] == 0


@pytest.mark.only_on("postgresql")
def test_a_function_whose_table_was_dropped_goes_too(db, raw):
    query = "SELECT COUNT(*) FROM pg_proc WHERE proname = 'workflows_guard_of_a_ship'"
    raw("CREATE FUNCTION workflows_guard_of_a_ship() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NULL; END $$")  # fmt: skip
    raw("CREATE TABLE ship (id int)")
    raw("CREATE TRIGGER workflows_guard_of_a_ship AFTER INSERT ON ship"
        " FOR EACH ROW EXECUTE FUNCTION workflows_guard_of_a_ship()")  # fmt: skip
    raw("DROP TABLE ship")
    assert dialect_of(connection).rows(query) == [(1,)]
    install("default")
    assert dialect_of(connection).rows(query) == [(0,)]
    assert missing("default") == []


def test_tables_that_are_not_there_are_skipped(db):
    others = [c.model._meta.db_table for c in contracts() if c.model is not Crate]
    lift("default")
    with renamed("testapp_crate", "testapp_elsewhere"):
        install("default")
        guarded = {trigger.table for trigger in dialect_of(connection).standing()}
        lift("default")
    assert "testapp_crate" not in guarded
    assert guarded & set(others)


def test_without_the_operations_table_nothing_is_installed(db):
    lift("default")
    with renamed("workflows_app_operation", "elsewhere"):
        install("default")
        assert standing() == set()
        assert missing("default") == []


def test_a_database_we_cannot_guard_is_refused_in_words():
    class Oracle:
        vendor = "oracle"

    with pytest.raises(NotSupportedError, match=r"cannot guard a oracle database.*PostgreSQL"):
        dialect_of(Oracle())


class Server:
    """What a server says of itself."""

    vendor = "mysql"

    def __init__(self, version, *, mariadb=True, transactions=True):
        self.mysql_version, self.mysql_is_mariadb = version, mariadb
        self.features = SimpleNamespace(supports_transactions=transactions)


@pytest.mark.parametrize("version", [(10, 6, 1), (10, 11, 6), (11, 8, 2)])
def test_a_mariadb_that_locks_and_sorts_is_known(version):
    assert dialect_of(Server(version)).vendor == "mysql"


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (Server((8, 4, 0), mariadb=False), "MySQL"),
        (Server((10, 5, 20)), r"MariaDB 10\.5\.20"),
        (Server((10, 11, 2)), r"MariaDB 10\.11\.2"),  # sorts ids by other bits than their time
        (Server((10, 6, 1), transactions=False), "no transactions"),
    ],
)
def test_another_server_is_refused_in_words(server, reason):
    with pytest.raises(NotSupportedError, match=rf"this is {reason}|engine has {reason}"):
        dialect_of(server)


def test_the_check_refuses_a_database_we_cannot_guard(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(dialects, "KNOWN", {})
        found = checks.run_checks(tags=[checks.Tags.database], databases=["default"])
    (error,) = [one for one in found if one.id == "workflows_app.E044"]
    assert error.level == checks.ERROR
    assert "cannot guard" in error.msg


def test_the_check_warns_and_says_the_cure(db):
    def warnings(**kwargs):
        found = checks.run_checks(tags=[checks.Tags.database], **kwargs)
        return [one for one in found if one.id == "workflows_app.W040"]

    assert warnings(databases=["default"]) == []
    lift("default")
    assert warnings(databases=[]) == []
    (warning,) = warnings(databases=["default"])
    assert warning.level == checks.WARNING
    assert "update of testapp_crate" in warning.msg
    assert "migrate --database default" in warning.hint


def test_migrate_puts_back_what_is_missing(db):
    lift("default")
    call_command("migrate", verbosity=0)
    assert missing("default") == []


def test_the_guard_is_seen_to_once_in_a_migrate_run(db):
    name = "workflows_app.models.guard.around_migrations"
    for signal, count in ((pre_migrate, 1), (post_migrate, 1)):
        mine = [r for r in signal.receivers if getattr(r[1](), "__module__", "") == name]
        assert len(mine) == count
