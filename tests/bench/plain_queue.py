"""What this machine's PostgreSQL does with a queue of plain SQL: no engine, no objects, no events.

The least rates of the drain are for a machine on which this does `BATCHED` and `MARKED` runs a
second, as the one did where they were set. On a slower one they are as much lower.
"""

import time

from django.db import connection

BATCHED, MARKED = 24_000, 1_300
BATCH = 200

_TABLE = """
CREATE TABLE plain_queue AS
    SELECT n AS id, 'queued' AS state, NOW() AS due, 0 AS fence, NULL::timestamptz AS lease_until
    FROM generate_series(1, %s) AS one(n);
CREATE UNIQUE INDEX plain_queue_id ON plain_queue (id);
CREATE INDEX plain_queue_claimable ON plain_queue (due, id) WHERE state = 'queued';
ANALYZE plain_queue
"""
_CLAIM = """
UPDATE plain_queue SET state = 'running', fence = fence + 1, lease_until = NOW() + '1 min'
WHERE id IN (
    SELECT id FROM plain_queue WHERE state = 'queued' AND due <= NOW()
    ORDER BY due, id LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING id
"""
_MARK = "UPDATE plain_queue SET lease_until = NOW() + '1 min' WHERE id = %s AND fence = 1"
_SETTLE = "UPDATE plain_queue SET state = 'done' WHERE id = ANY(%s) AND fence = 1"


def speed_of_batches(how_many=20_000):
    """Runs a second, claimed and settled by the batch."""
    return _speed(how_many, lambda cursor, ids: cursor.execute(_SETTLE, [ids]))


def speed_of_marks(how_many=2_000):
    """Runs a second, each marked and settled in a commit of its own."""
    return _speed(how_many, _one_by_one)


def _one_by_one(cursor, ids):
    for one in ids:
        cursor.execute(_MARK, [one])
        cursor.execute(_SETTLE, [[one]])


def _speed(how_many, settle):
    with connection.cursor() as cursor:
        cursor.execute(_TABLE, [how_many])
        began = time.monotonic()
        while ids := _claimed(cursor):
            settle(cursor, ids)
        seconds = time.monotonic() - began
        cursor.execute("DROP TABLE plain_queue")
    return how_many / seconds


def _claimed(cursor):
    cursor.execute(_CLAIM, [BATCH])
    return [key for (key,) in cursor.fetchall()]
