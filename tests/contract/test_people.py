"""Whoever a role admits to one object finds it in the list of all, and nobody else does."""

import itertools

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db.models import Q
from django.utils.functional import SimpleLazyObject

from tests.testapp.models import Parcel
from workflows_app import SYSTEM, Role

pytestmark = pytest.mark.django_db

sender = Role("the sender", column="sender")
clerk = Role("a clerk", "testapp.handle_parcel")
nobody_has_it = Role("a ghost", "testapp.no_such_thing")
colleague = Role("a colleague", column="sender__groups")
member = Role("a member", column="sender__groups__user")
light = Role("light", rows=lambda user: Q(grams__lt=100))
same_group = Role("same group", rows=lambda user: Q(sender__groups__in=user.groups.all()))
red_group = Role("red", rows=lambda user: Q(sender__groups__name="red"))
all_rows = Role("all", rows=lambda user: Q())
no_rows = Role("none", rows=lambda user: Q(pk__in=[]))

SIMPLE = [
    sender,
    clerk,
    nobody_has_it,
    colleague,
    member,
    light,
    same_group,
    red_group,
    all_rows,
    no_rows,
]
PAIRS = [
    combined
    for left, right in itertools.combinations(
        [sender, clerk, colleague, light, same_group, red_group, all_rows], 2
    )
    for combined in (left | right, left & right, left & ~right, ~(left | ~right))
]
NESTED = [
    SYSTEM,
    SYSTEM | sender,
    (sender | clerk) & ~(light | colleague),
    ~(sender & ~(clerk | same_group)) & (red_group | light),
    same_group & red_group,
    ~~sender,
]


@pytest.fixture
def users():
    make = get_user_model().objects.create_user
    red, blue = Group.objects.create(name="red"), Group.objects.create(name="blue")
    found = {
        "ann": make("ann"),
        "bob": make("bob"),
        "clerk": make("clerk"),
        "by_group": make("by_group"),
        "boss": make("boss", is_superuser=True),
        "gone": make("gone", is_active=False),
        "gone_boss": make("gone_boss", is_active=False, is_superuser=True),
    }
    handle = Permission.objects.get(codename="handle_parcel")
    found["clerk"].user_permissions.add(handle)
    found["gone"].user_permissions.add(handle)
    blue.permissions.add(handle)
    found["by_group"].groups.add(blue, red)
    found["ann"].groups.add(red, blue)
    found["bob"].groups.add(red)
    return {
        **found,
        "lazy": SimpleLazyObject(lambda: found["ann"]),
        "anonymous": AnonymousUser(),
        "unsaved": get_user_model()(username="unsaved"),
        "nobody": None,
    }


@pytest.fixture
def parcels(users):
    senders = [users[name] for name in ("ann", "bob", "clerk", "boss", "gone", "by_group")]
    weights = itertools.cycle([50, None, 100, 99])
    return [
        Parcel.objects.create(sender=one, title=str(one), grams=next(weights)) for one in senders
    ]


def assert_agreement(who, users, parcels):
    for name, user in users.items():
        listed = list(Parcel.objects.filter(who.rows(user, Parcel)).order_by("pk"))
        assert listed == [one for one in parcels if who.admits(user, one)], (who.label, name)


@pytest.mark.parametrize("who", SIMPLE + NESTED, ids=str)
def test_lists_and_single_objects_agree(who, users, parcels):
    assert_agreement(who, users, parcels)


def test_lists_and_single_objects_agree_for_every_pair_of_roles(users, parcels):
    some = {name: users[name] for name in ("ann", "clerk", "by_group", "boss", "gone")}
    for who in PAIRS:
        assert_agreement(who, some, parcels)


def admitted(who, users, parcel):
    return {name for name, user in users.items() if who.admits(user, parcel)}


def test_a_column_admits_the_person_in_it(users, parcels):
    assert admitted(sender, users, parcels[0]) == {"ann", "lazy"}


def test_a_superuser_holds_permissions_and_nothing_else(users, parcels):
    assert admitted(nobody_has_it, users, parcels[0]) == {"boss"}
    assert admitted(no_rows, users, parcels[0]) == set()


def test_a_permission_may_come_from_a_group(users, parcels):
    assert admitted(clerk, users, parcels[0]) == {"clerk", "by_group", "ann", "lazy", "boss"}


def test_a_path_ends_at_the_members_of_a_group(users, parcels):
    assert admitted(colleague, users, parcels[1]) == {"ann", "bob", "by_group", "lazy"}
    assert admitted(member, users, parcels[1]) == admitted(colleague, users, parcels[1])


@pytest.mark.parametrize("name", ["gone", "gone_boss", "anonymous", "unsaved", "nobody"])
def test_who_is_not_an_active_user_holds_no_role_not_even_a_denied_one(name, users, parcels):
    for who in (*SIMPLE, ~sender, ~clerk, ~no_rows):
        assert not who.admits(users[name], parcels[0])


def test_system_is_no_person_and_no_person_is_system(users, parcels):
    assert not any(SYSTEM.admits(user, parcels[0]) for user in users.values())
    assert not sender.admits(SYSTEM, parcels[0])
    assert SYSTEM.admits_system
    assert (sender | SYSTEM).admits_system
    assert not sender.admits_system


def test_an_object_stands_in_a_list_once_whatever_is_joined(users, parcels):
    for who in (same_group, member, same_group | member, same_group & member):
        listed = list(Parcel.objects.filter(who.rows(users["ann"], Parcel)))
        assert len(listed) == len(set(listed))


class OwnParcels(BaseBackend):
    """A backend that answers for single objects: senders may handle their own."""

    def has_perm(self, user, permission, obj=None):
        return obj is not None and permission.endswith("handle_parcel") and obj.sender == user


def test_a_backend_for_single_objects_is_asked_for_lists_too(settings, users, parcels):
    settings.AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.ModelBackend",
        f"{__name__}.OwnParcels",
    ]
    assert admitted(clerk, users, parcels[1]) == {"bob", "clerk", "by_group", "ann", "lazy", "boss"}
    for who in (clerk, ~clerk, clerk & light, sender & ~clerk):
        assert_agreement(who, users, parcels)


def test_the_sender_of_a_parcel_is_asked_for_without_a_query(
    users, parcels, django_assert_num_queries
):
    with django_assert_num_queries(0):
        assert sender.admits(users["ann"], parcels[0])


def test_a_permission_needs_no_row_of_the_object(users, parcels, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert clerk.admits(users["boss"], parcels[0])


def test_the_roles_in_a_combination_are_named_in_order():
    assert ((sender | SYSTEM) | (clerk & ~light)).roles() == (sender, clerk, light)


def test_what_is_joined_by_or_can_be_told_apart():
    both = clerk & ~light
    assert (sender | (SYSTEM | both)).alternatives() == (sender, SYSTEM, both)
