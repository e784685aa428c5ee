"""The admin of a model with a workflow."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from workflows_app.contract.registry import Contract, contract_of, contracts_of
from workflows_app.describe.sight import objects_seen, sees
from workflows_app.models.database import database_of

from .command import CommandPage
from .creation import CreationPage
from .deletion import Deletion
from .edit import EditPage, changes_since, confirmation_of
from .edit_form import EditForm
from .history import ReadOnlyHistory
from .object_page import object_page


class WorkflowAdmin(
    CommandPage,
    CreationPage,
    EditPage,
    Deletion,
    ReadOnlyHistory,
    admin.ModelAdmin,  # type: ignore[type-arg]
):
    """``@admin.register(Claim) class ClaimAdmin(WorkflowAdmin): ...``

    Shows where an object stands and what happened to it, gives commands through ``execute()``,
    edits columns through ``edit()``, and leaves the state to commands. What a user may see is what
    ``seen_by`` says, within what Django's view permission opens.
    """

    form = EditForm
    change_form_template = "workflows_app/admin/change_form.html"

    class Media:
        css = {"all": ("workflows_app/admin.css",)}  # Django reads a plain dict

    @property
    def contract(self) -> Contract:
        """The contract the model obeys; the first one where there are several."""
        return contract_of(self.model)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The objects this user may see, as they are now."""
        here = super().get_queryset(request).using(database_of(self.model))
        return objects_seen(request.user, here)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Django's permission, and for an object also the contract's."""
        return super().has_view_permission(request, obj) and _in_sight(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Django's permission for the pages; for an object, what the contract lets edit."""
        return super().has_change_permission(request, obj) and _in_sight(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody, unless the class is ``deletable``; then as to view and change."""
        return super().has_delete_permission(request, obj) and _in_sight(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """State, since and version, and of an object what this user may not edit now."""
        mine = super().get_readonly_fields(request, obj)
        return tuple(dict.fromkeys((*mine, *self.contract.protected)))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the protected columns, which the page shows above the form."""
        if self.fields:
            return self.fields
        shown = super().get_fields(request, obj)
        mine = [name for name in shown if name not in self.contract.protected]
        order = [field.name for field in self.opts.get_fields()]
        return mine if obj is None else sorted(mine, key=lambda name: _place(name, order))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the secret columns where they would be shown and not entered."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        hidden = set(self.contract.secret)
        if self.has_change_permission(request, obj):
            hidden &= set(self.get_readonly_fields(request, obj))
        return [
            (name, options | {"fields": _without(hidden, options["fields"])})
            for name, options in fieldsets
        ]

    def get_list_display(self, request: HttpRequest) -> Any:
        """State and since, unless the class says what to list."""
        listed = super().get_list_display(request)
        if tuple(listed) != ("__str__",):
            return listed
        columns = ((one.field, one.since_field) for one in contracts_of(self.model))
        return ("__str__", *(column for pair in columns for column in pair))

    def get_list_filter(self, request: HttpRequest) -> Any:
        """By state, unless the class says how to filter."""
        mine = tuple(one.field for one in contracts_of(self.model))
        return super().get_list_filter(request) or mine

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """The usual form, with everything about the object round it."""
        if (obj := context.get("original")) is not None:
            context["workflow"] = {
                **object_page(request, obj, self.admin_site),
                "confirmation": confirmation_of(request, obj),
                "changes": changes_since(request, obj),
            }
        return super().render_change_form(request, context, *args, **kwargs)


def _in_sight(request: HttpRequest, obj: Any) -> bool:
    return obj is None or sees(request.user, obj)


def _place(name: Any, order: list[str]) -> int:
    """As in the model; what it does not know goes last."""
    return order.index(name) if name in order else len(order)


def _without(hidden: set[str], fields: Any) -> list[Any]:
    """The names that stay; a line of several names may lose some of them."""
    kept = [
        _without(hidden, name) if isinstance(name, list | tuple) else name
        for name in fields
        if not (isinstance(name, str) and name in hidden)
    ]
    return [name for name in kept if name]
