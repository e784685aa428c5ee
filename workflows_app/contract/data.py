"""The data a command brings: any class with is_valid(), errors and validated_data."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.utils.module_loading import import_string

from workflows_app.failures import Invalid, Reason

_EXPECTED = "Send an object with named members."
_NULL_CHARACTER = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True)
class Brought:
    """Validated data: what the body sees, and the JSON form that is stored."""

    validated: dict[str, Any] = field(default_factory=dict)
    stored: dict[str, Any] = field(default_factory=dict)


def shape_of(declared: Any) -> Any:
    """The class that validates, also where the contract gave its dotted path; None for no data."""
    return import_string(declared) if isinstance(declared, str) else declared


def bring(declared: Any, raw: Mapping[str, Any] | None) -> Brought:
    """Validate what was sent against what the transition declares. Raises Invalid."""
    given = {} if raw is None else raw
    if not isinstance(given, Mapping):
        raise Invalid(_EXPECTED, reasons=[Reason("invalid", _EXPECTED)])
    shape = shape_of(declared)
    if shape is None:
        _refuse(list(_unknown(given, set())))
        return Brought()
    checked = shape(data=given)
    members = _members(checked)
    unknown = [] if members is None else list(_unknown(given, members))
    valid = checked.is_valid()
    _refuse(unknown + ([] if valid else list(reasons_of(checked.errors))))
    validated = dict(checked.validated_data)
    return Brought(validated, as_json(validated))


def keep_declared(declared: Any, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The members of an effect's result that its follow-up declares; the others are dropped."""
    shape = shape_of(declared)
    known = set() if shape is None else _members(shape(data={}))
    return {n: value for n, value in (given or {}).items() if known is None or n in known}


def members_of(declared: Any) -> set[str] | None:
    """The names a command may send, or None where the class does not tell."""
    shape = shape_of(declared)
    return set() if shape is None else _members(shape(data={}))


def as_json(value: Any) -> Any:
    """The JSON form: what is stored, and what a handler reads back.

    Raises Invalid for what no database keeps as JSON: NaN, infinity, null characters.
    """
    try:
        text = json.dumps(value, cls=_Encoder, allow_nan=False)
    except ValueError as error:
        raise Invalid(reasons=[Reason("invalid", str(error))]) from error
    if _NULL_CHARACTER.search(text):
        raise Invalid(reasons=[Reason("invalid", "A null character cannot be stored.")])
    return json.loads(text)


class _Encoder(DjangoJSONEncoder):
    """Django's encoder, and: an object is its key, a file its name, size and digest."""

    def default(self, o: Any) -> Any:
        if isinstance(o, Model):
            return o.pk
        if isinstance(o, File):
            digest = hashlib.file_digest(o, "sha256").hexdigest()
            o.seek(0)
            return {"name": o.name, "size": o.size, "sha256": digest}
        if isinstance(o, set | frozenset):
            return sorted(o, key=str)
        return super().default(o)


def _members(shape: Any) -> set[str] | None:
    fields = getattr(shape, "fields", None)
    if fields is None:
        return None
    return {name for name, one in fields.items() if not getattr(one, "read_only", False)}


def _unknown(given: Mapping[str, Any], members: set[str]) -> Iterator[Reason]:
    for name in given:
        if name not in members:
            yield Reason("unknown_field", "Unknown member.", f"/{_escaped(name)}")


def _refuse(reasons: list[Reason]) -> None:
    if reasons:
        raise Invalid(reasons=reasons)


def reasons_of(errors: Any, pointer: str = "") -> Iterator[Reason]:
    """One reason per error, whatever the nesting: dicts by member, lists of texts or of dicts."""
    if isinstance(errors, ValidationError):
        yield Reason(errors.code or "invalid", " ".join(errors.messages), pointer)
    elif isinstance(errors, Mapping):
        for name, inner in errors.items():
            member = "" if name == "non_field_errors" else f"/{_escaped(name)}"
            yield from reasons_of(inner, pointer + member)
    elif isinstance(errors, list | tuple):
        for index, inner in enumerate(errors):
            nested = f"/{index}" if isinstance(inner, Mapping) else ""
            yield from reasons_of(inner, pointer + nested)
    else:
        yield Reason(getattr(errors, "code", "invalid"), str(errors), pointer)


def _escaped(name: Any) -> str:
    """A member's name as a JSON pointer has it (RFC 6901)."""
    return str(name).replace("~", "~0").replace("/", "~1")
