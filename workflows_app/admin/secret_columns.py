"""Secret columns in the form: they can be entered and replaced, and are never shown."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from workflows_app.contract.registry import contract_of


class KeepsSecrets(forms.ModelForm):  # type: ignore[type-arg]
    """A form whose secret columns begin empty, and stay as they are when left empty."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept: set[str] = set()
        if self.instance._state.adding:
            return
        self._kept = set(self.fields) & contract_of(self.instance).secret
        for name in self._kept:
            self.initial.pop(name, None)
            self.fields[name].required = False
            self.fields[name].help_text = _("Hidden. Leave it empty to keep what is there.")

    def clean(self) -> dict[str, Any]:
        """What was left empty is what is stored."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in self._kept & set(cleaned):
            if cleaned[name] in (None, ""):
                cleaned[name] = getattr(self.instance, name)
        return cleaned
