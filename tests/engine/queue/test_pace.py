"""The pace of tokens: fast while they find work, slow while they do not."""

from datetime import timedelta

import pytest

from workflows_app.engine.queue.pace import SLOWEST, Pace

STEP = timedelta(milliseconds=15)
NONE = timedelta(0)


@pytest.fixture
def pace():
    return Pace(step=STEP, free_tries=2)


def spend(pace, tokens):
    for _ in range(tokens):
        pace.note_token()


def test_the_first_token_goes_at_once(pace):
    assert pace.until_next(0) == NONE


def test_the_next_waits_until_the_first_may_have_claimed(pace):
    spend(pace, 1)
    assert NONE < pace.until_next(0) <= STEP


def test_after_a_token_that_found_work_the_next_goes_at_once(pace):
    spend(pace, 20)
    assert pace.until_next(1) == NONE


def test_tokens_that_find_nothing_make_the_next_wait_longer_up_to_a_second(pace):
    spend(pace, 6)
    assert 8 * STEP < pace.until_next(0) <= 16 * STEP
    spend(pace, 1000)
    assert SLOWEST * 0.9 < pace.until_next(0) <= SLOWEST


def test_when_nothing_is_left_to_do_it_begins_anew(pace):
    spend(pace, 20)
    pace.ease()
    spend(pace, 1)
    assert pace.until_next(0) <= STEP


def test_whoever_cannot_tell_keeps_an_even_pace():
    pace = Pace(step=STEP)
    spend(pace, 1000)
    assert NONE < pace.until_next(0) <= STEP
