"""The storm, and the calm after it."""

import time
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Q

from tests.chaos.clerk import Clerk
from tests.chaos.troubles import Troubles
from workflows_app.models import EffectRun, FollowUp, Operation, RunState, Timer, TimerState

STEP_SECONDS = 0.05
LOOK_EVERY_SECONDS = 1.0
#: A follow-up that is refused again and again pauses for nearly a minute; and some more.
CALM_SECONDS = 150

BY_ITSELF = (
    Q(state__in=(RunState.QUEUED, RunState.RUNNING, RunState.HELD, RunState.WAITING))
    | Q(follow_up=FollowUp.PENDING)
    | Q(state=RunState.IN_DOUBT, due__isnull=False)
)


@dataclass(frozen=True)
class Plan:
    """How much, how long, and which: the same plan and seed make the same trouble."""

    database: str
    operations: int
    minutes: float
    seed: int
    trouble_every_seconds: float


class Battle:
    """One arena under one plan."""

    def __init__(self, plan, arena):
        self.plan, self.arena = plan, arena
        self.troubles, self.clerk = Troubles(arena, plan.seed), Clerk(arena)
        self.accepted = 0
        self.storm_seconds = self.calm_seconds = 0.0
        self.at_rest = False

    def fight(self):
        """Storm until enough is accepted or the time is up; then calm until all is at rest."""
        began = time.monotonic()
        self._storm(began + self.plan.minutes * 60)
        self.storm_seconds = time.monotonic() - began
        self._calm(time.monotonic() + CALM_SECONDS)
        self.calm_seconds = time.monotonic() - began - self.storm_seconds

    def _storm(self, ends):
        next_trouble = next_look = time.monotonic()
        while (now := time.monotonic()) < ends and self.accepted < self.plan.operations:
            self.arena.start_again()
            if now >= next_trouble:
                self.troubles.make_one()
                next_trouble = now + self.troubles.pause(self.plan.trouble_every_seconds)
            if now >= next_look:
                self._look()
                next_look = now + LOOK_EVERY_SECONDS
            time.sleep(STEP_SECONDS)

    def _calm(self, ends):
        self.arena.calm()
        self.troubles.thaw()
        self.arena.send_people_home()
        while not self.at_rest and time.monotonic() < ends:
            self.arena.start_again()
            self._look()
            time.sleep(LOOK_EVERY_SECONDS / 2)

    def _look(self):
        try:
            self.accepted = Operation.objects.filter(actor__startswith="user:").count()
            busy = (
                EffectRun.objects.filter(BY_ITSELF).exists()
                or Timer.objects.filter(state=TimerState.RUNNING).exists()
            )
            letters = self.arena.letters()["still on the way"]
            self.at_rest = not self.clerk.decide() and not busy and not letters
        except (DatabaseError, InterfaceError):  # it is being restarted
            connection.close()
