"""A task of the project that shows how often it was done."""

from uuid import uuid4

from django.contrib.auth.models import Group


def note(number):
    """Leave a row; done twice it leaves two."""
    Group.objects.create(name=f"{number}/{uuid4()}")


def noted():
    """The numbers, one for each time."""
    names = Group.objects.values_list("name", flat=True)
    return sorted(int(name.split("/")[0]) for name in names)
