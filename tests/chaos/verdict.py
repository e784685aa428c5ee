"""What became of every promise: the engine's, to people, and in the books of the companies."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

from tests.chaos.journal import lines_of
from tests.chaos.trips.models import Trip
from tests.chaos.trips.workflow import CHARGED, SEATED
from workflows_app.models import Operation
from workflows_app.testing.invariants import Heard, broken_invariants

#: One effect in a hundred may begin so late (I11): all workers are frozen at times, or killed.
LAG = timedelta(seconds=60)


def everything_broken(battle, book):
    """Sentences about what is broken, by promise; no sentence where one holds."""
    heard = [
        Heard(one["key"], at=datetime.fromtimestamp(one["at"], UTC), took=one["took"])
        for one in book
    ]
    journal = list(lines_of(battle.arena.journals()))
    return {
        "rest": [] if battle.at_rest else ["Something is still under way long after the storm."],
        **broken_invariants(heard, quiet=True, lag=LAG),
        "answers": list(broken_answers(journal)),
        "books": list(broken_books(book)),
    }


def broken_answers(journal):
    """Who was told "accepted" finds it stored, once, whatever broke; who was refused, nothing."""
    by_key = dict(Operation.objects.exclude(key=None).values_list("key", "id"))
    given = defaultdict(set)
    for line in journal:
        if line["word"] == "answered":
            given[line["key"]].add(line["operation"])
    for key, operations in given.items():
        if operations != {str(by_key.get(key))}:
            yield f"key {key} was answered with {operations}; stored is {by_key.get(key)}."
    for line in journal:
        if line["word"] == "astonished":
            yield f"key {line['key']}: {line['verb']} ended in {line['error']}."
        if line["word"] == "refused" and line["key"] in by_key and line["key"] not in given:
            yield f"key {line['key']} was refused ({line['code']}), and is stored nevertheless."


def broken_books(book):
    """One seat for each trip that is booked, one charge for each that is paid; else none."""
    kept = Counter(
        (entry["service"], int(entry["trip"])) for entry in book if entry["state"] == "settled"
    )
    for pk, status in Trip.objects.values_list("pk", "status"):
        for service, states in (("reserve", SEATED), ("charge", CHARGED)):
            if kept[service, pk] != int(status in states):
                yield f"trip {pk} is {status}, and the book has {kept[service, pk]} of {service}."
