"""The inbox, to look at: what came from outside, and what nobody has used. Nobody edits it here."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from workflows_app.contract.registry import contracts
from workflows_app.describe.secrets import redact
from workflows_app.models import EffectRun, Message, MessageState

from .addresses import linked
from .rows import RowAdmin


@admin.register(Message)
class MessageAdmin(RowAdmin):
    """Every message, whom it was for, and why it was not used."""

    list_display = ("received_at", "endpoint", "type", "state", "note_shown", "object_shown")
    list_filter = ("state",)
    search_fields = ("message_id__exact", "ref__exact", "object_id__exact")
    search_help_text = _("The sender's id, the reference or the id of an object, exactly.")
    fields = (
        "id", "endpoint", "message_id", "type", "ref", "state", "note_shown", "received_at", "due",
        "looks", "expires_at", "finished_at", "repeated", "differed", "object_shown",
        "operation_shown", "run_shown", "payload_shown",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those of objects the user may see; unused ones for everybody who may look here."""
        every = admin.ModelAdmin.get_queryset(self, request)
        seen = super().get_queryset(request).values("pk")
        return every.filter(Q(pk__in=seen) | ~Q(state=MessageState.MATCHED))

    @admin.display(description=_("what came of it"))
    def note_shown(self, message: Message) -> str:
        """Why it is not used yet, in a sentence."""
        return str(message.note.get("detail", "-")) if message.note else "-"

    @admin.display(description=_("object"), ordering="object_id")
    def object_shown(self, row: Message) -> Any:
        """The object it was for, linked."""
        return super().object_shown(row) if row.object_type else "-"

    @admin.display(description=_("operation"))
    def operation_shown(self, row: Message) -> Any:
        """What it led to, linked."""
        return super().operation_shown(row) if row.operation_id else "-"

    @admin.display(description=_("run"))
    def run_shown(self, message: Message) -> Any:
        """The effect it told the end of, linked."""
        if message.run_id is None:
            return "-"
        return linked(self.admin_site, EffectRun, message.run_id, str(message.run_id))

    @admin.display(description=_("payload"))
    def payload_shown(self, message: Message) -> Any:
        """What it says, without what any contract calls secret."""
        secret = frozenset(name for contract in contracts() for name in contract.secret)
        text = json.dumps(redact(message.payload, secret), indent=2, ensure_ascii=False)
        return format_html("<pre>{}</pre>", text)
