"""New values of columns, validated as the columns themselves ask for."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import FileField, Model


class ColumnData:
    """What an edit brings, in the form of a serializer: is_valid(), errors, validated_data."""

    def __init__(self, instance: Model, *, data: Mapping[str, Any]) -> None:
        self.fields = {field.name: field for field in instance._meta.concrete_fields}
        self.errors: dict[str, list[ValidationError]] = {}
        self.validated_data: dict[str, Any] = {}
        self._instance, self._data = instance, data

    def is_valid(self) -> bool:
        """Whether every column takes its value; others are not looked at."""
        named = [
            (self.fields[name], value) for name, value in self._data.items() if name in self.fields
        ]
        for field, value in named:
            try:
                self.validated_data[field.name] = _cleaned(field, value, self._instance)
            except ValidationError as error:
                self.errors[field.name] = list(error.error_list)
            except OverflowError:
                self.errors[field.name] = [ValidationError("This is too large.", "invalid")]
        return not self.errors


def _cleaned(field: Any, value: Any, instance: Model) -> Any:
    if isinstance(field, FileField) and value is False:
        value = ""  # a form says so where the file is to be removed
    if isinstance(value, Model):
        value = getattr(value, field.target_field.attname)
    return field.clean(value, instance)
