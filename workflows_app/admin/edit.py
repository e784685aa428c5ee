"""The change page: saving its form is the command ``edit``."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.checks import ModelAdminChecks
from django.contrib.admin.utils import unquote
from django.core.checks import CheckMessage, Error
from django.core.exceptions import PermissionDenied
from django.db import router
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from workflows_app.contract.editing import can_be_edited, editable_columns
from workflows_app.contract.registry import contract_for
from workflows_app.describe.story import told_by_operation
from workflows_app.engine import create, edit
from workflows_app.engine.locking import retrying
from workflows_app.failures import (
    ContractError,
    Forbidden,
    Invalid,
    KeyReused,
    Reason,
    Refused,
    Stale,
)
from workflows_app.models import Operation
from workflows_app.models.identity import object_id_of, object_type_of

from .addresses import object_url
from .command import sentences
from .edit_form import ConfirmationOfEdit, EditForm

#: Where the refusal of what was sent is kept while the page is built again.
REFUSAL = "workflow_refusal"


class EditChecks(ModelAdminChecks):
    """Django's checks, and that no list is edited past the contract."""

    def _check_list_editable(self, obj: Any) -> list[CheckMessage]:
        found: list[CheckMessage] = super()._check_list_editable(obj)  # type: ignore[misc]
        if obj.list_editable:
            found.append(
                Error(
                    f"{type(obj).__name__}: list_editable writes columns without a command.",
                    hint="Remove it; the page of an object edits what the contract lets edit.",
                    obj=type(obj),
                    id="workflows_app.E060",
                )
            )
        return found


class EditPage(admin.ModelAdmin):  # type: ignore[type-arg]
    """``<object>/change/``: the columns this user may edit in this state; the others to read."""

    checks_class = EditChecks

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The columns of a stored object that this user may not edit now."""
        mine = tuple(super().get_readonly_fields(request, obj))
        if obj is None:
            return mine
        open_now = editable_columns(obj, request.user)
        kept = [f.name for f in self.opts.concrete_fields if can_be_edited(f)]
        if not super().has_change_permission(request, obj):
            kept += [field.name for field in self.opts.many_to_many]
        return (*mine, *(name for name in kept if name not in open_now))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of an object: whoever may edit a column of it now, or what hangs on it."""
        allowed = super().has_change_permission(request, obj)
        if obj is None:
            return allowed
        return bool(editable_columns(obj, request.user)) or (
            allowed and self._hangs_more(request, obj)
        )

    def _hangs_more(self, request: HttpRequest, obj: Any) -> bool:
        """Whether the page has relations of the object, which Django saves as ever."""
        return bool(self.opts.many_to_many or self.get_inlines(request, obj))

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form of the class, made to tell changes, and to say why it comes again."""
        form = kwargs.pop("form", self.form)
        refusal = getattr(request, REFUSAL, None)
        told = {} if refusal is None else _told(refusal)
        bases = (form,) if issubclass(form, EditForm) else (EditForm, form)
        form = type(form.__name__, bases, told)
        return super().get_form(request, obj, change, form=form, **kwargs)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Django's page; a refusal is explained on the form, which is shown again."""
        show: Callable[[], Any] = partial(
            super().changeform_view, request, object_id, form_url, extra_context
        )
        if request.method != "POST":
            return show()
        if (moved_on := self._moved_on(request, object_id)) is not None:
            return moved_on
        try:
            return retrying(router.db_for_write(self.model), show)
        except Forbidden as refusal:
            raise PermissionDenied(refusal.detail) from refusal
        except Refused as refusal:
            setattr(request, REFUSAL, refusal)
            return show()

    def _moved_on(self, request: HttpRequest, object_id: str | None) -> HttpResponse | None:
        """Where nothing can be edited any more, because the object is not what was looked at."""
        obj = None if object_id is None else self.get_object(request, unquote(object_id))
        if obj is None or self.has_change_permission(request, obj):
            return None
        sent = ConfirmationOfEdit(request.POST)
        is_late = sent.is_valid() and sent.cleaned_data["version"] != obj.version
        if not (is_late and self.has_view_permission(request, obj)):
            return None
        messages.error(
            request, _("It has changed since you opened this page, and nothing was saved.")
        )
        return HttpResponseRedirect(object_url(self.admin_site, obj))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new object is a command by this user, and so is what was changed of a stored one.

        Of a stored object only what its user changed in the form is written.
        """
        if not change:
            create(obj, by=request.user)
            return
        if not isinstance(form, EditForm):
            raise ContractError(
                f"{type(self).__name__}: only the page of an object edits it; remove list_editable."
            )
        sent = ConfirmationOfEdit(request.POST)
        if not sent.is_valid():
            incomplete = str(_("This page came back incomplete. Check it and save again."))
            raise Invalid(incomplete, reasons=[Reason("incomplete", incomplete)])
        version, key = sent.cleaned_data["version"], str(sent.cleaned_data["key"])
        if data := form.edited():
            edit(obj, by=request.user, data=data, key=key, version=version)
        elif version != obj.version:
            raise Stale(facts={"versions": [version]})


def confirmation_of(request: HttpRequest, obj: Any) -> ConfirmationOfEdit:
    """What the page sends along: as it came, or of the object as it is shown now."""
    sent = ConfirmationOfEdit(request.POST if request.method == "POST" else None)
    refused = isinstance(getattr(request, REFUSAL, None), Stale | KeyReused)
    if sent.is_valid() and not refused:
        return sent
    return ConfirmationOfEdit(initial={"version": obj.version, "key": str(uuid.uuid4())})


def changes_since(request: HttpRequest, obj: Any) -> list[str]:
    """What happened to the object since the page was opened, if that is why it comes again."""
    refusal = getattr(request, REFUSAL, None)
    if not isinstance(refusal, Stale):
        return []
    seen = max(refusal.facts["versions"])
    mine = Operation.objects.of(object_type_of(obj), object_id_of(obj)).filter(version__gt=seen)
    return [told_by_operation(one, contract_for(one.object_type, one.field), None) for one in mine]


def _told(refusal: Refused) -> dict[str, Any]:
    if isinstance(refusal, Stale):
        late = _("It has changed since you opened this page, and nothing was saved. Look at what"
                 " happened, and save again if you still want this.")  # fmt: skip
        return {"refused": [("", str(late))], "is_stale": True}
    said = [
        (pointer.split("/")[1] if pointer else "", text) for pointer, text in sentences(refusal)
    ]
    return {"refused": said, "is_stale": False}
