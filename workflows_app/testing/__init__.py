"""The kit to test a workflow with. Nothing that ships imports it."""

from .clock import Clock, frozen_clock
from .coverage import Coverage, Declared
from .crashes import Pause, cut, killed, killed_everywhere
from .given import at
from .points import POINTS, statement
from .scenario import Scenario, refused, scenario
from .script import Call, OffScript, Script, late, scripted
from .strict import BrokenRule, strict
from .work import Attempt, WorkerDies, drain, drain_until_quiet

__all__ = [
    "POINTS",
    "Attempt",
    "BrokenRule",
    "Call",
    "Clock",
    "Coverage",
    "Declared",
    "OffScript",
    "Pause",
    "Scenario",
    "Script",
    "WorkerDies",
    "at",
    "cut",
    "drain",
    "drain_until_quiet",
    "frozen_clock",
    "killed",
    "killed_everywhere",
    "late",
    "refused",
    "scenario",
    "scripted",
    "statement",
    "strict",
]
