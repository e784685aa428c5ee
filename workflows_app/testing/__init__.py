"""The kit to test a workflow with. Nothing that ships imports it."""

from .clock import Clock, frozen_clock
from .coverage import Coverage, Declared
from .given import at
from .scenario import Scenario, refused, scenario
from .script import Call, OffScript, Script, late, scripted
from .strict import BrokenRule, strict
from .work import Attempt, WorkerDies, drain, drain_until_quiet

__all__ = [
    "Attempt",
    "BrokenRule",
    "Call",
    "Clock",
    "Coverage",
    "Declared",
    "OffScript",
    "Scenario",
    "Script",
    "WorkerDies",
    "at",
    "drain",
    "drain_until_quiet",
    "frozen_clock",
    "late",
    "refused",
    "scenario",
    "scripted",
    "strict",
]
