"""The page that shows people what the outside world believes."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from .switches import FAULTS, Switch

if TYPE_CHECKING:
    from .books import Entry
    from .world import World

LAST_CALLS = 30
LABELS = {"accept_then_drop": "accept, then drop", "timeout": "time-out"}

STYLE = """
:root { color-scheme: light dark; --line: #8886; --quiet: #5b6370; --card: #fff; --page: #f3f4f6;
  --good: #17693a; --bad: #a3261b; --link: #0b57b0; }
@media (prefers-color-scheme: dark) { :root { --quiet: #a8b0bd; --card: #1d2128; --page: #14171c;
  --good: #6fd08c; --bad: #ff9a8d; --link: #8ab8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem 1rem 4rem; background: var(--page);
  font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--link); }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.2; }
h2 { margin: 0 0 .5rem; font-size: 1.15rem; }
section { margin-top: 1.25rem; padding: 1rem; background: var(--card); border-radius: .6rem;
  border: 1px solid var(--line); }
p { margin: .25rem 0 .75rem; max-width: 65ch; }
.quiet { color: var(--quiet); }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: .5rem 0 1rem; }
select, button { font: inherit; padding: .3rem .6rem; max-width: 100%; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; min-width: 60rem; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0;
  border-bottom: 1px solid var(--line); }
th { color: var(--quiet); font-weight: 500; white-space: nowrap; }
code { font: .85em ui-monospace, monospace; white-space: nowrap; }
"""


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
{_company(world, "bank", "The bank", "transfers", ("to", "amount"))}
{_company(world, "mail", "The mail server", "messages", ("to", "subject"))}
{_calls(world)}
</main>
</body>
</html>
"""


def _company(
    world: "World", company: str, title: str, things: str, columns: tuple[str, ...]
) -> str:
    switch, entries = world.switches.of(company), world.books.entries(company)
    return f"""<section aria-labelledby="{company}">
<h2 id="{company}">{title}</h2>
<p>It {_behaviour(switch)}. Keys are {escape(switch.keys)}.</p>
{_form(company, title, switch)}
{_entries(entries, things, columns)}
</section>"""


def _behaviour(switch: Switch) -> str:
    if switch.fault is None:
        return '<span class="good">works</span>'
    times = "" if switch.count is None else f" ({switch.count} more times)"
    return f'<span class="bad">{escape(FAULTS[switch.fault])}</span>{times}'


def _form(company: str, title: str, switch: Switch) -> str:
    options = "".join(
        f'<option value="{fault}"{" selected" if fault == (switch.fault or "") else ""}>'
        f"{escape(LABELS.get(fault, fault) + ': ' if fault else '')}{escape(text)}</option>"
        for fault, text in {"": "works", **FAULTS}.items()
    )
    return f"""<form method="post" action="/faults">
<input type="hidden" name="company" value="{company}">
<select name="fault" aria-label="How {title.lower()} behaves">{options}</select>
<button>Set</button>
</form>"""


def _entries(entries: Iterable["Entry"], things: str, columns: tuple[str, ...]) -> str:
    rows = [
        [
            _code(entry.reference),
            *(escape(str(entry.body.get(column, ""))) for column in columns),
            _code(entry.key),
            str(entry.calls),
            _time(entry.at),
        ]
        for entry in entries
    ]
    heads = ["Reference", *(column.capitalize() for column in columns), "Key", "Asked", "At (UTC)"]
    return _table(heads, rows, f"No {things} yet.")


def _calls(world: "World") -> str:
    rows = [
        [
            _time(call["at"]),
            escape(call["company"]),
            _code(call["key"]),
            escape(call["caller"]),
            escape(_outcome(call)),
        ]
        for call in reversed(world.books.calls()[-LAST_CALLS:])
    ]
    heads = ["At (UTC)", "To", "Key", "From", "Answer"]
    return f"""<section aria-labelledby="calls">
<h2 id="calls">The last calls</h2>
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
