"""The person who decides what no worker may: by the outside's own book, so always truthfully."""

from collections import Counter

from django.contrib.auth import get_user_model
from django.db.models import Q

from workflows_app import Refused
from workflows_app.models import EffectRun, FollowUp, RunState
from workflows_app.ops import replay, resolve, skip

AT_A_TIME = 50
REASON = "As the book of the company says."


class Clerk:
    """Somebody who may resolve and skip, with a telephone to the world outside."""

    def __init__(self, arena):
        self.counts = Counter()
        self._arena = arena
        self._user = get_user_model().objects.get(username="clerk")

    def decide(self):
        """Look at what waits for a person; whether there was anything."""
        waiting = [*self._in_doubt()[:AT_A_TIME], *self._dead()[:AT_A_TIME]]
        for run in waiting:
            try:
                self._decide(run)
            except Refused:  # somebody else was quicker
                self.counts["decisions that came too late"] += 1
        return bool(waiting)

    def _decide(self, run):
        if run.contradiction is not None:
            skip(run, by=self._user, reason="I have looked at it.")
            self.counts["looked at: somebody said otherwise"] += 1
            return
        if run.state == RunState.FAILED and run.undoes_id:  # what was done has to be taken back
            replay(run, by=self._user, reason="Once more.")
            self.counts["replayed"] += 1
            return
        if run.state != RunState.IN_DOUBT:
            skip(run, by=self._user, reason="It does not matter any more.")
            self.counts["skipped"] += 1
            return
        known = self._arena.ask_outside(f"/{run.effect}?key={run.key}")
        if known.get("state") == "pending":
            return  # its book says nothing yet
        reference = known.get("reference") if known.get("state") != "refused" else None
        found = {"result": {"reference": reference}} if reference else {}
        resolve(run, happened=bool(reference), by=self._user, reason=REASON, **found)
        self.counts[f"resolved: {'it happened' if reference else 'it did not'}"] += 1

    def _in_doubt(self):
        """Those that no probe will ever decide."""
        return EffectRun.objects.filter(state=RunState.IN_DOUBT, due=None)

    def _dead(self):
        """What failed and nobody followed up, and what something speaks against."""
        dead = Q(state=RunState.FAILED) | Q(follow_up=FollowUp.DEAD) | ~Q(contradiction=None)
        return EffectRun.objects.unresolved().filter(dead).exclude(follow_up=FollowUp.PENDING)
