"""Is the object type, under which rows are kept, one text for one model?"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Error

from workflows_app.contract.workflow import Workflow

_LONGEST = 100


def faults(concrete: Iterable[Any]) -> Iterator[CheckMessage]:
    """A declared type that no row can hold, and one that two models claim."""
    claimed = defaultdict(list)
    for model in concrete:
        if issubclass(model, Workflow):
            kept: Any = model.workflow_object_type or model._meta.label_lower
            if not isinstance(kept, str) or kept != kept.lower() or not 0 < len(kept) <= _LONGEST:
                yield _unfit(model, kept)
            else:
                claimed[kept].append(model)
    for kept, models in claimed.items():
        if len(models) > 1:
            yield _shared(kept, models)


def _unfit(model: Any, kept: Any) -> CheckMessage:
    return Error(
        f"{model._meta.label}: workflow_object_type is {kept!r}, not a text in lower case of at"
        f" most {_LONGEST} characters.",
        hint='Write what the model was before it was renamed: "claims.claim".',
        obj=model,
        id="workflows_app.E064",
    )


def _shared(kept: str, models: list[Any]) -> CheckMessage:
    labels = " and ".join(model._meta.label for model in models)
    return Error(
        f"{labels} keep their rows under the same object type {kept!r}.",
        hint="Give the newer model another name, or another workflow_object_type.",
        obj=models[-1],
        id="workflows_app.E065",
    )
