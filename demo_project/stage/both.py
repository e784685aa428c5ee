"""Both worlds: what our records say of every payment, and what the bank believes."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from demo_project.claims.models import Claim
from workflows_app.describe.sight import rows_seen
from workflows_app.models import EffectRun

from .client import Client

LATEST = 50


@dataclass(frozen=True)
class Payment:
    """One payment, on our side and on the bank's."""

    claim: Claim | None
    run: EffectRun
    transfers: list[Any]


@login_required
def both_worlds(request: HttpRequest) -> HttpResponse:
    """The page at /both/: the latest payments of the claims its reader may see."""
    return render(
        request, "both.html", {"payments": _payments(request.user), "outside": settings.OUTSIDE_URL}
    )


def _payments(user: Any) -> list[Payment]:
    payments = EffectRun.objects.filter(effect="pay_out").prefetch_related("undone_by")
    runs = rows_seen(user, payments).order_by("-id")[:LATEST]
    claims = Claim.objects.in_bulk([int(run.object_id) for run in runs])
    books = _books()
    return [Payment(claims.get(int(run.object_id)), run, books.get(run.key, [])) for run in runs]


def _books() -> dict[str, list[Any]]:
    """The bank's transfers by key; none where nobody of the outside answers."""
    try:
        transfers = Client(settings.OUTSIDE_URL).get("/books?company=bank").body
    except OSError:
        transfers = []
    by_key: dict[str, list[Any]] = {}
    for transfer in transfers:
        by_key.setdefault(transfer["key"], []).append(transfer)
    return by_key
