"""What is written about an object, to be compared with what was."""

from dataclasses import dataclass
from typing import Any

from workflows_app.contract.registry import Contract
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.models.identity import object_id_of


@dataclass(frozen=True)
class Written:
    """Its columns, and how many operations, runs and events it has."""

    obj: Any
    columns: dict[str, Any]
    counts: list[int]


def all_written_of(obj: Any, contract: Contract, using: str) -> Written:
    """All that is written about this object, which was read just now."""
    about = {"object_type": contract.object_type, "object_id": object_id_of(obj)}
    kinds = (Operation, EffectRun, Event)
    counts = [kind.objects.using(using).filter(**about).count() for kind in kinds]
    columns = {f.attname: f.value_from_object(obj) for f in obj._meta.concrete_fields}
    return Written(obj, columns, counts)
