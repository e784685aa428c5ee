"""The work: payments, each a transfer and two mails."""

import itertools

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from tests.kills.models import Payment
from tests.kills.workflow import Status
from workflows_app.engine import execute
from workflows_app.models import EffectRun, RunState

ENOUGH_RUNS = 6
PAYMENTS_AT_A_TIME = 3
UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)


class Payments:
    """Somebody who pays, and knows what became of it."""

    def __init__(self):
        self.count = 0
        self._clerk = clerk()
        self._numbers = itertools.count(1)

    def pay(self, payments):
        """So many commands with effects."""
        for number in itertools.islice(self._numbers, payments):
            execute(Payment.objects.create(iban=iban(number)).pay, by=self._clerk)
            self.count += 1

    def keep_busy(self):
        """Pay some more, unless enough runs wait for a worker."""
        if EffectRun.objects.filter(state=RunState.QUEUED).count() < ENOUGH_RUNS:
            self.pay(PAYMENTS_AT_A_TIME)

    def all_paid(self):
        return Payment.objects.filter(status=Status.PAID).count() == self.count and settled()


def iban(number):
    return f"DE{number:016}"


def clerk():
    user = get_user_model().objects.create_user("kills-clerk", email="kills-clerk@example.org")
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="kills", codename="add_payment")
    )
    return user


def under_way():
    return EffectRun.objects.filter(state__in=UNDER_WAY).count()


def settled():
    return under_way() == 0


def done():
    return EffectRun.objects.filter(state=RunState.DONE).count()
