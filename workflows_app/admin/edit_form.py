"""The form of a stored object: what its user changed, and what others changed meanwhile."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.utils import display_for_field
from django.utils.translation import gettext_lazy as _

from .secret_columns import KeepsSecrets

NOTHING = "-"


class ConfirmationOfEdit(forms.Form):
    """What the page of an object sends along: sent twice, it is one edit of what was looked at."""

    prefix = "workflow"

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput())
    key = forms.UUIDField(widget=forms.HiddenInput())


class EditForm(KeepsSecrets):
    """Every column remembers what the page showed, so that a change is one that its user made.

    ``refused`` are the sentences of a refusal, each with its member, for the form that is shown
    again; ``is_stale`` says that somebody else was quicker.
    """

    refused: ClassVar[Sequence[tuple[str, str]]] = ()
    is_stale: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            for name in self._columns():
                self.fields[name].show_hidden_initial = self._is_remembered(name)

    def edited(self) -> dict[str, Any]:
        """The columns that this user changed, with their new values, once the form is valid."""
        return {n: self.cleaned_data[n] for n in self._columns() if n in self.changed_data}

    def full_clean(self) -> None:
        """As usual; then what the engine said of it."""
        super().full_clean()
        if self.is_bound and (self.refused or self.is_stale):
            told = [*self.refused, *(self._changed_meanwhile() if self.is_stale else ())]
            for member, sentence in told:
                self.add_error(member if member in self.fields else None, sentence)

    def _columns(self) -> list[str]:
        own = {field.name for field in self.instance._meta.concrete_fields}
        return [name for name in self.fields if name in own]

    def _is_remembered(self, name: str) -> bool:
        if isinstance(self.fields[name], forms.FileField):
            return False
        sent_as = self.add_initial_prefix(name)  # a widget of several parts numbers them: _0, _1
        return not self.is_bound or any(
            one == sent_as or one.startswith(f"{sent_as}_") for one in self.data
        )

    def _changed_meanwhile(self) -> Iterator[tuple[str, Any]]:
        """The columns that stand otherwise now than on the page that was sent."""
        for name in self._columns():
            field = self.fields[name]
            if not field.show_hidden_initial or name in self._kept:
                continue
            seen = self._widget_data_value(field.hidden_widget(), self.add_initial_prefix(name))  # type: ignore[attr-defined]
            now = self.get_initial_for_field(field, name)
            if field.has_changed(now, seen):
                shown = {"value": self._shown(name, now)}
                yield name, _("Somebody changed this meanwhile; it is now: %(value)s") % shown

    def _shown(self, name: str, value: Any) -> str:
        field = self.fields[name]
        if isinstance(field, forms.ModelChoiceField):
            return str(field.to_python(value) or NOTHING)
        return str(display_for_field(value, self.instance._meta.get_field(name), NOTHING))
