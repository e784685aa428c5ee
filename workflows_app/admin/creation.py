"""The creation page: ``add`` is the contract's own command, where it has one."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _

from workflows_app.atomic_requests import outside_transactions
from workflows_app.contract.registry import contract_of
from workflows_app.contract.transitions import Transition
from workflows_app.engine import execute
from workflows_app.failures import Forbidden, KeyReused, Refused
from workflows_app.models import Operation

from .addresses import creation_url, list_url, object_url
from .command import Confirmation, as_admin_form, sentences
from .data_form import DataForm


class CreationPage(admin.ModelAdmin):  # type: ignore[type-arg]
    """``add/``: the only command that creates, or the choice among several, ``add/<name>/``."""

    def get_urls(self) -> list[Any]:
        """The usual pages and one for each command that creates."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_creation"
        view = outside_transactions(self.admin_site.admin_view(self.creation_view))
        return [path("add/<str:name>/", view, name=name), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever a command that creates is for; without one, Django's permission."""
        creations = contract_of(self.model).all_creations
        if not creations:
            return super().has_add_permission(request)
        return any(_may(request, creation) for creation in creations)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of the only command, the list of several, or Django's own."""
        creations = contract_of(self.model).all_creations
        if not creations:
            return super().add_view(request, form_url, extra_context)
        if len(creations) == 1:
            return self.creation_view(request, creations[0].name)
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._offer(request, [one for one in creations if _may(request, one)])

    def creation_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Ask for the data, then give the command; a refusal is explained on the form."""
        creation = contract_of(self.model).transition_named(name)
        if creation is None or not creation.creates:
            raise Http404
        if not _may(request, creation):
            raise PermissionDenied
        if request.method == "POST":
            return self._begin(request, creation)
        return self._ask_for(request, creation, DataForm(creation.data), _unsent_creation())

    def _begin(self, request: HttpRequest, creation: Transition) -> HttpResponse:
        data, confirmation = DataForm(creation.data, request.POST), Confirmation(request.POST)
        if not (data.is_valid() & confirmation.is_valid()):
            if confirmation.errors:
                data.add_error(None, _("This page came back incomplete. Check it and try again."))
                confirmation = _unsent_creation()
            return self._ask_for(request, creation, data, confirmation)
        sent = confirmation.cleaned_data
        try:
            operation = execute(
                getattr(self.model, creation.name),
                by=request.user,
                data=data.data_of_command(),
                key=str(sent["key"]),
                reason=sent["reason"],
            )
        except Forbidden as refusal:
            raise PermissionDenied(refusal.detail) from refusal
        except Refused as refusal:
            for pointer, detail in sentences(refusal):
                member = pointer.split("/")[1] if pointer else ""
                data.add_error(member if member in data.fields else None, detail)
            if isinstance(refusal, KeyReused):
                confirmation = _unsent_creation(reason=sent["reason"])
            return self._ask_for(request, creation, data, confirmation)
        return self._begun(request, creation, operation)

    def _begun(
        self, request: HttpRequest, creation: Transition, operation: Operation
    ) -> HttpResponse:
        state = contract_of(self.model, creation.field).state(operation.target)
        facts = {"command": creation.label, "state": state.label}
        messages.success(request, _("%(command)s: done. Now: %(state)s.") % facts)
        made = self.get_object(request, operation.object_id)
        if made is None or not self.has_view_permission(request, made):
            return HttpResponseRedirect(list_url(self.admin_site, self.model))
        return HttpResponseRedirect(object_url(self.admin_site, made))

    def _ask_for(
        self,
        request: HttpRequest,
        creation: Transition,
        data: DataForm,
        confirmation: Confirmation,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": creation.label,
            "opts": self.opts,
            "object_url": list_url(self.admin_site, self.model),
            "transition": creation,
            "data_form": data,
            "forms": [as_admin_form(data), as_admin_form(confirmation, ["reason"])],
            "confirmation": confirmation,
            "media": self.media + data.media,
        }
        return TemplateResponse(request, "workflows_app/admin/creation.html", context)

    def _offer(self, request: HttpRequest, creations: list[Transition]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Add %(name)s") % {"name": self.opts.verbose_name},
            "opts": self.opts,
            "list_url": list_url(self.admin_site, self.model),
            "ways": [
                {
                    "transition": one,
                    "href": creation_url(self.admin_site, self.model, one.name),
                }
                for one in creations
            ],
        }
        return TemplateResponse(request, "workflows_app/admin/creations.html", context)


def _may(request: HttpRequest, creation: Transition) -> bool:
    user: Any = request.user
    return creation.by.admits(user, None)


def _unsent_creation(reason: str = "") -> Confirmation:
    """Sent twice, it is one command."""
    return Confirmation(initial={"key": str(uuid.uuid4()), "reason": reason})
