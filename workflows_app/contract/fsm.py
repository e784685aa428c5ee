"""A transition as django-fsm-2 reads it: the one door to that package."""

from typing import Any

from django_fsm import RETURN_VALUE, FSMMeta

from workflows_app.failures import ContractError

from .transitions import Transition


class ChosenTarget(RETURN_VALUE):
    """A target list for django-fsm-2: the body returns which, ``None`` keeps the state."""

    def __init__(self, transition: Transition) -> None:
        self.name = transition.name
        self.targets = transition.targets
        self.field = transition.field
        super().__init__(*(target for target in transition.targets if target is not None))

    def get_state(
        self, model: Any, transition: Any, result: Any, args: Any = None, kwargs: Any = None
    ) -> str:
        """The state to be in after the body returned ``result``."""
        chosen = None if result is None else str(result)
        if chosen not in self.targets:
            raise ContractError(
                f"{self.name}: the body returned {result!r}; it must return one of"
                f" {list(self.targets)}."
            )
        stays: str = getattr(model, self.field)
        return stays if chosen is None else chosen


def fsm_meta(transition: Transition) -> FSMMeta:
    """What django-fsm-2 keeps on a method: one of its own transitions for each source.

    One that creates has the source ``None``, in which no stored object ever is.
    """
    meta = FSMMeta(field=transition.field, method=True)
    for way in transition.ways:
        _add(meta, way)
    return meta


def _add(meta: FSMMeta, way: Transition) -> None:
    sources: tuple[Any, ...] = way.sources or (None,)
    for source in sources:
        meta.add_transition(
            method=way.body,
            source=source,
            target=_target(way),
            conditions=[guard for guard in way.guards if not guard.takes_command],
            permission=lambda obj, user: way.by.admits(user, obj),
            custom={"label": way.label},
        )


def _target(transition: Transition) -> Any:
    if len(transition.targets) == 1:
        return transition.targets[0]
    return ChosenTarget(transition)
