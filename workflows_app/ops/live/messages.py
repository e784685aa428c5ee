"""Messages: what came from outside, and nobody has used."""

from collections.abc import Iterator

from django.core.checks import WARNING
from django.db.models import Count

from workflows_app.models import Message

from .finding import EXAMPLES, Finding
from .tables import is_there


def unused_messages(using: str) -> Iterator[Finding]:
    """Messages that wait for somebody, or have waited in vain, by sender and type."""
    if not is_there(using, Message):
        return
    unused = Message.objects.using(using).unused()
    counted = unused.values_list("endpoint", "type").annotate(Count("pk"))
    for endpoint, kind, count in counted.order_by("endpoint", "type"):
        them = unused.filter(endpoint=endpoint, type=kind)
        yield Finding(
            WARNING,
            f"{_messages(count)} {kind!r} from {endpoint}, used by nobody.",
            hint="Their notes say why: manage.py shell, Message.objects.unused(), or the admin. A"
            " contract listens with @on_message and confirmed_by=External(...).",
            obj=None,
            id="workflows_app.W067",
            count=count,
            examples=them.values_list("pk", flat=True)[:EXAMPLES],
        )


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"
