"""Everything that goes wrong, one function each; the seed says which, when and to whom."""

import random
import signal
from collections import Counter
from contextlib import suppress
from threading import Timer

import psutil

FREEZE_SECONDS = (4.5, 6.5)  # beyond the lease, and shorter than `settle` of what counts once
HANG_SECONDS = (2.0, 5.0)
ROLES = ("worker", "pusher", "monitor", "sentinel", "main")
TO_KILL = (6, 2, 2, 2, 1)
TO_FREEZE = (6, 1, 1, 1, 1)


class Troubles:
    """Makes trouble for one arena, and keeps count of it by kind."""

    def __init__(self, arena, seed):
        self.counts = Counter()
        self._arena = arena
        self._random = random.Random(f"troubles {seed}")
        self._frozen = []
        kinds = {self.kill_a_member: 6, self.freeze_a_member: 2, self.kill_people: 1}
        kinds[self.kill_the_door] = 1
        if arena.proxy is not None:
            kinds |= {
                self.end_sessions: 2, self.reset_connections: 2, self.hang_connections: 1,
                self.lose_commits: 5, self.lose_answers: 2, self.cut_commits: 2,
                self.restart_server: 1, self.crash_server: 1,
            }  # fmt: skip
        self._kinds = [kind for kind, times in kinds.items() for _ in range(times)]
        self._deck = []

    def make_one(self):
        """The next of the deck: every kind has its turn before any comes again."""
        if not self._deck:
            self._deck = self._random.sample(self._kinds, len(self._kinds))
        self._deck.pop()()

    def thaw(self):
        """Let go on whoever still stands."""
        for process in self._frozen:
            let_go_on(process)

    def pause(self, mean_seconds):
        return self._random.expovariate(1 / mean_seconds)

    def kill_a_member(self):
        role, victim = self._somebody(TO_KILL)
        if victim is not None:
            victim.send_signal(signal.SIGKILL)
            self.counts[f"killed: {role}"] += 1

    def freeze_a_member(self):
        role, victim = self._somebody(TO_FREEZE)
        if victim is not None:
            victim.send_signal(signal.SIGSTOP)
            self._frozen.append(victim)
            # By a thread of its own: on SQLite it may hold the lock that we wait for.
            Timer(self._random.uniform(*FREEZE_SECONDS), let_go_on, [victim]).start()
            self.counts[f"frozen beyond the lease: {role}"] += 1

    def kill_people(self):
        self._random.choice(self._arena.people).kill()
        self.counts["killed: people"] += 1

    def kill_the_door(self):
        self._random.choice(self._arena.doors).kill()
        self.counts["killed: the door for messages"] += 1

    def end_sessions(self):
        ended = self._arena.server.end_sessions(self._random.randint(1, 4))
        self.counts["sessions ended by the server"] += ended

    def restart_server(self):
        self._arena.server.restart(crash=False)
        self.counts["server restarted"] += 1

    def crash_server(self):
        self._arena.server.restart(crash=True)
        self.counts["server crashed and recovered"] += 1

    def reset_connections(self):
        self._arena.proxy.tell(f"reset {self._random.randint(1, 4)}")

    def hang_connections(self):
        seconds = self._random.uniform(*HANG_SECONDS)
        self._arena.proxy.tell(f"hang {self._random.randint(1, 2)} {seconds}")

    def lose_commits(self):
        self._arena.proxy.tell(f"lose_commit {self._random.randint(1, 4)}")

    def lose_answers(self):
        self._arena.proxy.tell(f"lose_answer {self._random.randint(1, 3)}")

    def cut_commits(self):
        self._arena.proxy.tell(f"cut_commit {self._random.randint(1, 3)}")

    def _somebody(self, weights):
        [role] = self._random.choices(ROLES, weights)
        worker = self._random.choice(self._arena.workers)
        found = worker.members().get(role, [])
        return role, self._random.choice(sorted(found, key=lambda one: one.pid)) if found else None


def let_go_on(process):
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGCONT)
