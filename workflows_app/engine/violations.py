"""Violations: what the database refuses of a row becomes a refusal in the words of the model."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DataError, IntegrityError, connections
from django.db.models import Model
from django.db.models.constraints import BaseConstraint

from workflows_app.contract.registry import Contract
from workflows_app.failures import Current, Invalid, Reason, Refused
from workflows_app.models import Operation

from .broken_rules import Broken, broken_rule, is_broken_reference


@dataclass
class Attempt:
    """What a command has taken in hand so far: its object, and where that stood before."""

    obj: Any = None
    current: Current | None = None

    def begin(self, obj: Any, contract: Contract) -> None:
        """Note the object, before anything is done to it, and where it stands in this workflow."""
        if obj is not None:
            self.obj, self.current = obj, Current(contract.state_of(obj), obj.version)


@contextmanager
def explained(using: str) -> Iterator[Attempt]:
    """Round a command's transaction: its refusal says where the object stands, and a violated
    constraint is a refusal too. The transaction is over by then, so the database can be asked.
    """
    attempt = Attempt()
    try:
        yield attempt
    except (IntegrityError, DataError) as error:
        refusal = refusal_of(error, using, attempt.obj)
        if refusal is None:
            raise
        refusal.current = attempt.current
        raise refusal from error
    except ValidationError as error:  # a save() that calls full_clean(), a receiver that validates
        first, *others = _reasons_in(error)
        raise Invalid(Violation(first), reasons=others, current=attempt.current) from error
    except Refused as refusal:
        refusal.current = refusal.current or attempt.current
        raise


def _reasons_in(error: ValidationError) -> Iterator[Reason]:
    by_field = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: [error]}
    for name, errors in by_field.items():
        for one in (single for each in errors for single in each.error_list):
            yield _reason(one, [name], "invalid")


def refusal_of(error: IntegrityError | DataError, using: str, obj: Any) -> Invalid | None:
    """The refusal that a violated constraint of a model is; None where none is the cause.

    The database names one constraint; the refusal lists every one that the object violates.
    """
    if isinstance(error, DataError):
        reasons = [] if obj is None else list(_out_of_range(obj._meta.concrete_fields, obj))
    else:
        reasons = _reasons_of(error, using, obj) or list(_references(error, using, obj))
    return Invalid(Violation(reasons[0]), reasons=reasons[1:]) if reasons else None


def _reasons_of(error: IntegrityError, using: str, obj: Any) -> list[Reason]:
    model = None if obj is None else obj._meta.concrete_model
    broken = broken_rule(error, connections[using], model)
    if broken is None or broken.model._meta.app_label == Operation._meta.app_label:
        return []
    mine = broken.model is model
    all_of_them = list(violations(obj, using)) if mine else []
    possible = list(_possible(broken, obj if mine else broken.model()))
    named = [one for one in possible if one in all_of_them] or possible[:1]
    return [*named, *(one for one in all_of_them if one not in named)]


def _references(error: IntegrityError, using: str, obj: Any) -> Iterator[Reason]:
    """What the object refers to and is gone; databases tell at the commit, SQLite without names."""
    if not is_broken_reference(error, connections[using]):
        return
    gone = [] if obj is None else [f for f in obj._meta.concrete_fields if _is_gone(f, obj, using)]
    for field in gone:
        name = str(field.verbose_name).capitalize()
        yield Reason("gone", f"{name}: it does not exist any more.", f"/{field.name}")
    if not gone:
        yield Reason("gone", "Something that belongs to it was deleted meanwhile. Look again.")


def _is_gone(field: Any, obj: Any, using: str) -> bool:
    key = getattr(obj, field.attname)
    if field.remote_field is None or key is None or not field.db_constraint:
        return False
    there = field.remote_field.model._base_manager.using(using)
    return not there.filter(**{field.target_field.attname: key}).exists()


def refuse_violations(obj: Any, using: str) -> None:
    """The object violates constraints of its model."""
    _refuse(list(violations(obj, using)))


def refuse_unenforced(obj: Any, using: str) -> None:
    """The object violates a constraint of its model that this database cannot keep itself."""
    unkept = [one for one in obj._meta.constraints if not _is_kept(one, using)]
    if any(list(_violation(one, obj, using)) for one in unkept):
        refuse_violations(obj, using)


def _refuse(reasons: list[Reason]) -> None:
    if reasons:
        raise Invalid(Violation(reasons[0]), reasons=reasons[1:])


@dataclass(frozen=True)
class Violation:
    """A violated constraint: a refusal has its code and text."""

    reason: Reason


def violations(obj: Any, using: str) -> Iterator[Reason]:
    """Every uniqueness and constraint of its model that the object, as it is, violates."""
    try:
        obj.validate_unique()
    except ValidationError as error:
        for name, errors in error.error_dict.items():
            yield from (_reason(one, [name], "unique") for one in errors)
    for constraint in obj._meta.constraints:
        yield from _violation(constraint, obj, using)


def _violation(constraint: BaseConstraint, obj: Model, using: str) -> Iterator[Reason]:
    try:
        constraint.validate(type(obj), obj, using=using)
    except ValidationError as error:
        yield _reason(error, getattr(constraint, "fields", ()), constraint.name)


def _possible(broken: Broken, obj: Any) -> Iterator[Reason]:
    """What the broken rule may be called: two conditional constraints may share their columns."""
    meta = broken.model._meta
    if broken.null:
        for field in broken.fields:
            yield Reason("null", str(field.error_messages["null"]), f"/{field.name}")
        return
    names = {field.name for field in broken.fields}
    for constraint in meta.constraints:
        fields = getattr(constraint, "fields", ())
        if constraint.name == broken.name or (fields and set(fields) == names):
            yield _reason(_said_by(constraint, obj), fields, constraint.name)
    unique_together = any(set(group) == names for group in meta.unique_together)
    if unique_together or (len(names) == 1 and broken.fields[0].unique):
        error = obj.unique_error_message(broken.model, tuple(names))
        yield _reason(error, list(names), "unique")
    yield from _out_of_range(broken.fields, obj)


def _said_by(constraint: Any, obj: Any) -> ValidationError:
    """The error that the constraint itself raises, without asking the database."""
    fields = getattr(constraint, "fields", ())
    has_own_words = constraint.violation_error_message != constraint.default_violation_error_message
    if fields and not constraint.condition and not has_own_words:
        error: ValidationError = obj.unique_error_message(type(obj), fields)
        return error
    message = constraint.get_violation_error_message()
    return ValidationError(message, code=constraint.violation_error_code)


def _out_of_range(fields: tuple[Any, ...], obj: Any) -> Iterator[Reason]:
    """What the validators of these fields say: a field's own CHECK keeps what they ask for."""
    for field in fields:
        try:
            field.run_validators(getattr(obj, field.attname))
        except ValidationError as error:
            yield from (_reason(one, [field.name], "invalid") for one in error.error_list)


def _reason(error: ValidationError, fields: Any, code: str) -> Reason:
    pointer = f"/{fields[0]}" if len(fields) == 1 and fields[0] != "__all__" else ""
    return Reason(getattr(error, "code", None) or code, " ".join(error.messages), pointer)


def _is_kept(constraint: Any, using: str) -> bool:
    """Whether Django made this constraint in this database: what it lacks is left out silently."""
    can = connections[using].features
    asked = {
        "condition": can.supports_partial_indexes,
        "deferrable": can.supports_deferrable_unique_constraints,
        "expressions": can.supports_expression_indexes,
        "include": can.supports_covering_indexes,
    }
    if not hasattr(constraint, "fields"):
        return bool(can.supports_table_check_constraints)
    nulls = constraint.nulls_distinct is None or can.supports_nulls_distinct_unique_constraints
    return nulls and all(can for word, can in asked.items() if getattr(constraint, word, None))
