"""A finding: a message like those of ``manage.py check``, with what was counted."""

from collections.abc import Iterable
from typing import Any

from django.core.checks import INFO, CheckMessage

EXAMPLES = 3


class Finding(CheckMessage):
    """One fault or notice about rows: how many they are, and the keys of a few."""

    def __init__(
        self,
        level: int,
        msg: str,
        *,
        hint: str,
        obj: Any,
        id: str,  # Django's word
        count: int | None = None,
        examples: Iterable[Any] = (),
    ) -> None:
        super().__init__(level, msg, hint=hint, obj=obj, id=id)
        self.count, self.examples = count, [str(example) for example in examples]

    def __str__(self) -> str:
        shown = ", ".join(self.examples)
        return f"{super().__str__()}\n\tFOR EXAMPLE: {shown}" if shown else super().__str__()


def under_former_name(those: str, stored: str, today: str, model: Any, count: int) -> Finding:
    """A notice: ``those`` ("3 runs are") stand under a name of an earlier release."""
    return Finding(
        INFO,
        f"{those} stored as {stored!r}, which is {today!r} today.",
        hint=f"Keep {stored!r} in was= as long as they are.",
        obj=model,
        id="workflows_app.I061",
        count=count,
    )
