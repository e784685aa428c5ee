"""Contestants measured side by side: rounds of short blocks in random order, compared by ratio.

A machine gets faster and slower while it works. Within one round both contestants meet the same
machine, so the ratio of a round means something where two absolute numbers do not; the median of
the rounds is what we report.
"""

import gc
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from tests.bench.cpu import Cpu, backends, used

ROUNDS = 9
BLOCKS = 10
REQUESTS_PER_BLOCK = 15


@dataclass(frozen=True)
class Contestant:
    """`prepare(count)` makes that many requests, each a callable that is measured."""

    name: str
    prepare: Callable[[int], Iterable[Callable[[], None]]]


@dataclass(frozen=True)
class Result:
    """What one contestant used in each round, and how many times the first's that is."""

    name: str
    rounds: list[Cpu]
    ratios: list[float]

    @property
    def ratio(self):
        return median(self.ratios)


def compare(contestants):
    """The results in the order of the contestants; the first one is the measure of the others."""
    for contestant in contestants:
        a_block_of(contestant, [])
    rounds = [one_round(contestants) for _ in range(ROUNDS)]
    first = contestants[0].name
    return [
        Result(
            contestant.name,
            [this[contestant.name] for this in rounds],
            [this[contestant.name].both / this[first].both for this in rounds],
        )
        for contestant in contestants
    ]


def one_round(contestants):
    serving = backends()
    order = [contestant for contestant in contestants for _ in range(BLOCKS)]
    random.shuffle(order)
    total = {contestant.name: Cpu(0, 0) for contestant in contestants}
    for contestant in order:
        total[contestant.name] += a_block_of(contestant, serving)
    return total


def a_block_of(contestant, serving):
    requests = list(contestant.prepare(REQUESTS_PER_BLOCK))
    gc.collect()
    before = used(serving)
    for request in requests:
        request()
    return used(serving) - before


def table(results):
    columns = f"{'app ms':>9}{'db ms':>9}{'both ms':>9}{'ratio':>8}  rounds"
    heading = f"{'CPU per request, median':<44}{columns}"
    return "\n".join([heading, *[row(result) for result in results]])


def row(result):
    app, database, both = (
        1000 * median(getattr(cpu, part) for cpu in result.rounds) / (BLOCKS * REQUESTS_PER_BLOCK)
        for part in ("app", "database", "both")
    )
    spread = f"{min(result.ratios):.2f}-{max(result.ratios):.2f}"
    numbers = f"{app:>9.3f}{database:>9.3f}{both:>9.3f}{result.ratio:>8.2f}"
    return f"{result.name:<44}{numbers}  {spread}"
