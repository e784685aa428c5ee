"""Parcels and crates in the admin: the registration, and what WorkflowAdmin brings by itself."""

from django.contrib import admin

from workflows_app.admin import WorkflowAdmin

from .models import Case, Domain, Lead, Parcel, Product
from .shapes import Crate


@admin.register(Parcel)
class ParcelAdmin(WorkflowAdmin):
    pass


@admin.register(Crate)
class CrateAdmin(WorkflowAdmin):
    pass


@admin.register(Lead)
class LeadAdmin(WorkflowAdmin):
    deletable = True


@admin.register(Domain)
class DomainAdmin(WorkflowAdmin):
    pass


@admin.register(Product)
class ProductAdmin(WorkflowAdmin):
    pass


@admin.register(Case)
class CaseAdmin(WorkflowAdmin):
    pass
