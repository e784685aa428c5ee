"""Shapes of models and projects in which the promises could not hold are refused, with a cure."""

from contextlib import ExitStack

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.db import models
from django.test import override_settings
from django.test.utils import isolate_apps

from tests.contract.test_checks import contract, model, switch
from workflows_app import Role
from workflows_app.contract import checks
from workflows_app.contract.checks import people as people_checks
from workflows_app.contract.checks import shapes, surroundings
from workflows_app.contract.registry import Contract
from workflows_app.contract.workflow import workflows_of
from workflows_app.models import WorkflowHistory

HERE = "tests.contract.test_shape_checks"
USER = get_user_model()


@pytest.fixture(autouse=True)
def registry():
    with isolate_apps("tests.testapp") as registry:
        registry.all_models["auth"] = {"user": USER, "group": Group}
        yield


def found(faults):
    listed = list(faults)
    assert all(fault.hint for fault in listed)
    return {fault.id.removeprefix("workflows_app.") for fault in listed}


class Elsewhere:
    """Users are in another database, as ``routers`` say it."""

    def db_for_read(self, model, **hints):
        return "people" if model._meta.app_label == "auth" else "default"

    db_for_write = db_for_read

    def allow_relation(self, one, other, **hints):
        return True


class Vague(Elsewhere):
    """Leaves it open where users are, when it is asked on behalf of an object."""

    def db_for_read(self, model, instance=None, **hints):
        return None if instance else super().db_for_read(model)

    db_for_write = db_for_read


class Strict(Elsewhere):
    def allow_relation(self, one, other, **hints):
        return False


class Replica:
    def db_for_read(self, model, **hints):
        return "replica"

    def db_for_write(self, model, **hints):
        return "default"


def routed(router):
    return override_settings(DATABASE_ROUTERS=[f"{HERE}.{router.__name__}"])


class HidesRows(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(room="1")


class ShowsRows(models.Manager):
    pass


def save_without_arguments(self):
    models.Model.save(self)


def save_with_all(self, *args, **kwargs):
    models.Model.save(self, *args, **kwargs)


def save_with_named(self, force_insert=False, force_update=False, using=None, update_fields=None):
    models.Model.save(self, using=using)


def base_manager(manager):
    meta = type("Meta", (), {"base_manager_name": "rows", "app_label": "testapp"})
    return model(rows=manager(), Meta=meta)


def table(name):
    return model(Meta=type("Meta", (), {"db_table": name, "app_label": "testapp"}))


MODELS = {
    "a save() without arguments": (lambda: model(save=save_without_arguments), {"E084"}),
    "a save() that passes all on": (lambda: model(save=save_with_all), set()),
    "a save() that names all": (lambda: model(save=save_with_named), set()),
    "a base manager that hides": (lambda: base_manager(HidesRows), {"E085"}),
    "a base manager that does not": (lambda: base_manager(ShowsRows), set()),
    "a default manager that hides": (lambda: model(objects=HidesRows()), set()),
    "a table in quotes": (lambda: table('"flow"."lantern"'), {"E087"}),
    "a table with spaces": (lambda: table("My Lanterns"), set()),
}


@pytest.mark.parametrize("named", MODELS)
def test_a_model_of_this_shape(named):
    build, expected = MODELS[named]
    assert found(checks.faults_of([build()])) == expected


def test_an_unmanaged_model_is_a_model_like_others():
    meta = type("Meta", (), {"managed": False, "app_label": "testapp"})
    assert found(checks.faults_of([model(Meta=meta)])) == set()


def lantern(**said):
    free = models.ForeignKey(USER, models.CASCADE, related_name="+", db_constraint=False)
    history = WorkflowHistory(user_db_constraint=False)
    return model(**{"owner": free, "history": history} | said)


def asked(one, *checked):
    return found(fault for check in checked for fault in check(contract_on(one)))


def contract_on(one):
    (workflow,) = workflows_of(one)
    return Contract(one, workflow, workflow.workflow_field)


@pytest.mark.parametrize(
    ("router", "expected"), [(Elsewhere, set()), (Vague, {"E089"}), (Strict, {"E082"})]
)
def test_users_in_another_database(router, expected):
    one = lantern()
    with routed(router):
        assert asked(one, *shapes.ALL) == expected


def test_a_constraint_to_another_database():
    one = model()
    with routed(Elsewhere):
        faults = list(shapes.constraints_across_databases(contract_on(one)))
    assert found(faults) == {"E081"}
    assert {fault.hint for fault in faults} == {
        "owner: db_constraint=False",
        "history = WorkflowHistory(user_db_constraint=False)",
    }


@pytest.mark.parametrize(("path", "expected"), [("owner", set()), ("team", {"E083"})])
def test_a_role_by_a_path_stays_in_the_database_of_the_objects(path, expected):
    role = Role("somebody", column=path)
    obeyed = contract(switch("fix", by=role))
    team = models.ForeignKey(Group, models.CASCADE, related_name="+", db_constraint=False)
    one = lantern(obeyed=obeyed, team=team)
    with routed(Elsewhere):
        assert asked(one, shapes.roles_across_databases) == expected


class NoPermissions(AbstractBaseUser):
    USERNAME_FIELD = "name"
    name = models.CharField(max_length=20)

    class Meta:
        app_label = "nowhere"


class LongName(AbstractBaseUser):
    USERNAME_FIELD = "name"
    name = models.CharField(max_length=200, primary_key=True)

    class Meta:
        app_label = "nowhere"


def test_a_permission_that_no_user_could_have(monkeypatch):
    one = model()
    monkeypatch.setattr(people_checks, "get_user_model", lambda: NoPermissions)
    assert asked(one, people_checks.permissions_nobody_can_have) == {"E079"}


def test_a_key_of_users_that_is_no_name_of_an_actor(monkeypatch):
    monkeypatch.setattr(surroundings, "get_user_model", lambda: LongName)
    assert found(surroundings.faults()) == {"E080"}


SETTINGS = {
    "no time zones": ({"USE_TZ": False}, {"E086"}),
    "a replica": ({"DATABASE_ROUTERS": [f"{HERE}.Replica"]}, {"W065"}),
    "a replica, and not in transactions": (
        {"DATABASE_ROUTERS": ["workflows_app.routers.ReadYourWrites", f"{HERE}.Replica"]},
        set(),
    ),
    "object permissions": (
        {"AUTHENTICATION_BACKENDS": ["guardian.backends.ObjectPermissionBackend"]},
        {"W066"},
    ),
    "object permissions, all at once": (
        {
            "AUTHENTICATION_BACKENDS": ["guardian.backends.ObjectPermissionBackend"],
            "WORKFLOWS": {"OBJECT_PERMISSIONS": "guardian.shortcuts.get_objects_for_user"},
        },
        set(),
    ),
    "a function that is none": (
        {"WORKFLOWS": {"OBJECT_PERMISSIONS": "tests.nowhere.find"}},
        {"E088"},
    ),
}


@pytest.mark.parametrize("named", SETTINGS)
def test_a_project_of_this_shape(named):
    changed, expected = SETTINGS[named]
    with ExitStack() as stack:
        stack.enter_context(override_settings(**changed))
        assert found(surroundings.faults()) == expected
