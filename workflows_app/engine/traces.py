"""Traces for the log: where it went wrong and what kind of exception it was, not what it said.

The text of an exception may quote a payload (PostgreSQL: "Failing row contains ..."), and payloads
are never logged.
"""


class Untold(Exception):
    """Stands for an exception in the log: its type and its frames, without its text."""


def untold(error: BaseException) -> Untold:
    """What a log line takes as ``exc_info`` for this exception, causes included."""
    told = Untold(type(error).__qualname__)
    told.__traceback__ = error.__traceback__
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    told.__cause__ = None if earlier is None else untold(earlier)
    return told
