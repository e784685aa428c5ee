from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from tests.shapes.contract import Status, order_workflow
from workflows_app import Role
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel


class User(AbstractBaseUser):
    name = models.CharField(max_length=140, primary_key=True)
    handles_orders = models.BooleanField(default=False)

    objects = BaseUserManager()
    USERNAME_FIELD = "name"


def all_for_clerks(user):
    return Q() if user.handles_orders else Q(pk__in=[])


class Order(order_workflow(Role("a clerk", rows=all_for_clerks)), WorkflowModel):
    title = models.CharField(max_length=40)
    buyer = models.ForeignKey(User, on_delete=models.PROTECT)
    status = StatusField(Status)
    history = WorkflowHistory()

    def __str__(self):
        return self.title
