"""The work: claims that are approved, each a payment and two mails."""

import itertools

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from demo_project.claims.models import Claim
from demo_project.claims.workflow import Status
from workflows_app.engine import execute
from workflows_app.models import EffectRun, RunState

ENOUGH_RUNS = 6
CLAIMS_AT_A_TIME = 3
UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)


class Approvals:
    """Somebody who approves claims, and knows what became of them."""

    def __init__(self):
        self.count = 0
        self._claimant = person("chaos-claimant", "add_claim")
        self._reviewer = person("chaos-reviewer", "review_claim", "view_claim")
        self._numbers = itertools.count(1)

    def approve(self, claims):
        """So many commands with effects."""
        for number in itertools.islice(self._numbers, claims):
            claim = Claim.objects.create(
                claimant=self._claimant, title=f"claim {number}", iban=iban(number), documents=1
            )
            execute(claim.submit, by=self._claimant)
            execute(claim.approve, by=self._reviewer, data={"payout": "100.00"})
            self.count += 1

    def keep_busy(self):
        """Approve some more, unless enough runs wait for a worker."""
        if EffectRun.objects.filter(state=RunState.QUEUED).count() < ENOUGH_RUNS:
            self.approve(CLAIMS_AT_A_TIME)

    def all_paid(self):
        return Claim.objects.filter(status=Status.PAID).count() == self.count and settled()


def iban(number):
    return f"DE{number:016}"


def person(name, *codenames):
    user = get_user_model().objects.create_user(name, email=f"{name}@example.org")
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def under_way():
    return EffectRun.objects.filter(state__in=UNDER_WAY).count()


def settled():
    return under_way() == 0


def done():
    return EffectRun.objects.filter(state=RunState.DONE).count()
