"""The story of one errand, told twice: each step is done by the engine and by the reference."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

from tests.errands.models import Errand
from tests.errands.workflow import desk
from tests.model.engine import Attempt, answering, claimed, swept, taken_to_ask
from tests.model.kinds import Run
from tests.model.reference import Life
from workflows_app import Refused
from workflows_app.engine import execute
from workflows_app.models import EffectRun
from workflows_app.ops import resolve, skip
from workflows_app.testing import frozen_clock

#: Each command: the state it leads to, and the effects it asks for, ends, and undoes.
COMMANDS = {
    "ask_harmless": (None, ["harmless"], [], []),
    "ask_with_key": (None, ["with_key"], [], []),
    "ask_once": (None, ["once"], [], []),
    "ask_and_see": (None, ["once_asked"], [], []),
    "ask_several": (None, ["once_unasked", "with_key", "harmless"], [], []),
    "shut": ("shut", [], [], []),
    "open_again": ("open", [], [], []),
    "stop": (None, [], ["*"], []),
    "take_back": (None, [], [], ["with_key", "once", "once_asked"]),
}
ASKS = sorted(name for name in COMMANDS if name.startswith("ask"))
NEEDS = {"shut": "open", "open_again": "shut"} | dict.fromkeys(ASKS, "open")
STUCK = ("failed", "in_doubt")
LONGEST_SECONDS = 20 * 3600  # shorter than anything is given up after


@dataclass
class Ticket:
    """A claim in somebody's hands."""

    run: Run
    fence: int
    attempt: Attempt
    begun: bool = False


