"""A request through the whole handler - middleware, routing, view, rendering - and nothing more.

Django's test client would add its own work to both sides and so hide a difference.
"""

import json

from django.test import RequestFactory


class Unexpected(AssertionError):
    """A measured request had another answer than the one it is measured for."""


def prepared(handler, method, path, data, *, token, expected, headers=None):
    """A callable that sends this JSON request and insists on the `expected` status code."""
    environ = (
        RequestFactory()
        .generic(
            method,
            path,
            json.dumps(data),
            content_type="application/json",
            headers={"Authorization": f"Token {token}"} | (headers or {}),
        )
        .environ
    )
    return lambda: send(handler, environ, expected)


def send(handler, environ, expected):
    status = []
    response = handler(environ, lambda line, headers, exc_info=None: status.append(line))
    body = b"".join(response)
    response.close()
    if not status[0].startswith(str(expected)):
        raise Unexpected(f"{status[0]} instead of {expected}: {body.decode()}")
