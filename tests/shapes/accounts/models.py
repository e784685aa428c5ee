import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from tests.shapes.contract import Status, order_workflow
from workflows_app import Role
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel


class Users(BaseUserManager):
    def create_user(self, name, **columns):
        user = self.model(email=f"{name}@example.org", **columns)
        user.set_unusable_password()
        user.save()
        return user

    def create_superuser(self, name):
        return self.create_user(name, is_staff=True, is_superuser=True)


class User(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=False)

    objects = Users()
    USERNAME_FIELD = "email"


class Order(order_workflow(Role("a clerk", "shop.handle_order")), WorkflowModel):
    code = models.CharField(max_length=40, primary_key=True)
    title = models.CharField(max_length=40)
    buyer = models.ForeignKey(User, on_delete=models.PROTECT)
    status = StatusField(Status)
    history = WorkflowHistory()

    class Meta:
        permissions = [("handle_order", "Can handle orders")]

    def __str__(self):
        return self.title

    def save(self, **kwargs):
        self.code = self.code or self.next_code()
        super().save(**kwargs)

    def next_code(self):
        """Nothing that an address would like."""
        number = Order._base_manager.count()
        return f"{CODES[number % len(CODES)]}{number // len(CODES) or ''}"


#: No two of them are equal where case, accents or spaces at the end do not count.
CODES = ["Nr. 7/2026: a b", "Ünï?%2F#&=", "50%", "admin/../order", "..", "_5F/add", "%25"]
