"""The admin of loans."""

from django.contrib import admin

from workflows_app.admin import WorkflowAdmin

from .models import Loan


@admin.register(Loan)
class LoanAdmin(WorkflowAdmin):
    """Loans, with their commands."""

    list_display = ("reader", "status", "status_since")
