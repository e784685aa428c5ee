"""The invariants of the engine: what is true of its rows and of the outside, whatever happens.

Each is a function of the rows that tells what breaks it; its docstring says it in words.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from . import clocks, lives, objects, order, outside
from .rows import Heard, Rows, rows_of

__all__ = ["INVARIANTS", "Heard", "broken_invariants", "check_invariants"]

#: Every invariant by its name.
INVARIANTS: dict[str, Callable[[Rows], Iterator[str]]] = {
    "I1": lives.i1,
    "I2": outside.i2,
    "I3": outside.i3,
    "I4": outside.i4,
    "I5": order.i5,
    "I6": lives.i6,
    "I7": outside.i7,
    "I8": clocks.i8,
    "I9": objects.i9,
    "I10": order.i10,
    "I11": lives.i11,
    "I12": lives.i12,
    "I13": lives.i13,
}


def broken_invariants(
    heard: Iterable[Heard] = (),
    *,
    using: str | None = None,
    quiet: bool = False,
    lag: timedelta | None = None,
    repairs: int = 0,
) -> dict[str, list[str]]:
    """What breaks each invariant, in sentences, by its name; an empty list where it holds.

    Looks at everything stored in one database, and at ``heard``, the outside's own book in order
    of arrival. ``quiet``: nothing may be left that a worker would do by itself. ``lag``: how late
    an effect may begin (I11). ``repairs``: how many lanes are known to have been repaired.
    """
    rows = rows_of(using, heard, quiet=quiet, lag=lag, repairs=repairs)
    return {name: list(broken(rows)) for name, broken in INVARIANTS.items()}


def check_invariants(
    heard: Iterable[Heard] = (),
    *,
    using: str | None = None,
    quiet: bool = False,
    lag: timedelta | None = None,
    repairs: int = 0,
) -> None:
    """Raise AssertionError that names every invariant which is broken, and by which rows.

    The arguments are those of ``broken_invariants()``.
    """
    found = broken_invariants(heard, using=using, quiet=quiet, lag=lag, repairs=repairs)
    told = [f"{name}: {sentence}" for name, sentences in found.items() for sentence in sentences]
    if told:
        raise AssertionError("\n".join(told))
