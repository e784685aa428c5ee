"""What was sent: read without complaint at first, and complained of when its turn has come."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from workflows_app.contract.registry import contract_of
from workflows_app.engine.idempotency import actor_of, earlier_answer, fingerprint
from workflows_app.failures import Invalid, KeyReused
from workflows_app.models import Operation
from workflows_app.models.database import database_of

from .bodies import UNREADABLE, read_body
from .keys import read_key
from .problems import Problem, problem_of
from .tracing import read_traceparent

if TYPE_CHECKING:
    from .views import WorkflowViewSet


@dataclass(frozen=True)
class Sent:
    """The key, the body, and what this key stands for: each may be the fault that was found."""

    key: str | Problem
    body: Any
    earlier: Operation | Problem | None
    traceparent: str

    @property
    def answered(self) -> Operation | None:
        """The operation that answered this very request before."""
        return self.earlier if isinstance(self.earlier, Operation) else None

    def demand(self) -> None:
        """Raise the first fault, in the order the API promises."""
        if isinstance(self.body, UNREADABLE):
            raise self.body  # 415, 413
        for read in (
            self.key,  # 400
            self.body,  # 400
            self.earlier,  # 422: this key stands for another request
        ):
            if isinstance(read, Exception):
                raise read

    def told(self) -> dict[str, Any]:
        """What the engine is told of it, once no fault was found."""
        return {"data": self.body, "key": str(self.key), "traceparent": self.traceparent}


def read_sent(view: "WorkflowViewSet", names: Iterable[str], object_id: str | None) -> Sent:
    """What this request brings for a command of one of these names."""
    key, body = read_key(view.request), read_body(view.request)
    earlier = _earlier(view, names, object_id, key, body)
    return Sent(key, body, earlier, read_traceparent(view.request))


def _earlier(
    view: "WorkflowViewSet", names: Iterable[str], object_id: str | None, key: Any, body: Any
) -> Operation | Problem | None:
    """What this actor's key already stands for: this request, another one, or nothing.

    A request that cannot be read is no hit: what is wrong with it is said in its turn.
    """
    if isinstance(key, Problem) or isinstance(body, Exception) or object_id is None:
        return None
    using = database_of(view.model)
    try:
        about = (contract_of(view.model).object_type, object_id, body)
        asked = (fingerprint(name, *about) for name in names)
        return earlier_answer(using, actor_of(view.request.user), key, *asked)
    except KeyReused as refusal:
        return problem_of(refusal)
    except Invalid:
        return None


def shape_of_columns(view: "WorkflowViewSet") -> Any:
    """What validates columns that were sent."""
    return partial(view.get_object_serializer_class(), context=view.get_serializer_context())
