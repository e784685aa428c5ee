"""Moments: as programs read them, and as people do."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

SOON = timedelta(minutes=1)


def stamp(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, as in ``2026-11-20T10:15:00Z``; None stays None."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def spoken(at: datetime, *, seen_from: datetime) -> str:
    """``at 10:21``, with seconds if it is soon, with the day if it is another one.

    In the time zone of the reader.
    """
    there, here = timezone.localtime(at), timezone.localtime(seen_from)
    clock = f"at {there:%H:%M:%S}" if at - seen_from < SOON else f"at {there:%H:%M}"
    return clock if there.date() == here.date() else f"on {there.day} {there:%B} {clock}"


def spoken_length(length: timedelta) -> str:
    """``2 hours``: a length in its largest unit."""
    seconds = length.total_seconds()
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def spoken_day(at: datetime) -> str:
    """``3 March 2026``, in the time zone of the reader."""
    there = timezone.localtime(at) if timezone.is_aware(at) else at
    return f"{there.day} {there:%B} {there.year}"
