"""The whole road of an order, in whatever project: from the checks to what is left of it."""

import itertools

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import IntegrityError, connections, router, transaction
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from workflows_app.engine.drain import drain
from workflows_app.models import Operation
from workflows_app.models.guard import missing

#: What a suite's settings are warned of anyway, on one database or another.
USUAL = {"workflows_app.W012", "workflows_app.W014"}

_numbers = itertools.count()


def model():
    return apps.get_model("shop.Order")


def using():
    return router.db_for_write(model())


def faults():
    """The ids of all that the checks say about us."""
    found = run_checks(databases=list(connections))
    return {one.id for one in found if one.id.startswith("workflows_app.")} - USUAL


def key():
    return f"key-{next(_numbers)}"


def client_of(user):
    client = APIClient()
    client.default_format = "json"
    client.force_authenticate(user)
    return client


def post(user, url, data=None, *, under=None):
    return client_of(user).post(url, data or {}, headers={"Idempotency-Key": under or key()})


def stored(pk):
    return model()._base_manager.using(using()).get(pk=pk)


class Road:
    """The people of a project, and what becomes of their orders."""

    def __init__(self, *, buyer, clerk, stranger, admin=None):
        self.buyer, self.clerk, self.stranger, self.admin = buyer, clerk, stranger, admin

    def walk(self):
        """All of it, in the order in which it happens."""
        pk, url = self.order("a chair")
        self.send(pk, url)
        self.arrive(pk, url)
        self.read(pk, url)
        if self.admin is not None:
            self.administrate()
        self.delete()
        self.adopt()
        self.guarded(pk)

    def order(self, title):
        """Creation is a command, and the same key creates once."""
        under = key()
        made = post(self.buyer, "/api/v1/orders/", {"title": title}, under=under)
        assert made.status_code == 201, made.content
        again = post(self.buyer, "/api/v1/orders/", {"title": title}, under=under)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json()["operation"]["id"] == made.json()["operation"]["id"]
        told = made.json()["operation"]
        assert told["actor"] == {"id": f"user:{self.buyer.pk}", "label": self.label(self.buyer)}
        url = told["object"]["url"]
        seen = client_of(self.buyer).get(url)
        assert seen.status_code == 200, url
        assert seen.json()["workflow"]["state"] == "new"
        assert seen.headers["ETag"] == made.headers["ETag"]
        return told["object"]["id"], url

    def label(self, user):
        return user.get_username()

    def send(self, pk, url):
        """A command: the answer and what is read after it say the same; others see nothing."""
        assert post(self.stranger, f"{url}send/").status_code == 404
        refused = post(self.buyer, f"{url}send/")
        assert refused.status_code == 403, refused.content
        under = key()
        sent = post(self.clerk, f"{url}send/", under=under)
        assert sent.status_code == 202, sent.content
        assert sent.json()["object"]["workflow"]["version"] == 1
        again = post(self.clerk, f"{url}send/", under=under)
        assert again.headers["Idempotent-Replayed"] == "true"
        seen = client_of(self.clerk).get(url)
        assert seen.headers["ETag"] == sent.headers["ETag"]
        assert seen.json()["workflow"]["phase"] == "queued"
        assert post(self.clerk, f"{url}send/").status_code == 409
        operation = client_of(self.clerk).get(sent.headers["Location"]).json()
        assert (operation["object"]["url"], operation["done"]) == (url, False)

    def arrive(self, pk, url):
        """The effect, and what follows from it."""
        drain()
        assert stored(pk).status == "sent"
        assert client_of(self.buyer).get(url).json()["workflow"]["phase"] == "settled"

    def read(self, pk, url):
        """The timeline, the lists, the history."""
        told = client_of(self.buyer).get(f"{url}timeline/").json()["results"]
        assert [entry["kind"] for entry in told] == ["create", "command", "attempt", "system"]
        assert told[1]["actor"] == {"id": f"user:{self.clerk.pk}", "label": self.label(self.clerk)}
        assert self.label(self.clerk) in told[1]["text"]
        for user, sees in ((self.buyer, True), (self.clerk, True), (self.stranger, False)):
            listed = client_of(user).get("/api/v1/orders/").json()["results"]
            assert (str(pk) in {str(self.pk_of(one)) for one in listed}) is sees, user
            operations = client_of(user).get("/api/v1/operations/").json()["results"]
            assert (str(pk) in {one["object"]["id"] for one in operations}) is sees, user
        mine = model().history.using(using()).filter(**{model()._meta.pk.name: pk})
        snapshots = list(mine.order_by("history_id"))
        assert [one.status for one in snapshots] == ["new", "sending", "sent"]
        operations = Operation.objects.of("shop.order", str(pk))
        assert [one.operation_id for one in snapshots] == [one.pk for one in operations]
        assert [one.history_user_id for one in snapshots] == [self.buyer.pk, self.clerk.pk, None]

    def pk_of(self, document):
        return document[model()._meta.pk.name]

    def administrate(self):
        """The pages of an order, a command from its form, and the rows behind it."""
        pk, _ = self.order("a table")
        order = stored(pk)
        pages = Client()
        pages.force_login(self.admin)
        for page in ("change", "history"):
            shown = pages.get(self.page(order, page))
            assert shown.status_code == 200, page
        assert self.label(self.buyer) in pages.get(self.page(order, "change")).content.decode()
        form = pages.get(self.page(order, "command", "cancel"))
        confirmation = form.context["confirmation"]
        values = {name: confirmation.get_initial_for_field(confirmation.fields[name], name)
                  for name in confirmation.fields}  # fmt: skip
        values = {name: "" if value is None else value for name, value in values.items()}
        done = pages.post(self.page(order, "command", "cancel"), values)
        assert done.status_code == 302, done.content.decode()
        assert done["Location"] == self.page(order, "change")
        assert stored(pk).status == "cancelled"
        assert pages.get(done["Location"]).status_code == 200
        rows = pages.get(reverse("admin:workflows_app_operation_changelist"),
                         {"q": f"user:{self.admin.pk}"})  # fmt: skip
        (found,) = [one for one in rows.context["cl"].queryset if one.object_id == str(pk)]
        assert found.transition == "cancel"
        address = reverse("admin:workflows_app_operation_change", args=[found.pk])
        assert pages.get(address).status_code == 200

    def page(self, order, page, *args):
        from django.contrib.admin.utils import quote

        return reverse(f"admin:shop_order_{page}", args=[quote(order.pk), *args])

    def delete(self):
        """A deletion is an operation, and the past stays readable."""
        pk, url = self.order("a lamp")
        stored(pk).delete()
        last = Operation.objects.of("shop.order", str(pk)).last()
        assert (last.kind, last.version) == ("delete", 1)
        if self.admin is not None:
            assert client_of(self.admin).get(f"{url}timeline/").status_code == 200

    def adopt(self):
        """Rows that came another way."""
        found = model()(buyer_id=self.buyer.pk, title="found", **self.own_key())
        model()._base_manager.using(using()).bulk_create([found])
        call_command("workflow_adopt", "shop.Order", verbosity=0, stdout=_Nowhere())
        (adopted,) = Operation.objects.filter(kind="adopt")
        url = f"/api/v1/operations/{adopted.pk}/"
        where = client_of(self.buyer).get(url).json()["object"]["url"]
        assert post(self.buyer, f"{where}cancel/").status_code == 200
        assert stored(model()._meta.pk.to_python(adopted.object_id)).version == 1

    def own_key(self):
        return {}

    def guarded(self, pk):
        """Nobody goes round it."""
        assert missing(using()) == []
        rows = model()._base_manager.using(using()).filter(pk=pk)
        try:
            with transaction.atomic(using=using()):
                rows.update(status="new")
        except IntegrityError:
            return
        raise AssertionError("the guard let it pass")


class _Nowhere:
    def write(self, text):
        """Nobody reads it."""


def people(**more):
    """Four users of Django's own kind, or of one with the same columns."""
    from django.contrib.auth.models import Permission

    users = get_user_model()
    names = ("buyer", "clerk", "stranger")
    made = {name: users.objects.create_user(name, **more) for name in names}
    made["clerk"].user_permissions.add(*Permission.objects.filter(codename="handle_order"))
    return {**made, "admin": users.objects.create_superuser("admin", **more)}
