"""The form of a command: Django form fields for what its transition's ``data`` declares."""

import copy
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.admin import widgets
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.fields import empty

from workflows_app.contract.data import shape_of

Build = Callable[[Any, dict[str, Any]], forms.Field]


class DataForm(forms.Form):
    """What a command must bring. Its prefix keeps it apart from the page's own fields."""

    prefix = "data"

    def __init__(self, declared: Any, sent: Any = None) -> None:
        super().__init__(sent)
        shape = shape_of(declared)
        self._may_be_left_out: set[str] = set()
        if hasattr(shape, "base_fields"):  # a Django form
            self._ask(shape.base_fields, copy.deepcopy(shape.base_fields))
        elif shape is not None:
            asked = {name: field for name, field in shape().fields.items() if _is_asked(field)}
            self._ask(asked, {name: _form_field(name, field) for name, field in asked.items()})

    def data_of_command(self) -> dict[str, Any]:
        """The members to send, once the form is valid."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if not (name in self._may_be_left_out and value in (None, ""))
        }

    def _ask(self, declared: Any, fields: dict[str, forms.Field]) -> None:
        self.fields.update(fields)
        self._may_be_left_out = {name for name, field in declared.items() if not field.required}


def _is_asked(field: Any) -> bool:
    return not (field.read_only or isinstance(field, serializers.HiddenField))


def _form_field(name: str, field: Any) -> forms.Field:
    common = {
        "label": capfirst(field.label or name.replace("_", " ")),
        "help_text": field.help_text or "",
        "required": field.required and not field.allow_null,
        "initial": _initial(field),
    }
    build = next((build for kind, build in _KINDS.items() if isinstance(field, kind)), _json)
    return build(field, common)


def _initial(field: Any) -> Any:
    value = field.initial if field.default is empty else field.default
    return None if callable(value) else value


def _text(field: Any, common: dict[str, Any]) -> forms.Field:
    long = field.style.get("base_template") == "textarea.html"
    return forms.CharField(
        **common | {"required": common["required"] and not field.allow_blank},
        min_length=field.min_length,
        max_length=field.max_length,
        strip=field.trim_whitespace,
        empty_value=None if field.allow_null and not field.allow_blank else "",
        widget=widgets.AdminTextareaWidget() if long else widgets.AdminTextInputWidget(),
    )


def _integer(field: Any, common: dict[str, Any]) -> forms.Field:
    return forms.IntegerField(
        **common,
        min_value=field.min_value,
        max_value=field.max_value,
        widget=widgets.AdminBigIntegerFieldWidget(),
    )


def _float(field: Any, common: dict[str, Any]) -> forms.Field:
    return forms.FloatField(**common, min_value=field.min_value, max_value=field.max_value)


def _decimal(field: Any, common: dict[str, Any]) -> forms.Field:
    return forms.DecimalField(
        **common,
        min_value=field.min_value,
        max_value=field.max_value,
        max_digits=field.max_digits,
        decimal_places=field.decimal_places,
    )


def _boolean(field: Any, common: dict[str, Any]) -> forms.Field:
    if field.allow_null:
        return forms.NullBooleanField(**common)
    # A box that is not ticked says no; that is an answer.
    return forms.BooleanField(**common | {"required": False})


def _date(field: Any, common: dict[str, Any]) -> forms.Field:
    picker = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(**common, widget=picker)


def _datetime(field: Any, common: dict[str, Any]) -> forms.Field:
    picker = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(**common, widget=picker)


def _choice(field: Any, common: dict[str, Any]) -> forms.Field:
    nothing = [] if common["required"] and common["initial"] else [("", "---------")]
    return forms.ChoiceField(**common, choices=nothing + list(field.choices.items()))


def _json(field: Any, common: dict[str, Any]) -> forms.Field:
    """Whatever has no form field of its own: people write it as the API takes it."""
    return forms.JSONField(
        **common | {"label": _("%(name)s (JSON)") % {"name": common["label"]}},
        widget=widgets.AdminTextareaWidget(),
    )


#: In this order: a multiple choice is a choice to isinstance, and is written as JSON.
_KINDS: dict[type[Any], Build] = {
    serializers.MultipleChoiceField: _json,
    serializers.ChoiceField: _choice,
    serializers.CharField: _text,
    serializers.IntegerField: _integer,
    serializers.FloatField: _float,
    serializers.DecimalField: _decimal,
    serializers.BooleanField: _boolean,
    serializers.DateTimeField: _datetime,
    serializers.DateField: _date,
}
