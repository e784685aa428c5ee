"""What a command with all its guarantees costs, next to the unguarded PATCH of the same columns.

Both go through the whole handler with token authentication and answer with the object. The
command brings its key and its version; it checks roles and guards, writes the operation, the
history and, where it asks for effects, their runs, under the triggers; and its answer has the
status document.
"""

from functools import partial
from uuid import uuid4

from django.contrib.auth.models import Permission, User
from django.core.handlers.wsgi import WSGIHandler
from rest_framework.authtoken.models import Token

from demo_project.claims.models import Claim
from tests.bench.baseline.models import Claim as UnguardedClaim
from tests.bench.http import prepared
from tests.bench.interleaved import Contestant, compare, table
from workflows_app.engine import execute

LIMIT, AIM = 1.8, 1.4

COLUMNS = {"title": "A broken window", "iban": "DE02120300000000202051", "documents": 2}
APPROVAL = {"payout": "100.00"}


def measure():
    """Print the table of ratios; whether every command stays within the limit."""
    results = compare(contestants())
    holds = all(result.ratio <= LIMIT for result in results)
    print(table(results))
    print(f"limit {LIMIT}, aim {AIM}: {'held' if holds else 'FAILED'}")
    return holds


def contestants():
    claimant = User.objects.create_user("claimant")
    send = partial(prepared, WSGIHandler(), token=Token.objects.create(user=reviewer()).key)
    return [
        Contestant("PATCH + simple-history, unguarded", partial(patches, send, claimant)),
        Contestant("POST escalate (no effects)", partial(escalations, send, claimant)),
        Contestant("POST approve (two effects)", partial(approvals, send, claimant)),
    ]


def reviewer():
    """Somebody who may do both: overwrite the one, and review the other."""
    user = User.objects.create_user("reviewer")
    user.user_permissions.set(
        Permission.objects.filter(
            content_type__app_label__in=["baseline", "claims"],
            codename__in=["change_claim", "view_claim", "review_claim"],
        )
    )
    return user


def patches(send, claimant, count):
    for _ in range(count):
        claim = UnguardedClaim.objects.create(claimant=claimant, status="review", **COLUMNS)
        path = f"/unguarded/claims/{claim.pk}/"
        yield send("PATCH", path, {"status": "paying", **APPROVAL}, expected=200)


def escalations(send, claimant, count):
    for claim in claims_in_review(claimant, count):
        path = f"/api/v1/claims/{claim.pk}/escalate/"
        yield send("POST", path, {}, expected=200, headers=headers_for(claim))


def approvals(send, claimant, count):
    for claim in claims_in_review(claimant, count):
        path = f"/api/v1/claims/{claim.pk}/approve/"
        yield send("POST", path, APPROVAL, expected=202, headers=headers_for(claim))


def claims_in_review(claimant, count):
    for _ in range(count):
        claim = Claim.objects.create(claimant=claimant, **COLUMNS)
        execute(claim.submit, by=claimant)
        yield claim


def headers_for(claim):
    return {"Idempotency-Key": str(uuid4()), "If-Match": f'"{claim.version}"'}
