"""What the broker wants to know of the rows: is anything due, and when is the next thing?"""

from datetime import timedelta

from django.db import router

from workflows_app.models import EffectRun


def database() -> str:
    """The database whose runs this worker performs."""
    return router.db_for_write(EffectRun)


def until_due(using: str) -> timedelta | None:
    """The time until something can be claimed; zero or less: now; None: nothing is queued."""
    return EffectRun.objects.using(using).next_due()
