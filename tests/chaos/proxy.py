"""The way to the database: a process between it and everybody else, that can be told to fail.

Started with the path of the server's socket, it prints the port it listens on, and then reads
orders, one a line: `reset 2`, `hang 2 6.0`, `lose_commit 3`, `lose_answer 3`, `cut_commit 3`,
`calm`, `count` (prints how often each came to pass).
"""

import asyncio
import json
import random
import socket
import struct
import sys
from collections import Counter

RESET_AT_ONCE = struct.pack("ii", 1, 0)
#: A COMMIT stands at the beginning of its message, in PostgreSQL's protocol and in MariaDB's.
HEAD = 64


class Gate:
    """What the proxy was told, and every session that goes through it."""

    def __init__(self, server, seed):
        self.server, self.random = server, random.Random(seed)
        self.sessions = set()
        self.armed = Counter()
        self.counts = Counter()

    def order(self, line):
        verb, *numbers = line.split()
        if verb == "count":
            sys.stdout.write(json.dumps(self.counts) + "\n")
            sys.stdout.flush()
        elif verb == "calm":
            self.armed.clear()
        elif verb in ("reset", "hang"):
            chosen = sorted(self.sessions, key=id)
            for session in self.random.sample(chosen, min(int(numbers[0]), len(chosen))):
                session.reset() if verb == "reset" else session.hang(float(numbers[1]))
                self.counts[verb] += 1
        else:
            self.armed[verb] += int(numbers[0])

    def use(self, verb):
        """Whether this was ordered and is not used up."""
        if self.armed[verb] <= 0:
            return False
        self.armed[verb] -= 1
        self.counts[verb] += 1
        return True


class Session:
    """One client's connection, and its other half to the server."""

    def __init__(self, gate):
        self.gate = gate
        self.client = self.server = None
        self.waiting = []  # what the client said before the server was there
        self.hung = self.swallows = self.over = False

    def from_client(self, data):
        if self.hung:
            return
        if is_commit(data):
            if self.gate.use("cut_commit"):
                self.reset()
                return
            self.swallows = self.gate.use("lose_commit")
        elif self.gate.armed["lose_answer"] and self.gate.random.random() < 0.02:
            self.swallows = self.gate.use("lose_answer")
        if self.server is None:
            self.waiting.append(data)
        else:
            self.server.write(data)

    def from_server(self, data):
        if self.hung:
            return
        if self.swallows:  # it is done, and the client never hears of it
            self.reset()
        elif self.client is not None:
            self.client.write(data)

    def hang(self, seconds):
        """Nothing goes through any more, though nobody hangs up; in the end it breaks."""
        self.hung = True
        asyncio.get_running_loop().call_later(seconds, self.reset)

    def reset(self):
        self.over = True
        self.gate.sessions.discard(self)
        for transport in (self.client, self.server):
            if transport is not None:
                end = transport.get_extra_info("socket")
                if end.family == socket.AF_INET and end.fileno() >= 0:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
                transport.abort()

    def closed(self):
        if not self.hung:
            self.reset()


class ClientHalf(asyncio.Protocol):
    def __init__(self, gate):
        self.session = Session(gate)

    def connection_made(self, transport):
        self.session.client = transport
        self.session.gate.sessions.add(self.session)
        self.opening = asyncio.ensure_future(self._open())

    async def _open(self):
        session = self.session
        try:
            loop = asyncio.get_running_loop()
            await loop.create_unix_connection(lambda: ServerHalf(session), session.gate.server)
        except OSError:  # the server is down
            session.reset()

    def data_received(self, data):
        self.session.from_client(data)

    def connection_lost(self, error):
        self.session.closed()


class ServerHalf(asyncio.Protocol):
    def __init__(self, session):
        self.session = session

    def connection_made(self, transport):
        self.session.server = transport
        if self.session.over:
            transport.abort()
        transport.write(b"".join(self.session.waiting))

    def data_received(self, data):
        self.session.from_server(data)

    def connection_lost(self, error):
        self.session.closed()


def is_commit(data):
    return b"commit" in data[:HEAD].lower()


async def main(server, seed):
    gate, loop = Gate(server, seed), asyncio.get_running_loop()
    listening = await loop.create_server(lambda: ClientHalf(gate), "127.0.0.1", 0, backlog=500)
    sys.stdout.write(f"{listening.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := (await orders.readline()).decode():
        gate.order(line)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
