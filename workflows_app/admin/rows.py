"""The rows behind the objects, to look at: operations, runs and events. Nobody edits them here."""

import json
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from workflows_app.contract.registry import contract_for
from workflows_app.describe.secrets import redact
from workflows_app.describe.sight import rows_seen
from workflows_app.describe.story_of_events import told_by_event
from workflows_app.describe.work import Work, read
from workflows_app.models import EffectRun, Event, Operation, Tombstone

from .addresses import linked
from .filters import EffectFilter, ObjectTypeFilter, TransitionFilter
from .run_list import run_state
from .words import moment_element, transition_label


class RowAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only, and only of objects the user may see."""

    actions = None
    change_form_template = "workflows_app/admin/row.html"
    ordering = ("-id",)
    search_fields: ClassVar[tuple[str, ...]] = ("object_id__exact",)
    search_help_text = _("The id of an object, exactly as it is written.")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they would count the whole table

    class Media:
        css = {"all": ("workflows_app/admin.css",)}  # Django reads a plain dict

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows whose object this user may see."""
        return rows_seen(request.user, super().get_queryset(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: commands write them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    @admin.display(description=_("by"), ordering="actor_label")
    def actor_shown(self, row: Any) -> str:
        """Who did it."""
        return str(row.actor_label)

    @admin.display(description=_("object"), ordering="object_id")
    def object_shown(self, row: Any) -> Any:
        """The object, linked."""
        model = contract_for(row.object_type).model
        text = f"{model._meta.verbose_name} {row.object_id}"
        return linked(self.admin_site, model, row.object_id, text)

    @admin.display(description=_("operation"))
    def operation_shown(self, row: Any) -> Any:
        """The operation, linked."""
        text = transition_label(row.operation)
        return linked(self.admin_site, Operation, row.operation_id, text)

    @admin.display(description=_("data"))
    def data_shown(self, row: Any) -> Any:
        """The data, without secrets."""
        return _as_text(row.data, row)


@admin.register(Operation)
class OperationAdmin(RowAdmin):
    """Every accepted command."""

    list_display = (
        "accepted_at", "object_shown", "transition_shown", "states_shown", "version", "actor_shown",
    )  # fmt: skip
    list_filter = (ObjectTypeFilter, TransitionFilter, "kind")
    search_fields = ("object_id__exact", "actor__exact")
    search_help_text = _("The id of an object or an actor such as user:7, exactly as written.")
    fields = (
        "id", "object_shown", "version", "transition_shown", "states_shown", "kind", "actor",
        "actor_label", "accepted_at", "reason", "data_shown", "cause", "contract_version",
        "traceparent", "runs_shown", "events_shown",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("transition"), ordering="transition")
    def transition_shown(self, operation: Operation) -> str:
        """The transition as people call it."""
        return transition_label(operation)

    @admin.display(description=_("states"))
    def states_shown(self, operation: Operation) -> str:
        """From where to where."""
        contract = contract_for(operation.object_type, operation.field)
        target = contract.state(operation.target)
        if not operation.source or contract.state(operation.source) == target:
            return target.label
        return f"{contract.state(operation.source).label} → {target.label}"

    @admin.display(description=_("runs"))
    def runs_shown(self, operation: Operation) -> Any:
        """What it asked for outside."""
        runs = operation.runs.order_by("position")
        return _list(
            (linked(self.admin_site, EffectRun, run.pk, _label(run)), run_state(run))
            for run in runs
        )

    @admin.display(description=_("events"))
    def events_shown(self, operation: Operation) -> Any:
        """What happened since."""
        return _told(operation.events.select_related("run"))


@admin.register(EffectRun)
class EffectRunAdmin(RowAdmin):
    """Every effect of every operation, and how far it has come."""

    list_display = (
        "effect_shown", "object_shown", "state_shown", "attempts", "next_shown", "failure_shown",
        "operation_shown",
    )  # fmt: skip
    list_filter = ("state", EffectFilter, ObjectTypeFilter, "follow_up")
    list_select_related = ("operation",)
    fields = (
        "id", "object_shown", "operation_shown", "effect_shown", "safety", "state_shown",
        "attempts", "first_attempt_at", "due", "lease_until", "leases_lost", "lane", "key",
        "data_shown", "result_shown", "failure_shown", "follow_up", "finished_at", "events_shown",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("effect"), ordering="effect")
    def effect_shown(self, run: EffectRun) -> str:
        """The effect as people call it."""
        return _label(run)

    @admin.display(description=_("next try"), ordering="due")
    def next_shown(self, run: EffectRun) -> Any:
        """When it is tried next, where it is."""
        return _work(run).next_at

    @admin.display(description=_("state"), ordering="state")
    def state_shown(self, run: EffectRun) -> Any:
        """The state as people say it."""
        return run_state(run)

    @admin.display(description=_("last failure"))
    def failure_shown(self, run: EffectRun) -> str:
        """The last failure in a sentence."""
        return str(run.failure["detail"]) if run.failure else "-"

    @admin.display(description=_("result"))
    def result_shown(self, run: EffectRun) -> Any:
        """What the handler brought back, without secrets."""
        return _as_text(run.result, run)

    @admin.display(description=_("events"))
    def events_shown(self, run: EffectRun) -> Any:
        """Its attempts, and what people decided."""
        return _told(run.events.select_related("run"))


@admin.register(Event)
class EventAdmin(RowAdmin):
    """Every fact that is not a command."""

    list_display = ("at", "object_shown", "kind", "text_shown", "operation_shown")
    list_filter = ("kind", ObjectTypeFilter)
    list_select_related = ("operation", "run")
    fields = (
        "id", "object_shown", "operation_shown", "run_shown", "kind", "text_shown", "actor", "at",
        "data_shown",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("what happened"))
    def text_shown(self, event: Event) -> str:
        """The event in words."""
        return told_by_event(event, contract_for(event.object_type))

    @admin.display(description=_("run"))
    def run_shown(self, event: Event) -> Any:
        """The run, linked."""
        if event.run is None:
            return "-"
        return linked(self.admin_site, EffectRun, event.run_id, _label(event.run))


@admin.register(Tombstone)
class TombstoneAdmin(RowAdmin):
    """What was removed or erased, by whom and why."""

    list_display = ("at", "kind", "subject_shown", "version", "actor_shown", "reason")
    list_filter = ("kind", ObjectTypeFilter)
    fields = (
        "id", "kind", "subject_shown", "version", "operations", "events", "runs", "snapshots",
        "actor", "actor_label", "at", "reason",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those of objects the user may see; those of actors for everybody who may look here."""
        every = admin.ModelAdmin.get_queryset(self, request)
        seen = super().get_queryset(request).values("pk")
        return every.filter(Q(pk__in=seen) | ~Q(whose=""))

    @admin.display(description=_("of"), ordering="object_id")
    def subject_shown(self, tombstone: Tombstone) -> Any:
        """The object, linked, or the actor."""
        return tombstone.whose or self.object_shown(tombstone)


def _work(run: EffectRun) -> Work:
    return read(run, contract_for(run.object_type))


def _label(run: EffectRun) -> str:
    return _work(run).label


def _told(events: Iterable[Event]) -> Any:
    lines = ((e.at, told_by_event(e, contract_for(e.object_type))) for e in events)
    return _list((moment_element(at), text) for at, text in lines)


def _list(lines: Iterable[tuple[Any, Any]]) -> Any:
    items = format_html_join("", "<li>{}: {}</li>", lines)
    return format_html('<ol class="workflow-told">{}</ol>', items) if items else "-"


def _as_text(value: Any, row: Any) -> Any:
    if not value:
        return "-"
    hidden = redact(value, contract_for(row.object_type).secret)
    return format_html("<pre>{}</pre>", json.dumps(hidden, indent=2, ensure_ascii=False))
