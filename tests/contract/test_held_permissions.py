"""One query finds what Django finds with two, and only where nobody else has a say."""

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Group, Permission, User

from workflows_app.contract.permissions import has_permission

pytestmark = pytest.mark.django_db
OWN, OF_A_GROUP, OF_BOTH = "auth.add_user", "auth.view_group", "auth.change_user"


class HalfOfThem(ModelBackend):
    """A project's own: groups give nobody anything."""

    def _get_group_permissions(self, user_obj):
        return Permission.objects.none()


def named(*names):
    return Permission.objects.filter(
        content_type__app_label="auth", codename__in=[name.split(".")[1] for name in names]
    )


@pytest.fixture
def user():
    other = User.objects.create_user("other")
    other.user_permissions.set(named("auth.delete_user"))
    one, two = Group.objects.create(name="one"), Group.objects.create(name="two")
    one.permissions.set(named(OF_A_GROUP, OF_BOTH))
    two.permissions.set(named(OF_BOTH))
    user = User.objects.create_user("one")
    user.user_permissions.set(named(OWN, OF_BOTH))
    user.groups.set([one, two])
    return User.objects.get(pk=user.pk)


def test_it_is_what_django_finds_in_one_query(user, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert has_permission(user, OWN)
        assert has_permission(user, OF_A_GROUP)
        assert not has_permission(user, "auth.delete_user")
    asked_by_django = User.objects.get(pk=user.pk)
    assert user.get_all_permissions() == asked_by_django.get_all_permissions()
    assert user.get_all_permissions() == {OWN, OF_A_GROUP, OF_BOTH}


def test_who_has_been_asked_before_is_not_read_again(user, django_assert_num_queries):
    user.get_all_permissions()
    with django_assert_num_queries(0):
        assert has_permission(user, OWN)


@pytest.mark.parametrize(
    ("kind", "may"), [({"is_active": False}, False), ({"is_superuser": True}, True)]
)
def test_who_may_do_nothing_or_everything_is_not_read(user, kind, may, django_assert_num_queries):
    User.objects.filter(pk=user.pk).update(**kind)
    user.refresh_from_db()
    with django_assert_num_queries(0):
        assert has_permission(user, "auth.delete_user") is may


def test_nobody_has_none(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert not has_permission(AnonymousUser(), OWN)


def test_a_backend_of_the_project_is_asked_as_it_always_was(user, settings):
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.HalfOfThem"]
    assert has_permission(user, OWN)
    assert not has_permission(user, OF_A_GROUP)


class StandIn:
    """Answers as the user does, without being one."""

    def __init__(self, user):
        self._user = user

    def __getattr__(self, name):
        return getattr(self._user, name)


def test_who_only_stands_in_for_a_user_is_asked_as_it_always_was(user):
    assert has_permission(StandIn(user), OWN)
    assert not has_permission(StandIn(user), "auth.delete_user")
