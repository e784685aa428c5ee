"""The reference: the life of the runs of one object, in plain Python, written from the design.

It knows nothing of the engine: no rows, no locks, no SQL. Where the engine spreads a pause by
chance, the reference says between which two moments something is due.
"""

from dataclasses import dataclass

from tests.model.kinds import KINDS, LEASE, LOST_IN_A_ROW, SETTLE, TIMES, Run, pause
from tests.model.lane import Lane


@dataclass
class Life(Lane):
    """One object, its runs, and what becomes of them."""

    state: str = "open"

    # What people do.

    def command(self, target, asked, *, supersedes=(), undoes=()):
        """A command was accepted: ``asked`` are the names of its effects."""
        self.version += 1
        self.state = target or self.state
        earlier = list(self.runs)
        undos = self._supersede(earlier, supersedes, undoes)
        for name in asked:
            self._add(Run(KINDS[name], (self.version, undos)))
            undos += 1

    def resolve(self, run, *, happened):
        """A person says what became of a run in doubt."""
        self.version += 1
        self._end(run, "done" if happened else "failed")

    def skip(self, run):
        """A person lets the object go on without it."""
        self.version += 1
        if run.state == "done":
            run.follow = "unwanted"
        else:
            run.state, run.follow, run.due, run.lease_until = "skipped", "none", None, None
            run.fence += 1
        self._free(run)

    # What workers do.

    def claim(self, run):
        run.state, run.due, run.unconfirmed, run.never_arrived = "running", None, False, False
        run.fence += 1
        run.attempts += 1
        run.lease_until = self.now + LEASE

    def begin(self, run, fence):
        """Whether a worker with this claim calls the outside."""
        if run.kind.safety != "committed":
            return True
        mine = run.state == "running" and run.fence == fence
        if not mine or run.lease_until <= self.now or run.is_superseded:
            return False
        run.marked, run.lease_until = fence, self.now + LEASE
        return True

    def answer(self, run, fence, said):
        """A worker stores what the outside said to its claim's call."""
        if run.state == "running" and run.fence == fence:
            self._settle(run, said)
        elif run.kind.safety == "committed" and self._is_told_late(run, fence, said):
            self._settle(run, said)  # facts beat guesses

    def _is_told_late(self, run, fence, said):
        """Whether somebody who sent it says more than is known."""
        if run.state == "in_doubt":
            return run.marked == fence and said != "unknown"
        return run.state == "queued" and said in ("done", "accepted")

    def sweep(self):
        """Runs whose worker's lease has ended are taken away from it."""
        for run in self.runs:
            if run.state == "running" and run.lease_until < self.now:
                self._rescue(run)

    def ask(self, run):
        """Somebody takes a run to ask its probe: so long nobody else does."""
        run.questions += 1
        run.due = (self.now + LEASE, self.now + LEASE)

    def told(self, run, asked, said):
        """What a probe said is stored; ``asked``: the run's state, fence and question then."""
        if not run.kind.probe:
            said = "nothing"  # only the time was up
        if (run.state, run.fence, run.questions) == asked:
            self._hear(run, said) or self._ask_later(run)
            return
        about_this_sending = asked[1] == run.fence
        open_to_words = run.state in ("waiting", "in_doubt", "queued") and run.attempts > 0
        if open_to_words and (said in ("done", "accepted") or about_this_sending):
            self._hear(run, said)

    def _hear(self, run, said):
        """Let words about an open run count; whether they said anything new."""
        if said == "done":
            self._end(run, "done")
        elif said == "rejected":
            self._end(run, "failed")
        elif said == "accepted" and run.state != "waiting" and not run.unconfirmed:
            self._wait(run)
        elif said == "not_sent" and run.state != "queued":
            self._never_arrived(run)
        else:
            return False
        return True

    # What follows from it.

    def _settle(self, run, said):
        run.leases_lost = 0
        if run.kind.safety == "committed":
            run.may_have_happened = said == "unknown"
        else:
            run.may_have_happened |= said == "unknown"
        if said == "done":
            self._end(run, "done")
        elif said == "accepted":
            self._wait(run)
        elif said == "rejected":
            self._end(run, "failed")
        elif said == "unknown" and (run.kind.safety == "committed" or run.is_superseded):
            self._doubt(run)
        elif run.is_superseded:
            self._doubt(run) if run.may_have_happened else self._end(run, "failed")
        elif run.attempts < TIMES:
            self._queue(run, *pause(run.attempts))
        else:
            self._exhausted(run)

    def _rescue(self, run):
        marked = run.is_marked
        run.fence += 1
        run.leases_lost += 1
        run.may_have_happened |= marked or run.kind.safety != "committed"
        if run.may_have_happened and (run.kind.safety == "committed" or run.is_superseded):
            self._doubt(run)
        elif run.is_superseded:
            self._end(run, "failed")
        elif run.leases_lost < LOST_IN_A_ROW and run.attempts < TIMES:
            self._queue(run, 0, 0)
        else:
            self._exhausted(run)

    def _exhausted(self, run):
        if run.may_have_happened and run.kind.safety != "replay_safe":
            self._doubt(run)
        else:
            self._end(run, "failed")

    def _never_arrived(self, run):
        run.may_have_happened = False
        if run.is_superseded:
            self._end(run, "failed")
        elif not run.kind.resend:
            self._doubt(run, asking=False)
            run.never_arrived = True
        elif run.attempts < TIMES:
            self._queue(run, *pause(run.attempts))
        else:
            self._end(run, "failed")

    def _queue(self, run, least, most):
        run.state, run.lease_until, run.questions = "queued", None, 0
        run.due, run.deadline, run.marked = (self.now + least, self.now + most), None, None

    def _wait(self, run):
        run.state, run.lease_until, run.questions = "waiting", None, 0
        run.deadline = self.now + run.kind.doubt
        run.due = (run.deadline, run.deadline)

    def _doubt(self, run, *, asking=True):
        run.state, run.lease_until, run.questions = "in_doubt", None, 0
        run.due = run.deadline = None
        if run.kind.probe and asking:
            run.due = (self.now + SETTLE, self.now + SETTLE)
            run.deadline = self.now + run.kind.doubt

    def _ask_later(self, run):
        if run.deadline is None:
            run.due = None
            return
        over = self.now >= run.deadline
        if run.state == "waiting" and over:
            self._doubt(run)
            run.unconfirmed = True
            if run.kind.probe:
                least, most = pause(1)
                run.due = (self.now + least, self.now + most)
        elif run.state == "waiting":
            run.due = (run.deadline, run.deadline)
        elif over:
            run.due = None
        else:
            least, most = (min(self.now + one, run.deadline) for one in pause(run.questions))
            run.due = (least, most)

    def _end(self, run, how):
        """It is known what became of it: done, or failed."""
        run.lease_until, run.due, run.deadline, run.questions = None, None, None, 0
        run.state = "cancelled" if run.is_superseded and how == "failed" else how
        if run.kind.followed and not run.is_superseded:
            wanted = self.state == "open"
            run.follow = "done" if wanted else "unwanted"
            self.version += wanted
        if run.is_superseded and run.state == "done" and run.kind.undo:
            self._undo(run)
        if run.frees_its_lane:
            self._free(run)

    # What is no longer wanted.

    def _supersede(self, earlier, names, undoing):
        names = [*names, *undoing]
        undos = 0
        mine = [run for run in earlier if run.undoes is None] if "*" in names else []
        mine = mine or [run for run in earlier if run.kind.name in names]
        for run in reversed(mine):
            unresolved = run.is_open or (run.state == "failed" and run.follow == "none")
            ended = unresolved and not run.is_superseded
            if ended:
                self._supersede_one(run)
            if run.state == "done" and run.kind.undo and (ended or run.kind.name in undoing):
                undos += self._undo(run, position=undos)
        for run in mine:
            if not run.is_open:
                self._free(run)
        return undos

    def _supersede_one(self, run):
        run.superseded = self.version
        under_way = run.state == "running" and (run.kind.safety != "committed" or run.is_marked)
        if run.state == "failed" or (run.state == "in_doubt" and run.never_arrived):
            run.fence += 1
            run.state = "cancelled"  # it did not happen, and nobody waits for it any more
        elif under_way or run.state in ("waiting", "in_doubt"):
            pass  # it stays open until it is known what became of it
        elif run.may_have_happened:
            run.fence += 1
            self._doubt(run)
        else:
            run.fence += 1
            run.state, run.due, run.lease_until = "cancelled", None, None
