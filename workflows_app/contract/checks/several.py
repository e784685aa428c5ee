"""Do several workflows of one model agree where the object is one?"""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error

from workflows_app.contract.workflow import workflows_of


def faults(model: Any) -> Iterator[CheckMessage]:
    """Who sees an object sees all of it, so its workflows name the same people."""
    for other in workflows_of(model)[1:]:
        first = workflows_of(model)[0]
        if first.workflow_seen_by.meaning != other.workflow_seen_by.meaning:
            yield Error(
                f"{model._meta.label}: {first.__name__} is seen by {first.workflow_seen_by},"
                f" {other.__name__} by {other.workflow_seen_by}; an object is seen as a whole.",
                hint="Say the same seen_by= in both.",
                obj=model,
                id="workflows_app.E050",
            )
