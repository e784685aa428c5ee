"""Inputs: the data a transition needs, as a small JSON schema."""

import functools
from typing import Any

from django.utils.translation import get_language

from workflows_app.contract.data import shape_of

NOTHING: dict[str, Any] = {"type": "object", "properties": {}, "required": []}


def input_schema(declared: Any) -> dict[str, Any]:
    """The schema of a transition's ``data``: a serializer's fields, or a form's."""
    return _schema(declared, get_language())


@functools.cache
def _schema(declared: Any, language: str | None) -> dict[str, Any]:
    """Made once for each language, in which labels and help texts are said."""
    shape = shape_of(declared)
    return NOTHING if shape is None else _object(shape())


def _object(shape: Any) -> dict[str, Any]:
    asked = {
        name: field
        for name, field in shape.fields.items()
        if not getattr(field, "read_only", False)
    }
    return {
        "type": "object",
        "properties": {name: _field(field) for name, field in asked.items()},
        "required": [name for name, field in asked.items() if field.required],
    }


def _field(field: Any) -> dict[str, Any]:
    schema = _type(field)
    for name, attribute in _FACTS.items():
        value = getattr(field, attribute, None)
        if value not in (None, ""):
            schema[name] = value if isinstance(value, int | float) else str(value)
    return schema


_FACTS = {
    "title": "label",
    "description": "help_text",
    "minimum": "min_value",
    "maximum": "max_value",
    "minLength": "min_length",
    "maxLength": "max_length",
}


def _type(field: Any) -> dict[str, Any]:
    if hasattr(field, "fields"):
        return _object(field)
    known = (_TYPES[a.__name__] for a in type(field).__mro__ if a.__name__ in _TYPES)
    if (schema := next(known, None)) is not None:
        return {**schema, **_choices(field)}
    return {"type": "array", "items": _field(field.child)} if hasattr(field, "child") else {}


def _choices(field: Any) -> dict[str, Any]:
    choices = getattr(field, "choices", None)
    if not choices:
        return {}
    values = list(choices) if isinstance(choices, dict) else [value for value, _ in choices]
    if "Multiple" in type(field).__name__:
        return {"type": "array", "items": {"enum": values}}
    return {"enum": values}


#: By class name, because serializers and forms call the same things alike.
_TYPES: dict[str, dict[str, Any]] = {
    "IntegerField": {"type": "integer"},
    "FloatField": {"type": "number"},
    "DecimalField": {"type": "string", "format": "decimal"},
    "BooleanField": {"type": "boolean"},
    "DateField": {"type": "string", "format": "date"},
    "DateTimeField": {"type": "string", "format": "date-time"},
    "TimeField": {"type": "string", "format": "time"},
    "DurationField": {"type": "string", "format": "duration"},
    "UUIDField": {"type": "string", "format": "uuid"},
    "EmailField": {"type": "string", "format": "email"},
    "URLField": {"type": "string", "format": "uri"},
    "JSONField": {},
    "DictField": {"type": "object"},
    "ChoiceField": {"type": "string"},
    "CharField": {"type": "string"},
}
