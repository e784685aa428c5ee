"""Groups: effects that belong together, one after the other or side by side."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from workflows_app.failures import ContractError

from .effects import Effect
from .words import listed, name

#: The words with which effects and groups name what follows.
FOLLOW_UPS = ("then", "otherwise")


class Way(StrEnum):
    """How the members of a group go."""

    IN_ORDER = "in_order"  #: each when the one before is settled
    TOGETHER = "together"  #: all at once


@dataclass(frozen=True)
class Group:
    """Effects, and groups of them, that a transition asks for as one."""

    way: Way
    members: tuple["Effect | Group", ...]
    #: The members that must be done, by position; or how many of them.
    needs: tuple[int, ...] | int
    then: str | None
    otherwise: str | None

    @property
    def name(self) -> str:
        """What a fault calls it: ``in_order(pay, tell)``."""
        return f"{self.way}({', '.join(member.name for member in self.members)})"

    def frozen(self, replaced: frozenset[str] = frozenset()) -> dict[str, Any]:
        """What its row keeps, so that a later release settles it as this one declared it.

        ``replaced``: the words that a group around it says in its place.
        """
        said = {word: getattr(self, word) for word in FOLLOW_UPS if getattr(self, word)}
        return {
            "way": self.way,
            "needs": self.needs if isinstance(self.needs, int) else list(self.needs),
            "effects": [effect.name for effect in effects_in([self])],
            **{word: name for word, name in said.items() if word not in replaced},
            "replaces": sorted(replaced | set(said)),
        }


Entry = Effect | Group


def in_order(
    *members: Entry,
    then: str | None = None,
    otherwise: str | None = None,
    needs: Sequence[Any] | int | None = None,
) -> Group:
    """Effects that go one after the other: ``in_order(reserve, charge, then="confirm")``.

    Each goes when the one before is settled. ``needs``: which members must be done (a list), or
    how many; all, unless said. The first failure that it needs stops the group, and later members
    are cancelled; others are stepped over. ``then`` and ``otherwise`` name the transitions that
    follow, in the place of the members' own; each brings ``{effect name: its dict or None}``.
    """
    return _group(Way.IN_ORDER, members, needs, then, otherwise)


def together(
    *members: Entry,
    then: str | None = None,
    otherwise: str | None = None,
    needs: Sequence[Any] | int | None = None,
) -> Group:
    """Effects that go side by side: ``together(look_up, score, then="decide", needs=1)``.

    The group is settled when every member is. ``needs``, ``then`` and ``otherwise`` are those of
    ``in_order``.
    """
    return _group(Way.TOGETHER, members, needs, then, otherwise)


def effects_in(entries: Iterable[Entry]) -> Iterator[Effect]:
    """Every effect of the entries, also inside groups, in the order written."""
    for entry in entries:
        if isinstance(entry, Group):
            yield from effects_in(entry.members)
        else:
            yield entry


def followed(
    entries: Iterable[Entry], replaced: frozenset[str] = frozenset()
) -> Iterator[tuple[Entry, str, str]]:
    """Each effect or group with a word (``then``, ``otherwise``) and the transition it names.

    Only what will follow: what a group says replaces what its members say.
    """
    for entry in entries:
        said = {word for word in FOLLOW_UPS if getattr(entry, word)}
        for word in sorted(said - replaced, reverse=True):
            yield entry, word, getattr(entry, word)
        if isinstance(entry, Group):
            yield from followed(entry.members, replaced | said)


def groups_in(entries: Iterable[Entry]) -> Iterator[Group]:
    """Every group of the entries, also inside groups."""
    for entry in entries:
        if isinstance(entry, Group):
            yield entry
            yield from groups_in(entry.members)


def unfolded(
    entries: Iterable[Entry], around: Group | None = None, *, in_turn: bool = True
) -> Iterator[tuple[Entry, Group | None, bool]]:
    """Every effect and every group, each before its members; the group around it, if any; and
    whether it goes at once.
    """
    for place, entry in enumerate(entries):
        waits = around is not None and around.way is Way.IN_ORDER and place > 0
        yield entry, around, in_turn and not waits
        if isinstance(entry, Group):
            yield from unfolded(entry.members, entry, in_turn=in_turn and not waits)


def refuse_twice(what: str, entries: Iterable[Entry]) -> None:
    """Raise ContractError for an effect that is asked for twice: its name would mean both."""
    seen: set[str] = set()
    for effect in effects_in(entries):
        if effect.name in seen:
            raise ContractError(
                f"{what} asks for {effect.name} twice; its runs and its data go by its name, so"
                " write a second effect."
            )
        seen.add(effect.name)


def _group(
    way: Way, members: tuple[Any, ...], needs: Any, then: str | None, otherwise: str | None
) -> Group:
    if not members:
        raise ContractError(f"{way}() groups nothing; name its effects.")
    for member in members:
        if not isinstance(member, Effect | Group):
            raise ContractError(
                f"{way}: {member!r} is no effect and no group; declare it with @replay_safe,"
                " @keyed or @committed."
            )
    refuse_twice(f"{way}(...)", members)
    for word, said in (("then", then), ("otherwise", otherwise)):
        if said is not None:
            name(f"{way}: {word} (the name of a transition)", said)
    return Group(way, members, _needs(way, members, needs), then, otherwise)


def _needs(way: Way, members: tuple[Any, ...], given: Any) -> tuple[int, ...] | int:
    if given is None:
        return tuple(range(len(members)))
    if isinstance(given, int) and not isinstance(given, bool):
        if not 0 <= given <= len(members):
            raise ContractError(f"{way}: needs={given}, and it has {len(members)} members.")
        return given
    if isinstance(given, Effect | Group | str):
        raise ContractError(f"{way}: needs= takes a list of members, or how many; write [...].")
    return tuple(_place(way, members, one) for one in listed(f"{way}: needs", given))


def _place(way: Way, members: tuple[Any, ...], needed: Any) -> int:
    for place, member in enumerate(members):
        if member is needed or member == needed or member.name == needed:
            return place
    called = getattr(needed, "name", needed)
    there = ", ".join(member.name for member in members)
    raise ContractError(f"{way}: needs {called}, which is no member of it. It has {there}.")
