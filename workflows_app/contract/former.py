"""Former names: what a state, a transition or an effect was called in earlier releases."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from workflows_app.failures import ContractError


class Renamed(Protocol):
    """Something that has a name in rows, and former ones."""

    @property
    def was(self) -> tuple[str, ...]:
        """The former ones, oldest first."""


Thing = TypeVar("Thing", bound=Renamed)


def by_every_name(what: str, things: Iterable[tuple[str, Thing]]) -> dict[str, Thing]:
    """Each thing under its name and under its former ones.

    Raises ContractError for a former name that is the name of another, or of two.
    """
    present = dict(things)
    found = dict(present)
    for name, thing in present.items():
        for former in thing.was:
            if former in found:
                raise ContractError(
                    f"{what} {name!r}: was={former!r} is {_whose(former, name, present, found)};"
                    " a row that says so could mean either. Give each name to one."
                )
            found[former] = thing
    return found


def _whose(former: str, name: str, present: dict[str, Thing], found: dict[str, Thing]) -> str:
    if former == name:
        return "its own name"
    if former in present:
        return "the name of another"
    other = next(one for one, thing in present.items() if thing is found[former])
    return f"a former name of {other!r} already"
