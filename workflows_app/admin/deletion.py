"""Deletion in the admin: only where the class allows it, and not while something is to be done."""

from typing import Any

from django.contrib import admin, messages
from django.db import router, transaction
from django.db.models import ProtectedError, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from workflows_app.models import EffectRun
from workflows_app.models.identity import object_id_of, object_type_of


class Deletion(admin.ModelAdmin):  # type: ignore[type-arg]
    """An object that is not wanted any more has a state for that, so nobody deletes one.

    With ``deletable = True`` on the class, Django's delete permission is enough.
    """

    deletable = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody, unless the class is ``deletable``."""
        return self.deletable and super().has_delete_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What would go along, and what keeps these objects: their open runs."""
        deleted, counted, missing, protected = super().get_deleted_objects(objs, request)
        return deleted, counted, missing, [*protected, *map(str, _open_runs(objs))]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """The operation is by this user."""
        obj._history_user = request.user
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """One operation for each, by this user; all or none."""
        with transaction.atomic(using=router.db_for_write(self.model)):
            for obj in queryset:
                self.delete_model(request, obj)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Django's page; a run that was asked for meanwhile is told of."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except ProtectedError as refusal:
            messages.error(request, str(refusal.args[0]))
            return HttpResponseRedirect(request.path)


def _open_runs(objects: Any) -> list[EffectRun]:
    return [
        run
        for obj in objects
        for run in EffectRun.objects.of(object_type_of(obj), object_id_of(obj)).open()
    ]
