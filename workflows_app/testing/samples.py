"""Samples: data and objects made up from what a serializer and a model ask for."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.db import models
from django.utils import timezone
from rest_framework import serializers

from workflows_app.contract.data import as_json, shape_of
from workflows_app.contract.registry import contract_of

from .cast import newcomer

_numbers = itertools.count(1)


class NoSample(Exception):
    """Something is asked for that cannot be made up; the text says what."""


def sample_data(declared: Any) -> dict[str, Any]:
    """The least that this ``data=`` asks for, as a client sends it. Raises NoSample."""
    shape = shape_of(declared)
    if shape is None:
        return {}
    fields = getattr(shape(data={}), "fields", None)
    if fields is None:
        raise NoSample(f"{shape.__name__} does not tell its fields.")
    return dict(as_json(_members(fields)))


def sample_object(model: type[Any]) -> Any:
    """A stored object with the least that its columns ask for. Raises NoSample."""
    protected = contract_of(model).protected if hasattr(model, "workflow_states") else ()
    columns = {
        field.name: _column(field)
        for field in model._meta.concrete_fields
        if field.name not in protected and _is_needed(field)
    }
    return model._base_manager.create(**columns)


def _members(fields: Any) -> dict[str, Any]:
    return {
        name: _member(field)
        for name, field in fields.items()
        if field.required and not field.read_only
    }


def _member(field: Any) -> Any:
    if isinstance(field, serializers.ChoiceField):
        first = next(iter(field.choices))
        return [first] if isinstance(field, serializers.MultipleChoiceField) else first
    if isinstance(field, serializers.PrimaryKeyRelatedField):
        return _existing(field)
    if isinstance(field, serializers.ListSerializer | serializers.ListField):
        may_be_empty = field.allow_empty and not getattr(field, "min_length", None)
        return [] if may_be_empty else [_member(field.child)]
    if isinstance(field, serializers.BaseSerializer):
        return _members(field.fields) if hasattr(field, "fields") else _unknown(field)
    for kind, make in _MEMBERS.items():
        if isinstance(field, kind):
            return make(field)
    return _unknown(field)


def _unknown(field: Any) -> Any:
    raise NoSample(f"{field.field_name} is a {type(field).__name__}.")


def _existing(field: Any) -> Any:
    found = field.get_queryset().first()
    if found is None:
        raise NoSample(f"{field.field_name} names an object, and there is none yet.")
    return found.pk


def _number(field: Any) -> Any:
    least, most = getattr(field, "min_value", None), getattr(field, "max_value", None)
    if least is not None:
        return max(least, 1) if most is None or most >= 1 else least
    return 1 if most is None or most >= 1 else most


def _text(field: Any) -> str:
    """Another one each time: it may have to be unique. The number is at the end, cut it last."""
    number, longest = str(next(_numbers)), getattr(field, "max_length", None) or 20
    text = f"sample-{number}" if longest >= len("sample-") + len(number) else number[-longest:]
    return text.ljust(getattr(field, "min_length", None) or 0, "x")


#: What a field of a serializer is given; the first that fits, the special before the general.
_MEMBERS: dict[type[Any], Callable[[Any], Any]] = {
    serializers.EmailField: lambda field: f"sample-{next(_numbers)}@example.org",
    serializers.URLField: lambda field: "https://example.org/",
    serializers.UUIDField: lambda field: uuid4(),
    serializers.IPAddressField: lambda field: "192.0.2.1",
    serializers.CharField: _text,
    serializers.BooleanField: lambda field: True,
    serializers.IntegerField: _number,
    serializers.FloatField: _number,
    serializers.DecimalField: _number,
    serializers.DateTimeField: lambda field: timezone.now(),
    serializers.DateField: lambda field: timezone.now().date(),
    serializers.TimeField: lambda field: timezone.now().time(),
    serializers.DurationField: lambda field: "01:00:00",
    serializers.DictField: lambda field: {},
    serializers.JSONField: lambda field: {},
}


def _is_needed(field: Any) -> bool:
    given = field.has_default() or field.null or field.primary_key and field.remote_field is None
    return not (given or getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))


def _column(field: Any) -> Any:
    if field.choices:
        return next(value for value, _ in field.flatchoices)
    if field.remote_field:
        to = field.remote_field.model
        return newcomer() if to is get_user_model() else sample_object(to)
    for kind, value in _COLUMNS.items():
        if isinstance(field, kind):
            return value(field)
    raise NoSample(f"{field.model.__name__}.{field.name} is a {type(field).__name__}.")


#: What a column is given. Numbers of their own, because it may be unique.
_COLUMNS: dict[type[Any], Callable[[Any], Any]] = {
    models.EmailField: lambda field: f"sample-{next(_numbers)}@example.org",
    models.URLField: lambda field: f"https://example.org/{next(_numbers)}",
    models.CharField: lambda field: "" if field.blank and not field.unique else _text(field),
    models.TextField: _text,
    models.BooleanField: lambda field: False,
    models.DecimalField: lambda field: Decimal(1),
    models.IntegerField: lambda field: next(_numbers),
    models.FloatField: lambda field: 1.0,
    models.DateTimeField: lambda field: timezone.now(),
    models.DateField: lambda field: timezone.now().date(),
    models.TimeField: lambda field: timezone.now().time(),
    models.DurationField: lambda field: timedelta(hours=1),
    models.UUIDField: lambda field: uuid4(),
    models.GenericIPAddressField: lambda field: "192.0.2.1",
    models.FileField: lambda field: "" if field.blank else f"sample-{next(_numbers)}",
    models.JSONField: lambda field: {},
}