class Story:
    """One errand in the engine, its life as it should be, and who holds what of it."""

    def __init__(self, boss):
        self.boss, self.life = boss, Life()
        self.tickets, self.questions, self.rows = [], [], {}
        self._everything = ExitStack()
        self._clock = self._everything.enter_context(frozen_clock())
        self._everything.callback(desk.remove, answering)
        desk.append(answering)
        self._began = self._clock.now
        self._errand = Errand.objects.create()

    def end(self):
        """Let go of everybody, and leave nothing to the next story."""
        with self._everything:
            for ticket in self.begun():
                ticket.attempt.answer("died")
            self._mine().update(
                state="cancelled", due=None, lease_until=None, holds_lane=None, follow_up="none"
            )

    # Who is there to do something with.

    def waiting(self):
        """Claims that nobody has begun."""
        return [ticket for ticket in self.tickets if not ticket.begun]

    def begun(self):
        """Claims whose handlers have called the outside."""
        return [ticket for ticket in self.tickets if ticket.begun]

    def in_doubt(self):
        return [run for run in self.life.runs if run.state == "in_doubt"]

    def stuck(self):
        return [run for run in self.life.runs if run.state in STUCK]

    # The steps of people.

    def command(self, name):
        target, asked, supersedes, undoes = COMMANDS[name]
        allowed = NEEDS.get(name, self.life.state) == self.life.state
        if self._agreed(allowed, lambda: execute(getattr(self._errand, name), by=self.boss)):
            self.life.command(target, asked, supersedes=supersedes, undoes=undoes)

    def resolve(self, run, *, happened):
        found = {"result": {"reference": "r"}} if happened else {}
        resolve(self._row(run), happened=happened, by=self.boss, reason="seen", **found)
        self.life.resolve(run, happened=happened)

    def skip(self, run):
        allowed = self.life.may_be_skipped(run)
        if self._agreed(allowed, lambda: skip(self._row(run), by=self.boss, reason="so what")):
            self.life.skip(run)

    # The steps of time and of workers.

    def pass_time(self, seconds):
        if self.life.now + seconds < LONGEST_SECONDS:
            self._clock.move(timedelta(seconds=seconds))
            self.life.now += seconds

    def claim(self):
        certain, possible = self.life.due("queued")
        for attempt in claimed():
            run = self.rows[attempt.job.run.pk]
            assert run in possible
            self.life.claim(run)
            self.tickets.append(Ticket(run, run.fence, attempt))
        assert all(run.state == "running" for run in certain)

    def begin(self, ticket, then):
        """A worker begins what it has claimed; its answer comes at once, or later."""
        ticket.begun = ticket.attempt.begin()
        assert ticket.begun == self.life.begin(ticket.run, ticket.fence)
        if not ticket.begun:
            self.tickets.remove(ticket)
        elif then != "wait":
            self.answer(ticket, then)

    def answer(self, ticket, said):
        """The outside says this, or the worker dies before it hears."""
        self.tickets.remove(ticket)
        ticket.attempt.answer(said)
        if said != "died":
            self.life.answer(ticket.run, ticket.fence, said)

    def lose(self, ticket):
        """A worker dies with what it has claimed and not begun."""
        self.tickets.remove(ticket)

    def work(self, said):
        """A worker takes what is due, and does it as far as these answers go."""
        self.claim()
        for then in said:
            if waiting := self.waiting():
                self.begin(waiting[0], then)

    def sweep(self):
        swept()
        self.life.sweep()

    def take_to_ask(self):
        """A worker takes the runs whose probe is to be asked."""
        certain, possible = map(list.__add__, self.life.due("waiting"), self.life.due("in_doubt"))
        taken = taken_to_ask()
        runs = [self.rows[question.run.pk] for question in taken]
        assert all(run in possible for run in runs)
        assert all(run in runs for run in certain)
        for run, question in zip(runs, taken, strict=True):
            self.life.ask(run)
            self.questions.append((run, (run.state, run.fence, run.questions), question))

    def probe(self, which, said):
        """The outside answers a question, perhaps one that nobody waits for any more."""
        run, asked, question = self.questions.pop(which % len(self.questions))
        question.answer(said)
        self.life.told(run, asked, said)

    # What is compared.

    def expect_the_same(self):
        self._meet_new_runs()
        for row in self._mine():
            run = self.rows[row.pk]
            assert seen(row) == expected(run, holds=self.life.holder is run), run
            if run.due and run.state in ("queued", "waiting", "in_doubt"):
                due = (row.due - self._began).total_seconds()
                assert run.due[0] - 0.01 <= due <= run.due[1] + 0.01, (run, due)
        self._errand.refresh_from_db()
        stands = (self._errand.status, self._errand.version)
        assert stands == (self.life.state, self.life.version)

    def _meet_new_runs(self):
        """Runs that were asked for in this step, in their order."""
        rows = self._mine().exclude(pk__in=self.rows).order_by("version", "position")
        known = set(self.rows.values())
        new = sorted((run for run in self.life.runs if run not in known), key=lambda one: one.place)
        assert [row.effect for row in rows] == [run.kind.name for run in new]
        self.rows |= {row.pk: run for row, run in zip(rows, new, strict=True)}

    def _agreed(self, allowed, step):
        """Do it; whether it was accepted, which both have to see alike."""
        try:
            step()
        except Refused:
            assert not allowed
            return False
        assert allowed
        return True

    def _mine(self):
        return EffectRun.objects.filter(
            object_id=str(self._errand.pk), object_type="errands.errand"
        )

    def _row(self, run):
        return self._mine().get(pk=next(pk for pk, one in self.rows.items() if one is run))


def seen(row):
    """What is compared, of a run as the engine stored it."""
    return {
        "state": row.state,
        "attempts": row.attempts,
        "fence": row.fence,
        "leases_lost": row.leases_lost,
        "follow_up": row.follow_up,
        "superseded": row.superseded_by_id is not None,
        "holds_lane": row.holds_lane is not None,
        "waits_for_a_person": row.state == "in_doubt" and row.due is None,
    }


def expected(run, *, holds):
    """The same, of a run as it should be."""
    return {
        "state": run.state,
        "attempts": run.attempts,
        "fence": run.fence,
        "leases_lost": run.leases_lost,
        "follow_up": run.follow,
        "superseded": run.is_superseded,
        "holds_lane": holds,
        "waits_for_a_person": run.state == "in_doubt" and run.due is None,
    }
