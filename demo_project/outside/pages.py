"""The page that shows people what the outside world believes."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .bank import BANK
from .switches import FAULTS, Switch

if TYPE_CHECKING:
    from .books import Entry
    from .world import World

LAST = 30  # messages and calls
LABELS = {"accept_then_drop": "accept, then drop", "timeout": "time-out"}
KEYS = {"honoured": "honours keys", "ignored": "ignores keys"}
SETTLES = {
    "settled": "settles transfers a little later",
    "refused": "refuses transfers a little later",
    "when_told": "settles transfers when told, below",
}

STYLE = Path(__file__).with_name("style.css").read_text()


def world_page(world: "World") -> str:
    """The whole page."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The outside world</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
<h1>The outside world</h1>
<p class="quiet">What the bank and the mail server believe, whatever our database says.</p>
<p><a href="/">Look again</a> · <a href="/log">The log as JSON</a></p>
</header>
<main>
{_company(world, "bank", "The bank", _transfers(world))}
{_company(world, "mail", "The mail server", _mails(world))}
{_messages(world)}
{_calls(world)}
</main>
</body>
</html>
"""


def _company(world: "World", company: str, title: str, table: str) -> str:
    switch = world.switches.of(company)
    return f"""<section aria-labelledby="{company}">
<h2 id="{company}">{title}</h2>
<p>It {_behaviour(switch)}. Keys are {escape(switch.keys)}.</p>
{_form(company, title, switch)}
{table}
</section>"""


def _behaviour(switch: Switch) -> str:
    if switch.fault is None:
        return '<span class="good">works</span>'
    times = "" if switch.count is None else f" ({switch.count} more times)"
    return f'<span class="bad">{escape(FAULTS[switch.fault])}</span>{times}'


def _form(company: str, title: str, switch: Switch) -> str:
    faults = {"": "works"} | {
        fault: f"{LABELS.get(fault, fault)}: {text}" for fault, text in FAULTS.items()
    }
    return f"""<form method="post" action="/faults">
<input type="hidden" name="company" value="{company}">
{_select("fault", f"How {title.lower()} behaves", faults, switch.fault or "")}
{_select("keys", "What becomes of keys", KEYS, switch.keys)}
{_manners(switch) if company == BANK else ""}
<button>Set</button>
</form>"""


def _manners(switch: Switch) -> str:
    """How the bank confirms what it accepted."""
    return f"""{_select("settles", "What becomes of a transfer", SETTLES, switch.settles)}
{_box("early", "and says so before it answers", switch.early)}
{_box("twice", "twice", switch.times > 1)}"""


def _select(name: str, label: str, options: Mapping[str, str], chosen: str) -> str:
    told = "".join(
        f'<option value="{value}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in options.items()
    )
    return f'<select name="{name}" aria-label="{escape(label)}">{told}</select>'


def _box(name: str, label: str, ticked: bool) -> str:
    checked = " checked" if ticked else ""
    return f'<label><input type="checkbox" name="{name}"{checked}> {label}</label>'


def _transfers(world: "World") -> str:
    rows = [
        [
            _code(entry.reference),
            _text(entry, "amount"),
            _state(world, entry),
            str(entry.calls),
            _text(entry, "to"),
            _time(entry.at),
            _code(entry.key),
        ]
        for entry in world.books.entries("bank")
    ]
    heads = ["Reference", "Amount", "State", "Asked", "To", "At (UTC)", "Key"]
    return _table(heads, rows, "No transfers yet.")


def _mails(world: "World") -> str:
    rows = [
        [
            _code(entry.reference),
            _text(entry, "subject"),
            str(entry.calls),
            _text(entry, "to"),
            _time(entry.at),
            _code(entry.key),
        ]
        for entry in world.books.entries("mail")
    ]
    return _table(["Reference", "Subject", "Asked", "To", "At (UTC)", "Key"], rows, "No mail yet.")


def _text(entry: "Entry", name: str) -> str:
    return escape(str(entry.body.get(name, "")))


def _state(world: "World", entry: "Entry") -> str:
    """The state; with buttons, where the bank waits to be told what becomes of the transfer."""
    if entry.state != "accepted" or world.messenger.about(entry):
        return escape(entry.state)
    return f"""<form method="post" action="/settle">{entry.state}
<input type="hidden" name="key" value="{escape(entry.key)}">
<button name="state" value="settled">settle</button>
<button name="state" value="refused">refuse</button></form>"""


def _messages(world: "World") -> str:
    rows = [
        [
            _time(message["at"]),
            _code(message["body"]["data"]["reference"]),
            escape(message["state"]),
            _code(message["message"]),
            str(message["tries"]),
            _heard(message),
        ]
        for message in world.messenger.messages(latest=LAST)
    ]
    heads = ["Written (UTC)", "Transfer", "Says", "Message", "Tries", "Answer"]
    return f"""<section aria-labelledby="messages">
<h2 id="messages">What the bank tells us</h2>
{_table(heads, rows, "Nothing yet.")}
</section>"""


def _heard(message: Mapping[str, Any]) -> str:
    if not message["tries"]:
        return "not sent yet"
    return "nobody answered" if message["status"] is None else str(message["status"])


def _calls(world: "World") -> str:
    rows = [
        [
            _time(call["at"]),
            escape(f"{call['method']} {call['path'].partition('?')[0]}"),
            _code(call["key"]),
            escape(call["caller"]),
            escape(_outcome(call)),
        ]
        for call in reversed(world.books.calls(latest=LAST))
    ]
    heads = ["At (UTC)", "Asked", "Key", "From", "Answer"]
    return f"""<section aria-labelledby="calls">
<h2 id="calls">What they were asked</h2>
{_table(heads, rows, "Nobody called yet.")}
</section>"""


def _outcome(call: Mapping[str, Any]) -> str:
    answer = "none" if call["status"] is None else str(call["status"])
    return f"{answer} ({LABELS.get(call['fault'], call['fault'])})" if call["fault"] else answer


def _table(heads: list[str], rows: list[list[str]], none: str) -> str:
    if not rows:
        return f'<p class="quiet">{none}</p>'
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _time(at: str) -> str:
    return f'<time datetime="{escape(at)}">{escape(at[11:23])}</time>'
