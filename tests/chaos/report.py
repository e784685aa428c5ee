"""What happened, as text: by kind, with rates, every promise, and how to run it again."""

from collections import Counter

from tests.chaos.journal import lines_of
from workflows_app.models import EffectRun, Event, Message, Operation, Timer

MOST_SENTENCES = 20


def report(battle, book, broken):
    plan = battle.plan
    seconds = battle.storm_seconds
    lines = [
        f"\n=== {plan.database}, seed {plan.seed}: {battle.accepted} operations of people in"
        f" {seconds:.0f} s of storm ({battle.accepted / seconds:.0f} a second),"
        f" {battle.calm_seconds:.0f} s of calm;"
        f" {EffectRun.objects.count()} runs, {len(book)} calls outside",
        *table("what went wrong", battle.troubles.counts + network(battle.arena)),
        *table("what people did", habits(battle.arena)),
        *table("what the clerk decided", battle.clerk.counts),
        *table("operations", counted(Operation.objects, "transition")),
        *table("runs", counted(EffectRun.objects, "effect", "state")),
        *table("events", counted(Event.objects, "kind")),
        *table("messages", counted(Message.objects, "type", "state")),
        *table("clocks", counted(Timer.objects, "clock", "state")),
        *table("calls outside", Counter(f"{one['service']} {one['outcome']}" for one in book)),
        *table("letters from outside", Counter(battle.arena.letters())),
        *promises(broken),
        f'again: make chaos ARGS="--database {plan.database} --operations {plan.operations}'
        f' --minutes {plan.minutes:g} --every {plan.trouble_every_seconds:g} --seed {plan.seed}"',
    ]
    return "\n".join(lines)


def table(title, counts):
    told = ", ".join(f"{what} {times}" for what, times in sorted(counts.items()))
    return [f"{title} ({counts.total()}): {told or 'nothing'}"]


def network(arena):
    words = {
        "reset": "connections reset", "hang": "connections half open",
        "lose_commit": "answers of a COMMIT lost", "lose_answer": "answers lost",
        "cut_commit": "connections cut before a COMMIT",
    }  # fmt: skip
    return Counter({words[verb]: times for verb, times in arena.network_counts().items()})


def habits(arena):
    counts = Counter()
    for line in lines_of(arena.journals()):
        if line["word"] == "did":
            counts[line["what"]] += 1
        elif line["word"] == "refused":
            counts[f"refused: {line['code']}"] += 1
        elif line["word"] == "answered":
            counts["answered"] += 1
            counts["answered by an earlier operation"] += line["replayed"]
            counts["asked again until answered"] += line["tries"] > 1
    return counts


def counted(rows, *columns):
    values = rows.values_list(*columns).order_by()
    return Counter(" ".join(map(str, row)) for row in values)


def promises(broken):
    held = [name for name, sentences in broken.items() if not sentences]
    lines = [f"held: {', '.join(held)}"]
    for name, sentences in broken.items():
        if sentences:
            lines.append(f"BROKEN: {name} ({len(sentences)})")
            lines += [f"    {sentence}" for sentence in sentences[:MOST_SENTENCES]]
    return lines
