"""What another release of the contract left in the database, written as that release wrote it."""

from workflows_app.engine.ledger import write_operation
from workflows_app.models import EffectRun

BY_THE_SYSTEM = {"kind": "command", "actor": "system", "actor_label": "the system"}


def move(obj, state, *, transition="ship", field="status", **columns):
    """The object goes to a state as that release calls it, with its operation."""
    source = type(obj).objects.values_list(field, flat=True).get(pk=obj.pk)
    operation = write_operation(
        obj, "default", version=obj.version + 1, transition=transition, source=source,
        target=state, **BY_THE_SYSTEM | columns,
    )  # fmt: skip
    type(obj).objects.filter(pk=obj.pk).update(**{field: state, "version": obj.version + 1})
    obj.refresh_from_db()
    return operation


def stored_under(former, effect):
    """The runs of an effect, as a release stored them that called it otherwise."""
    EffectRun.objects.filter(effect=effect).update(effect=former)


def stored_state(obj, field="status"):
    """What the row says, to the letter."""
    return type(obj).objects.values_list(field, flat=True).get(pk=obj.pk)
