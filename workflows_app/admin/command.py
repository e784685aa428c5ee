"""The command page: confirm a transition, bring its data, and give it through execute()."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _

from workflows_app.atomic_requests import outside_transactions
from workflows_app.contract.registry import contract_of
from workflows_app.contract.transitions import Transition
from workflows_app.describe.status import status
from workflows_app.engine import execute, refusals
from workflows_app.failures import Forbidden, KeyReused, Refused, Stale

from .addresses import command_url, object_url
from .data_form import DataForm
from .words import readable_by_field


class Confirmation(forms.Form):
    """What every command brings besides its data."""

    key = forms.UUIDField(widget=forms.HiddenInput())
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        help_text=_("Optional. Everybody who sees the timeline can read it."),
        widget=AdminTextareaWidget(attrs={"rows": 3}),
    )


class ConfirmationOfVersion(Confirmation):
    """What a command to an object brings: also the version that was looked at."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput())


class CommandPage(admin.ModelAdmin):  # type: ignore[type-arg]
    """``<object>/command/<name>/``: one page per transition."""

    def get_urls(self) -> list[Any]:
        """The usual pages and the one of commands."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_command"
        view = outside_transactions(self.admin_site.admin_view(self.command_view))
        return [path("<path:object_id>/command/<str:name>/", view, name=name), *super().get_urls()]

    def command_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponseBase:
        """Ask for confirmation, then give the command; a refusal is explained on the form."""
        obj, transition = self._find(request, object_id, name)
        if request.method == "POST":
            return self._give(request, obj, transition)
        if not _may(request, transition, obj):
            raise PermissionDenied
        return self._ask(request, obj, transition, DataForm(transition.data), _unsent(obj))

    def _find(self, request: HttpRequest, object_id: str, name: str) -> tuple[Any, Transition]:
        obj = self.get_object(request, unquote(object_id))
        transition = contract_of(self.model).transition_named(name)
        if obj is None or transition is None or transition.creates:
            raise Http404
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        return obj, _here(transition, obj)

    def _give(self, request: HttpRequest, obj: Any, transition: Transition) -> HttpResponseBase:
        data, confirmation = (
            DataForm(transition.data, request.POST),
            ConfirmationOfVersion(request.POST),
        )
        if not (data.is_valid() & confirmation.is_valid()):
            return self._ask_again(request, obj, transition, data, confirmation)
        sent = confirmation.cleaned_data
        try:
            execute(
                getattr(obj, transition.name),
                by=request.user,
                data=data.data_of_command(),
                key=str(sent["key"]),
                version=sent["version"],
                reason=sent["reason"],
            )
        except Forbidden as refusal:
            raise PermissionDenied(refusal.detail) from refusal
        except Refused as refusal:
            return self._explain(request, obj, transition, data, confirmation, refusal)
        return self._done(request, obj, transition)

    def _done(self, request: HttpRequest, obj: Any, transition: Transition) -> HttpResponseBase:
        contract = contract_of(obj, transition.field)
        state = contract.state(contract.state_of(obj))
        facts = {"command": transition.label, "state": state.label}
        messages.success(request, _("%(command)s: done. Now: %(state)s.") % facts)
        return HttpResponseRedirect(object_url(self.admin_site, obj))

    def _ask_again(
        self,
        request: HttpRequest,
        obj: Any,
        transition: Transition,
        data: DataForm,
        confirmation: Confirmation,
    ) -> HttpResponseBase:
        """The form again, because what was entered could not be read."""
        if not _may(request, transition, obj):
            raise PermissionDenied
        if confirmation.errors:
            data.add_error(None, _("This page came back incomplete. Check it and confirm again."))
            confirmation = _unsent(obj)
        return self._ask(request, obj, transition, data, confirmation)

    def _explain(
        self,
        request: HttpRequest,
        obj: Any,
        transition: Transition,
        data: DataForm,
        confirmation: Confirmation,
        refusal: Refused,
    ) -> HttpResponseBase:
        """The form again, with every reason and the object as it stands now."""
        for pointer, detail in sentences(refusal):
            member = pointer.split("/")[1] if pointer else ""
            data.add_error(member if member in data.fields else None, detail)
        now = self.get_object(request, str(obj.pk))
        if now is None:
            raise Http404
        if _here(contract_of(now).all_transitions[transition.name], now) is not transition:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(command_url(self.admin_site, now, transition.name))
        if isinstance(refusal, Stale | KeyReused):
            confirmation = _unsent(now, reason=confirmation.cleaned_data["reason"])
        return self._ask(request, now, transition, data, confirmation)

    def _ask(
        self,
        request: HttpRequest,
        obj: Any,
        transition: Transition,
        data: DataForm,
        confirmation: Confirmation,
    ) -> HttpResponseBase:
        contract, said = contract_of(obj, transition.field), data.non_field_errors()
        context = {
            **self.admin_site.each_context(request),
            "title": transition.label,
            "subtitle": str(obj),
            "opts": self.opts,
            "original": obj,
            "object_url": object_url(self.admin_site, obj),
            "field": transition.field,
            "status": readable_by_field(status(obj), only=contract.field)[transition.field],
            "transition": transition,
            "targets": [contract.state(target).label for target in transition.targets if target],
            "impossible": [r.detail for r in refusals(obj, transition) if r.detail not in said],
            "data_form": data,
            "forms": [as_admin_form(data), as_admin_form(confirmation, ["reason"])],
            "confirmation": confirmation,
            "media": self.media + data.media,
        }
        return TemplateResponse(request, "workflows_app/admin/command.html", context)


def _here(transition: Transition, obj: Any) -> Transition:
    """The declaration that holds where the object stands."""
    return transition.at(contract_of(obj, transition.field).state_of(obj))


def _may(request: HttpRequest, transition: Transition, obj: Any) -> bool:
    user: Any = request.user  # admin_view lets nobody in who is not logged in
    return transition.by.admits(user, obj)


def _unsent(obj: Any, reason: str = "") -> Confirmation:
    """A confirmation for the object as it is shown now: sent twice, it is one command."""
    return ConfirmationOfVersion(
        initial={"version": obj.version, "key": str(uuid.uuid4()), "reason": reason}
    )


def sentences(refusal: Refused) -> list[tuple[str, str]]:
    """Where each reason belongs, and what it says."""
    if isinstance(refusal, Stale):
        changed = _("It has changed since you opened this page. Look at where it stands now,"
                    " and confirm again if you still want this.")  # fmt: skip
        return [("", str(changed))]
    if isinstance(refusal, KeyReused):
        sent = _("This page was sent before, with other values. Confirm again to send these.")
        return [("", str(sent))]
    if refusal.reasons:
        return [(reason.pointer, reason.detail) for reason in refusal.reasons]
    return [("", refusal.detail)]


def as_admin_form(form: Any, names: list[str] | None = None) -> AdminForm:
    return AdminForm(form, [(None, {"fields": names or list(form.fields)})], {})
