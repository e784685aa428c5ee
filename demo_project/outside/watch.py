"""The door for those who watch the world: a page, the books, and the switches."""

import json
from typing import Any
from urllib.parse import parse_qs

from .bank import BANK
from .doors import Handler
from .pages import STYLE, world_page
from .switches import WrongSwitch

HINT = "GET /, /log, /faults, /books?company=bank or /messages; PUT /faults or /settle."


class WatchHandler(Handler):
    """For those who watch: what they see, and what they turn."""

    def do_GET(self) -> None:
        """Show what the world believes."""
        match self.place:
            case "/":
                self.write(200, "text/html; charset=utf-8", world_page(self.world))
            case "/style.css":
                self.write(200, "text/css", STYLE)
            case "/log":
                self.answer(200, self.world.books.calls())
            case "/books":
                entries = self.world.books.entries(self.asked("company") or BANK, self.asked("key"))
                self.answer(200, [entry.as_json() for entry in entries])
            case "/messages":
                self.answer(200, self.world.messenger.messages())
            case "/faults":
                self.answer(200, self.world.switches.as_json())
            case _:
                self.answer(404, {"detail": HINT})

    def do_PUT(self) -> None:
        """Turn switches, or settle a transfer that waits to be told."""
        try:
            done = self._turn(self.place, json.loads(self.read()))
        except (ValueError, TypeError, AttributeError):
            return self.answer(400, {"detail": "Send a JSON object."})
        except WrongSwitch as error:
            return self.answer(400, {"detail": str(error)})
        return self.answer(*done)

    def do_POST(self) -> None:
        """The same, with the forms of the page."""
        form = {name: values[0] for name, values in parse_qs(self.read().decode()).items()}
        try:
            self._turn(self.place, form if self.place == "/settle" else _switch_of(form))
        except (KeyError, ValueError, WrongSwitch) as error:
            return self.answer(400, {"detail": str(error)})
        return self.write(303, "text/plain", "", Location="/")

    def _turn(self, place: str, wanted: dict[str, Any]) -> tuple[int, Any]:
        match place:
            case "/faults":
                self.world.turn(wanted)
                return 200, self.world.switches.as_json()
            case "/settle":
                key, state = str(wanted.get("key", "")), str(wanted.get("state", ""))
                times = int(wanted.get("times", 1))
                if state not in ("settled", "refused"):
                    raise WrongSwitch('send {"key": ..., "state": "settled" or "refused"}')
                self.world.bank.settle(key, state, times=times)
                return 202, {"detail": "It will be said."}
            case _:
                return 404, {"detail": HINT}


def _switch_of(form: dict[str, str]) -> dict[str, Any]:
    """What a company's form says: a box that is not ticked is not sent."""
    wanted: dict[str, Any] = {"fault": form.get("fault") or None}
    if form["company"] == BANK:
        wanted["early"] = "early" in form
        wanted["times"] = 2 if "twice" in form else 1
    wanted |= {name: form[name] for name in ("keys", "settles") if name in form}
    return {form["company"]: wanted}
