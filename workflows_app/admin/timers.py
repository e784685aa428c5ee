"""The timers behind the objects, to look at: which clock runs, until when, and why not."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from workflows_app.contract.registry import contract_for
from workflows_app.models import Timer

from .filters import ObjectTypeFilter
from .rows import RowAdmin


@admin.register(Timer)
class TimerAdmin(RowAdmin):
    """Every clock of every object."""

    list_display = ("clock", "object_shown", "state", "due", "fired", "reasons_shown")
    list_filter = ("state", ObjectTypeFilter)
    fields = (
        "id", "object_shown", "clock", "step_shown", "state", "due", "left", "counts_from", "spent",
        "ask_at", "asked", "reasons_shown", "fired", "fired_at",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("what follows"))
    def step_shown(self, timer: Timer) -> str:
        """The transition or effect as people call it."""
        contract = contract_for(timer.object_type, timer.field)
        clocks = (one for one in contract.clocks if timer.clock in one.every_name)
        clock = next(clocks, None)
        return clock.label if clock else timer.then

    @admin.display(description=_("why it did not fire"))
    def reasons_shown(self, timer: Timer) -> Any:
        """What was said when it was asked last."""
        return " ".join(str(one["detail"]) for one in timer.reasons()) or "-"
