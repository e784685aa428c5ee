from django.contrib import admin

from workflows_app.admin import WorkflowAdmin

from .models import Order


@admin.register(Order)
class OrderAdmin(WorkflowAdmin):
    pass
