"""Claims in the admin: the status, the allowed commands as buttons, the timeline."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from workflows_app.admin import WorkflowAdmin

from .models import Claim


@admin.register(Claim)
class ClaimAdmin(WorkflowAdmin):
    """What commands write is shown, and never edited."""

    list_display = ("title", "claimant", "status", "status_since", "payout")
    list_select_related = ("claimant",)
    search_fields = ("title", "claimant__username")
    readonly_fields = ("claimant", "payout", "rejection")

    def save_model(self, request: HttpRequest, obj: Claim, form: Any, change: bool) -> None:
        """Whoever creates a claim is its claimant."""
        if not change:
            obj.claimant = request.user
        super().save_model(request, obj, form, change)
