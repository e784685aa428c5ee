"""The records: nobody writes past them, and they explain everything."""

from django.db import IntegrityError, connection, transaction

from demo_project.claims.models import Claim
from demo_project.stage.scene import IBAN, Scene


def somebody_updates_the_table(scene: Scene) -> None:
    """The database itself keeps the promise."""
    scene.telling.chapter("Somebody tries it with SQL")
    number = scene.claim.rstrip("/").rpartition("/")[2]
    update = f"UPDATE {Claim._meta.db_table} SET status = 'draft' WHERE id = %s"  # noqa: S608  our table
    scene.telling.say(update.replace("%s", number))
    refusal = _refusal_of(update, number)
    scene.telling.say(f"The database: {refusal}")
    scene.promise(
        "The database itself refuses a change of state without its record.",
        bool(refusal) and scene.status()["state"] == "paid",
        scene.status(),
    )


def the_timeline_explains_it(scene: Scene) -> None:
    """The audit record, read aloud."""
    scene.telling.chapter("What happened to the claim, as everybody may read it")
    entries = scene.timeline()
    scene.telling.timeline(entries)
    told = " ".join(entry["text"] for entry in entries)
    wanted = ("Created by", "Submit", "Approve", "The bank is busy", "went away", "Settle")
    wanted += ("Asked what became of", "Heard from bank", "The mailbox does not exist")
    scene.promise(
        "The timeline tells all of it, in order and in plain words.",
        all(words in told for words in wanted)
        and [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
        and IBAN not in str(entries),
        [words for words in wanted if words not in told],
    )


def _refusal_of(update: str, number: str) -> str:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(update, [number])
    except IntegrityError as error:
        return str(error).splitlines()[0]
    return ""
