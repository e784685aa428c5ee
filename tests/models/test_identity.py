"""Ids sort by the time at which they were made, also within a millisecond."""

import time
import uuid

from tests.stories.races import at_once
from workflows_app.models.identity import uuid7


def test_an_id_is_a_uuid_of_version_7_with_the_present_time():
    made = uuid7()
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert abs((made.int >> 80) / 1000 - time.time()) < 5


def test_ids_of_one_thread_are_made_in_order():
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {one.version for one in made} == {7}


def test_threads_get_different_ids_in_order():
    batches = at_once(*[lambda: [uuid7() for _ in range(2_000)]] * 4)
    assert all(batch == sorted(batch) for batch in batches)
    assert len({one for batch in batches for one in batch}) == 8_000
