"""Everything that runs for one database: its server, the way to it, the world, workers, people."""

import json
import os
import socket
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from tests.chaos.processes import Actor, environment_with
from tests.cluster_members import wait_until

START_SECONDS = 60
WORKERS = 2
PEOPLE = 2
WITH_DJANGO = ("-m", "tests.chaos.with_django")
WORKER = ("-m", "django", "workflows_worker", "--workers", "2")


class Arena:
    """The processes, by what they are."""

    def __init__(self, server, directory, seed):
        self.server = server
        self.seed = seed
        self.logs = directory
        self.proxy = self.outside = None
        self.workers, self.people, self.doors = [], [], []

    def open(self):
        web_port = f"{free_port()}"
        outside = ["-m", "tests.chaos.outside", "0", f"{self.seed}", web_port]
        self.outside = self._actor("outside", outside)
        outside_port = self.outside.first_line()
        port = 0
        if self.server.path:
            proxy = ["-m", "tests.chaos.proxy", self.server.path, f"{self.seed}"]
            self.proxy = self._actor("proxy", proxy)
            port = self.proxy.first_line()
        self._outside_port = int(outside_port)
        self.environment = environment_with(
            WORKFLOWS_TEST_DATABASE=self.server.through(port), CHAOS_OUTSIDE_PORT=outside_port
        )
        self.doors = [self._living("web", [*WITH_DJANGO, "tests.chaos.web", web_port])]
        self.workers = [self._living(f"worker {n}", WORKER) for n in range(WORKERS)]
        self.people = [self._living(f"people {n}", self._people(n)) for n in range(PEOPLE)]
        wait_until(self.everybody_is_there, "everybody is there", START_SECONDS)

    def everybody_is_there(self):
        complete = all(worker.members().get("worker") for worker in self.workers)
        return complete and len(self.journals()) == PEOPLE

    def start_again(self):
        """Whoever was killed as a whole: somebody outside of us would start him again."""
        for actor in [*self.workers, *self.people, *self.doors]:
            if not actor.alive:
                actor.start()

    def send_people_home(self):
        for person in self.people:
            person.stop()
        self.people = []

    def calm(self):
        """The network holds, and the world does at once what it is asked."""
        if self.proxy:
            self.proxy.tell("calm")
        self.ask_outside("/calm")

    def book(self):
        return self.ask_outside("/book")

    def letters(self):
        """What the postman has done, and how much he still has."""
        return self.ask_outside("/letters")

    def ask_outside(self, path):
        connection = HTTPConnection("127.0.0.1", self._outside_port, timeout=60)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def network_counts(self):
        if not self.proxy:
            return {}
        self.proxy.tell("count")
        return json.loads(self.proxy.first_line())

    def journals(self):
        return sorted(self.logs.glob("*.journal"))

    def close(self):
        for actor in [*self.people, *self.workers, *self.doors]:
            actor.stop()
        for actor in [self.proxy, self.outside]:
            if actor:
                actor.kill()

    def _people(self, number):
        journal = self.logs / f"people-{number}.journal"
        return [
            *WITH_DJANGO,
            "tests.chaos.people",
            f"{number}",
            f"{self.seed}-{number}",
            f"{journal}",
        ]

    def _actor(self, name, command):
        return Actor(name, command, dict(os.environ), self.logs, piped=True)

    def _living(self, name, command):
        return Actor(name, command, self.environment, self.logs)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@contextmanager
def opened(server, directory, seed):
    arena = Arena(server, Path(directory), seed)
    try:
        arena.open()
        yield arena
    finally:
        arena.close()
