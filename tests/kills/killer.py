"""Freezing a process, reading its phase, and killing it there."""

import random
import signal
import time
from collections import Counter
from contextlib import suppress

from tests.cluster_members import ROLES, let_go_on, stop_still, wait_until
from tests.kills.lease import LEASE
from tests.kills.payments import done, settled, under_way
from tests.kills.phases import IDLE, PHASES, seen_runs

TRIES = 300
COMPLETE_AGAIN_SECONDS = 15
GOES_ON_SECONDS = 20
#: How long another worker needs for what it had when a frozen one's runs are told apart.
ASIDE_SECONDS = 0.4
#: Three lost leases in a row are poison by design: we never take part in the third.
LOST_BEFORE = 2
WITH_ITS_WORKERS = ("main", "sentinel")


class Killer:
    """Kills members of one worker, and keeps count by phase and role."""

    def __init__(self, worker, world, payments, seed):
        self.kills = Counter()
        self.slowest_seconds = 0.0
        self._worker = worker
        self._world = world
        self._payments = payments
        self._orphans = set()
        self._random = random.Random(seed)

    def kill(self, phase, role):
        """One kill; afterwards the worker is complete again and its work goes on."""
        if phase == IDLE:
            wait_until(settled, "there is nothing to do", LEASE.total_seconds() * 3)
            self._end(self._choose(role), role, set())
        else:
            self._kill_busy(phase, role)
        self.kills[phase, role] += 1
        self._expect_recovery()

    def _kill_busy(self, phase, role):
        for _ in range(TRIES):
            self._payments.keep_busy()
            time.sleep(self._random.uniform(0, 0.05))
            if self._kill_if_in(phase, role):
                return
        raise AssertionError(f"no {role} was ever caught: {phase}")

    def _kill_if_in(self, phase, role):
        victim = self._choose(role)
        frozen = {victim} if role == "worker" else {victim, *self._worker.members()["worker"]}
        try:
            stop_still(frozen)
            runs = seen_runs(self._world, self._orphans)
            if role == "worker" and any(run.phase == phase for run in runs):
                runs = self._of_the_frozen(runs)
            if self._may_end(runs, phase):
                self._end(victim, role, {(run.id, run.fence) for run in runs})
                return True
            return False
        finally:
            for process in frozen:
                with suppress(ProcessLookupError):
                    let_go_on(process)

    def _of_the_frozen(self, runs):
        """Those that have not moved while the others went on are the frozen worker's."""
        time.sleep(ASIDE_SECONDS)
        still = {(run.id, run.fence) for run in seen_runs(self._world, self._orphans)}
        return [run for run in runs if (run.id, run.fence) in still]

    def _may_end(self, runs, phase):
        caught = any(run.phase == phase for run in runs)
        return caught and all(run.leases_lost < LOST_BEFORE for run in runs)

    def _choose(self, role):
        self._worker.wait_until_complete(COMPLETE_AGAIN_SECONDS)
        return self._random.choice(self._worker.members()[role])

    def _end(self, victim, role, runs):
        if role == "main":
            self._worker.kill_main()
        else:
            victim.send_signal(signal.SIGKILL)
        if role in WITH_ITS_WORKERS or role == "worker":
            self._orphans |= runs
        if role == "main":
            self._worker.start()

    def _expect_recovery(self):
        began, before = time.monotonic(), done()
        self._worker.wait_until_complete(COMPLETE_AGAIN_SECONDS)
        if under_way() <= len(self._orphans_running()):
            self._payments.pay(1)
        wait_until(lambda: done() > before, "work goes on after a kill", GOES_ON_SECONDS)
        self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)

    def _orphans_running(self):
        running = {(run.id, run.fence) for run in seen_runs(self._world, set())}
        return running & self._orphans

    def table(self):
        """Kills by phase and role."""
        lines = [f"{'phase':<18}" + "".join(f"{role:>10}" for role in ROLES) + f"{'all':>8}"]
        for phase in PHASES:
            counts = [self.kills[phase, role] for role in ROLES]
            cells = "".join(f"{count:>10}" for count in counts)
            lines.append(f"{phase:<18}{cells}{sum(counts):>8}")
        lines.append(f"{'all':<18}{'':>{10 * len(ROLES)}}{self.kills.total():>8}")
        return "\n".join(lines)
