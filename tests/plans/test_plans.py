"""At a hundred thousand rows no statement of the engine reads a table from one end to the other.

The database itself is asked, for every statement that is run: EXPLAIN.
"""

import pytest

from tests.plans.explained import plans_of
from tests.plans.mail import looks_at_mail
from tests.plans.old_days import BIG
from tests.plans.old_mail import MAIL
from workflows_app.describe.receipt import receipts
from workflows_app.describe.status import status
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.engine.admit import forgotten
from workflows_app.engine.ask import take
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.outbox import promote
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun, Operation

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_hot_statement_uses_an_index(old_mail, clerk, answers):
    old = Operation.objects.get(transition="cover", object_id=str(old_mail.pk))
    steps = {
        "a claim": (lambda: claim("default", 10), "workflows_claimable"),
        "the next due": (EffectRun.objects.next_due, ""),
        "a promotion": (lambda: promote("default", "4922"), "workflows_lane"),
        "a sweep": (lambda: sweep("default"), "workflows_leased"),
        "a question": (lambda: take("default", 5), "workflows_waiting"),
        "room in a limit": (lambda: forgotten("default"), ""),
        "a confirmation": (lambda: confirmed("77"), "workflows_reference"),
        "its undo": (lambda: list(old.runs.get().undone_by.all()), ""),
        "what it superseded": (lambda: list(old.superseded.all()), ""),
        "a command": (lambda: execute(old_mail.cover, by=clerk, key="k"), ""),
        "the same again": (lambda: execute(old_mail.cover, by=clerk, key="k"), ""),
        "what is there to do": (drain, "workflows_claimable"),
        "the status": (lambda: status(old_mail, user=clerk), "workflows_runs_of"),
        "the timeline": (lambda: timeline(old_mail), "workflows_events_of"),
        "the receipt": (lambda: receipts([old]), ""),
        "who did what": (lambda: list(Operation.objects.by_actor("7")[:10]), "workflows_by_actor"),
    }
    steps |= looks_at_mail(clerk)
    for name, (step, index) in steps.items():
        with plans_of(*BIG, *MAIL) as plans:
            step()
        assert plans.scans == [], name
        used = [one for one in plans.indexes if one.startswith(index)]
        assert used or not index, (name, plans.indexes)


def confirmed(reference):
    """What a message from outside looks for."""
    return list(EffectRun.objects.filter(effect__in=["insure"], reference=reference))
