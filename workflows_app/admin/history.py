"""History, to read: simple-history's own page can rewrite a protected state, so it is not used."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import display_for_field, unquote
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.core.paginator import Paginator
from django.db.models import ForeignKey, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from workflows_app.contract.registry import contract_of, contracts_of
from workflows_app.describe.secrets import HIDDEN
from workflows_app.models import Operation
from workflows_app.models.database import database_of

from .addresses import object_url, row_url

PAGE = "p"
NOTHING = "-"


class ReadOnlyHistory(admin.ModelAdmin):  # type: ignore[type-arg]
    """The snapshots of an object, each with the operation that made it."""

    history_per_page = 50

    def get_urls(self) -> list[Any]:
        """The usual pages and one per snapshot, where simple-history has its Revert."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_simple_history"
        view = self.admin_site.admin_view(self.snapshot_view)
        mine = path("<path:object_id>/history/<version_id>/", view, name=name)
        return [mine, *super().get_urls()]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The list of snapshots; Django's own log for a model that keeps none."""
        obj = self._object_or_404(request, object_id)
        if not hasattr(self.opts, "simple_history_manager_attribute"):
            return super().history_view(request, object_id, extra_context)
        context = self._context(request, obj, _("History of %(object)s") % {"object": obj})
        context |= self._page(request, obj) | (extra_context or {})
        return TemplateResponse(request, "workflows_app/admin/history.html", context)

    def snapshot_view(self, request: HttpRequest, object_id: str, version_id: str) -> HttpResponse:
        """One snapshot."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        obj = self._object_or_404(request, object_id)
        try:
            record = self._snapshots(obj).get(history_id=version_id)
        except (ObjectDoesNotExist, ValueError, AttributeError) as error:
            raise Http404 from error
        context = self._context(request, obj, _("Snapshot of %(object)s") % {"object": obj})
        context |= {"snapshot": self._row(request, obj, record), "columns": _columns(obj, record)}
        return TemplateResponse(request, "workflows_app/admin/snapshot.html", context)

    def _object_or_404(self, request: HttpRequest, object_id: str) -> Any:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        return obj

    def _snapshots(self, obj: Any) -> QuerySet[Any]:
        """Newest first; by id, because several may have the same time."""
        manager = getattr(self.model, self.opts.simple_history_manager_attribute)  # type: ignore[attr-defined]
        using = database_of(self.model)
        keys = [f for f in manager.model.tracked_fields if isinstance(f, ForeignKey)]
        near = [key.name for key in keys if database_of(key.related_model) == using]
        far = [key.name for key in keys if key.name not in near]
        mine = manager.using(using).filter(**{self.opts.pk.attname: obj.pk})
        found: QuerySet[Any] = mine.prefetch_related(*far)
        if near:  # with no name at all it would follow every key
            found = found.select_related(*near)
        return found.order_by("-history_id")

    def _page(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        """One page of snapshots, each compared with the one before it."""
        paginator = Paginator(self._snapshots(obj), self.history_per_page)
        page = paginator.get_page(request.GET.get(PAGE))
        records = list(page.object_list)
        before = [*records[1:], self._snapshots(obj)[page.end_index() :].first()]
        rows = [
            self._row(request, obj, record) | {"changes": _changes(obj, earlier, record)}
            for record, earlier in zip(records, before, strict=True) if records
        ]  # fmt: skip
        return {"rows": rows, "page_obj": page, "page_var": PAGE}

    def _row(self, request: HttpRequest, obj: Any, record: Any) -> dict[str, Any]:
        operation_id = getattr(record, "operation_id", None)
        return {
            "record": record,
            "operation_id": operation_id,
            "operation_url": operation_id
            and row_url(request, self.admin_site, Operation, operation_id),
        }

    def _context(self, request: HttpRequest, obj: Any, title: Any) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "original": obj,
            "object_url": object_url(self.admin_site, obj),
            "media": self.media,
        }


def _changes(obj: Any, earlier: Any, record: Any) -> list[dict[str, Any]]:
    """The columns that differ from the snapshot before; none for the first one."""
    if earlier is None:
        return []
    times = [one.since_field for one in contracts_of(obj)]
    changed = [
        field
        for field in record.tracked_fields
        if field.name not in times  # the time of the snapshot says it
        and getattr(earlier, field.attname) != getattr(record, field.attname)
    ]
    return [
        {
            "label": capfirst(field.verbose_name),
            "old": _shown(obj, earlier, field),
            "new": _shown(obj, record, field),
        }
        for field in changed
    ]


def _columns(obj: Any, record: Any) -> list[dict[str, Any]]:
    return [
        {"label": capfirst(field.verbose_name), "value": _shown(obj, record, field)}
        for field in record.tracked_fields
    ]


def _shown(obj: Any, record: Any, field: Any) -> Any:
    """A column of a snapshot as people read it: hidden, or a label, or the name of what it is."""
    if field.name in contract_of(obj).secret:
        return HIDDEN
    try:
        value = getattr(record, field.name)
    except ObjectDoesNotExist:  # what the key pointed to is gone
        value = getattr(record, field.attname)
    return display_for_field(value, obj._meta.get_field(field.name), NOTHING)
