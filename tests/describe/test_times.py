"""Moments in words: as exact as somebody who waits for them needs."""

from datetime import UTC, datetime, timedelta

import pytest

from workflows_app.describe.times import spoken


@pytest.fixture(autouse=True)
def in_utc(settings):
    settings.TIME_ZONE = "UTC"


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (timedelta(seconds=2), "at 10:15:32"),
        (timedelta(seconds=59), "at 10:16:29"),
        (timedelta(minutes=6), "at 10:21"),
        (timedelta(days=1), "on 21 November at 10:15"),
    ],
)
def test_a_moment_is_as_exact_as_it_is_near(wait, words):
    now = datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)
    assert spoken(now + wait, seen_from=now) == words
