"""The door for messages from outside: a web server with threads, that may be killed like all."""

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application


class Handler(WSGIRequestHandler):
    """Says nothing."""

    def log_message(self, *_arguments):
        """What comes and goes is in the journals."""


def main(port):
    server = ThreadedWSGIServer(("127.0.0.1", int(port)), Handler)
    server.daemon_threads = True
    server.set_app(get_wsgi_application())
    server.serve_forever()
