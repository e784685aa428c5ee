"""The front page: who may do what, what to try, and what to break."""

from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from demo_project.claims.models import Claim

from .people import PASSWORD, PEOPLE


def front(request: HttpRequest) -> HttpResponse:
    """The page at /."""
    latest = Claim.objects.aggregate(latest=Max("pk"))["latest"]
    shown = {
        "number": (latest or 0) + 1,
        "people": PEOPLE,
        "password": PASSWORD,
        "outside": settings.OUTSIDE_URL,
        "site": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "front.html", shown)
