"""The transition ``edit``, which every contract has besides its own."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from workflows_app.contract.people import signed_in
from workflows_app.contract.transitions import Transition

#: What the key of an edit stands for: no transition can have this name.
PATCH = "PATCH"


def _never(self: Any, cmd: Any) -> None:
    """An edit has no body."""


#: Its name and label are those of the operation.
EDIT = Transition(
    name="edit",
    field="",
    label=_("Edit"),  # type: ignore[arg-type]
    description="",
    sources=("*",),
    targets=(None,),
    by=signed_in,
    body=_never,
    data=None,
    guards=(),
    effects={},
    version_required=True,
    was=(),
)
