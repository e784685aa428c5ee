"""What the broker wants to know of the rows: is anything due, and when is the next thing?"""

from datetime import timedelta

from django.db import router

from workflows_app.models import EffectRun, Message, Timer


def database() -> str:
    """The database whose runs this worker performs."""
    return router.db_for_write(EffectRun)


def until_due(using: str) -> timedelta | None:
    """The time until there is something to do; zero or less: now; None: there is nothing."""
    each = (model.objects.using(using).next_due() for model in (EffectRun, Timer, Message))
    return min((one for one in each if one is not None), default=None)
