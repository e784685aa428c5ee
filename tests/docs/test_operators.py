"""The operators' page is true: its examples run, and it explains every phase."""

import re
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from tests.orders.models import Order
from tests.testapp.models import Parcel
from workflows_app.admin import WorkflowAdmin
from workflows_app.admin.words import PHASES
from workflows_app.engine import execute
from workflows_app.models import EffectRun, RunState

PAGE = (Path(__file__).parents[2] / "docs" / "operators.md").read_text()
REGISTRATION, RESOLVING, SKIPPING, REPLAYING, OVERRIDING = re.findall(
    r"^```python\n(.*?)^```$", PAGE, re.M | re.S
)


def test_it_explains_every_phase():
    assert [str(label) for label in PHASES.values() if str(label) not in PAGE] == []


def test_the_registration_is_complete(monkeypatch):
    registered = {}
    monkeypatch.setattr(
        admin, "register", lambda model: lambda shown: registered.setdefault(model, shown)
    )
    exec(REGISTRATION.replace("from claims", "from demo_project.claims"), {})
    ((model, shown),) = registered.items()
    assert issubclass(shown, WorkflowAdmin)
    assert not shown(model, admin.site).check()


@pytest.mark.django_db
def test_a_run_in_doubt_is_resolved_and_another_skipped_as_the_page_says():
    support = get_user_model().objects.create_user("support")
    names = ("resolve_run", "skip_run", "handle_parcel")
    support.user_permissions.set(Permission.objects.filter(codename__in=names))
    sender = get_user_model().objects.create_user("sender")
    parcel = Parcel.objects.create(sender=sender, title="r", address="Road 1")
    execute(parcel.pack, by=sender, data={"grams": 1})
    execute(parcel.sort, by=support)
    doubtful = EffectRun.objects.get(effect="insure")
    EffectRun.objects.filter(pk=doubtful.pk).update(state=RunState.IN_DOUBT)

    names = {}
    exec(RESOLVING.replace('pk="..."', f'pk="{doubtful.pk}"'), names)
    doubtful.refresh_from_db()
    assert (doubtful.state, doubtful.result) == ("done", {"reference": "T-1"})

    notice = EffectRun.objects.get(effect="tell_sender")
    exec(SKIPPING, names | {"run": notice})
    notice.refresh_from_db()
    assert notice.state == "skipped"


@pytest.mark.django_db
def test_what_failed_begins_again_and_an_object_is_overridden_as_the_page_says(capsys):
    support = get_user_model().objects.create_user("support")
    names = ("replay_run", "force_cancel", "override_order", "handle_order")
    support.user_permissions.set(Permission.objects.filter(codename__in=names))
    order = Order.objects.create()
    execute(order.put_aside, by=support)
    EffectRun.objects.update(state=RunState.FAILED)

    exec(REPLAYING, {"run": EffectRun.objects.get(), "me": support})
    assert EffectRun.objects.get().state == "queued"

    names = {"claim": Order.objects.get(), "me": support}
    exec(OVERRIDING.replace('"review"', '"paid"'), names)
    assert "Nothing leads from Open to Paid." in capsys.readouterr().out
    assert (Order.objects.get().status, Order.objects.get().version) == ("cancelled", 4)
    assert EffectRun.objects.get().state == "cancelled"
