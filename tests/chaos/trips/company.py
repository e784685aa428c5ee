"""The client of every company outside: one question, and whether it certainly never left."""

import json
import os
from http.client import HTTPConnection, HTTPException


class Busy(Exception):
    """It took nothing."""


class Refused(Exception):
    """It will not do it."""


class Silent(Exception):
    """It may have done it."""


def ask(service, trip, run):
    """Have something done; its reference. Raises Busy, Refused or Silent."""
    undoes = run.undoes.key if run.undoes else None
    body = json.dumps({"key": run.key, "trip": str(trip.pk), "undoes": undoes})
    status, told = _exchange("POST", f"/{service}", body, run.remaining)
    if status == 503:
        raise Busy
    if status == 422:
        raise Refused
    return told["reference"]


def find(service, run):
    """What it knows of a key: its reference and state; None if nothing. Raises Silent."""
    try:
        status, told = _exchange("GET", f"/{service}?key={run.key}", None, run.remaining)
    except Busy as error:  # nobody was asked: that says nothing about what was done
        raise Silent from error
    return told if status == 200 else None


def _exchange(method, path, body, within):
    connection = HTTPConnection(
        "127.0.0.1", int(os.environ["CHAOS_OUTSIDE_PORT"]), timeout=within.total_seconds()
    )
    try:
        connection.connect()
    except OSError as error:
        raise Busy from error
    try:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except (OSError, HTTPException, ValueError) as error:
        raise Silent from error
    finally:
        connection.close()
