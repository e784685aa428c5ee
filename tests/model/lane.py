"""The runs of one object, and the lane in which some of them go one after the other."""

from dataclasses import dataclass, field

from tests.model.kinds import KINDS, Run


@dataclass
class Lane:
    """Every run there was, and the one whose turn it is."""

    now: float = 0.0
    version: int = 0
    runs: list[Run] = field(default_factory=list)
    holder: Run | None = None

    def due(self, state):
        """The runs that are certainly due, and those that may be."""
        mine = [run for run in self.runs if run.state == state and run.due]
        certain = [run for run in mine if run.due[1] <= self.now]
        return certain, [run for run in mine if run.due[0] <= self.now]

    def may_be_skipped(self, run):
        if run.state == "running":
            return run.lease_until < self.now
        if run.state == "failed":
            return run.follow not in ("done", "unwanted")
        return run.state in ("held", "queued", "in_doubt", "waiting") or run.follow == "dead"

    def _add(self, run):
        self.runs.append(run)
        run.due = (self.now, self.now)
        if not run.kind.laned:
            return
        if self.holder is None:
            self.holder = run
        else:
            run.state = "held"

    def _free(self, run):
        if self.holder is not run:
            return
        held = [one for one in self.runs if one.state == "held"]
        self.holder = min(held, key=lambda one: one.place, default=None)
        if self.holder:
            self.holder.state, self.holder.due = "queued", (self.now, self.now)

    def _undo(self, run, *, position=None):
        """In the place of what it undoes; None more if there is one. Says how many were asked."""
        if any(one.undoes is run and one.state != "cancelled" for one in self.runs):
            return 0
        by = self.version if position is not None else run.superseded
        undo = Run(KINDS[run.kind.undo], (by, 1000 if position is None else position))
        undo.undoes = run
        if self.holder is run:
            self.holder = None
        self._add(undo)
        return 1
