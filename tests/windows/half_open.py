"""A connection that is half open: a proxy in between that stops to pass anything on."""

import select
import socket
import threading
from contextlib import contextmanager, suppress

CHUNK = 65536


class HalfOpen:
    """Passes on what either side says, until ``fall_silent()``; then both hear nothing more."""

    def __init__(self, host, port):
        family = socket.AF_UNIX if host.startswith("/") else socket.AF_INET
        self._server = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)
        self._family = family
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._silent = threading.Event()
        self._sockets = [self._door]
        threading.Thread(target=self._welcome, daemon=True).start()

    def fall_silent(self):
        """From now on nothing comes through on the connections there are, and none is refused."""
        self._silent.set()

    def _welcome(self):
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.socket(self._family)
                server.connect(self._server)
                self._sockets += [client, server]
                threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    def _pass_on(self, client, server):
        other = {client: server, server: client}
        with suppress(OSError):
            while not self._silent.is_set():
                ready, _, _ = select.select(list(other), [], [], 0.05)
                for one in ready:
                    said = one.recv(CHUNK)
                    if not said:
                        return other[one].close()
                    other[one].sendall(said)
        return None

    def close(self):
        """Hang up on everybody."""
        self._silent.set()
        for one in self._sockets:
            one.close()


@contextmanager
def half_open(host, port):
    """A proxy in front of this server."""
    proxy = HalfOpen(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
