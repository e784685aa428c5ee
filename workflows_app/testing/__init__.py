"""The kit to test a workflow with. Nothing that ships imports it."""

from .clock import Clock, frozen_clock
from .coverage import Coverage, Declared
from .crashes import Pause, cut, killed, killed_everywhere
from .given import at
from .invariants import Heard, broken_invariants, check_invariants
from .paths import Path, Step, paths
from .points import POINTS, statement
from .promises import broken_promises
from .scenario import Scenario, refused, scenario
from .script import Call, OffScript, Script, late, scripted
from .strict import BrokenRule, strict
from .walk import CannotWalk, Example, walk, walk_all
from .work import Attempt, WorkerDies, drain, drain_until_quiet

__all__ = [
    "POINTS",
    "Attempt",
    "BrokenRule",
    "Call",
    "CannotWalk",
    "Clock",
    "Coverage",
    "Declared",
    "Example",
    "Heard",
    "OffScript",
    "Path",
    "Pause",
    "Scenario",
    "Script",
    "Step",
    "WorkerDies",
    "at",
    "broken_invariants",
    "broken_promises",
    "check_invariants",
    "cut",
    "drain",
    "drain_until_quiet",
    "frozen_clock",
    "killed",
    "killed_everywhere",
    "late",
    "paths",
    "refused",
    "scenario",
    "scripted",
    "statement",
    "strict",
    "walk",
    "walk_all",
]
