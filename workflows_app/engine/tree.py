"""The tree: the groups that one operation asked for, and their members, at any depth."""

from typing import Any

from django.db.models import Q

from workflows_app.models import EffectRun
from workflows_app.models.effect_run import GROUP


class Tree:
    """As they are now, in the order written. The object's row is locked."""

    def __init__(self, using: str, run: EffectRun) -> None:
        self.using = using
        #: The groups that were settled in it.
        self.ended: list[EffectRun] = []
        asked = EffectRun.objects.using(using).filter(operation_id=run.operation_id)
        rows = asked.filter(Q(group__isnull=False) | Q(safety=GROUP)).order_by("position")
        self._rows = {row.pk: row for row in rows.select_related("operation")}

    @property
    def groups(self) -> list[EffectRun]:
        """Every group in it."""
        return [row for row in self._rows.values() if row.safety == GROUP]

    def row(self, run: EffectRun) -> EffectRun:
        """The run as it is here."""
        return self._rows[run.pk]

    def members(self, group: EffectRun) -> list[EffectRun]:
        """The members of a group; none of what is no group."""
        return [row for row in self._rows.values() if row.group_id == group.pk]

    def within(self, group: EffectRun) -> list[EffectRun]:
        """Everything in a group, at any depth."""
        members = self.members(group)
        return [one for member in members for one in (member, *self.within(member))]

    def around(self, run: EffectRun) -> list[EffectRun]:
        """The groups it is in, the innermost first."""
        if run.group_id is None:
            return []
        group = self._rows[run.group_id]
        return [group, *self.around(group)]

    def root_of(self, run: EffectRun) -> EffectRun:
        """The outermost group it is in, or is."""
        return [self._rows[run.pk], *self.around(run)][-1]

    def save(self, run: EffectRun, **columns: Any) -> None:
        """Write these columns of a row."""
        for name, value in columns.items():
            setattr(run, name, value)
        run.save(using=self.using, update_fields=list(columns))
