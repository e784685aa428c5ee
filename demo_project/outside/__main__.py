"""Start the outside world: ``python -m demo_project.outside``.

The first line it prints is JSON: the addresses of its pages, its bank and its mail server.
"""

import argparse
import json
import os
import sys
import threading
from contextlib import suppress

from .world import World


def main() -> None:
    """Serve until a signal."""
    asked = _arguments()
    secret = os.environ.get("BANK_WEBHOOK_SECRET", "")
    if asked.told and not secret:
        sys.exit("The bank signs what it says: set BANK_WEBHOOK_SECRET.")
    world = World(asked.host, _ports(asked), asked.books, told=asked.told, secret=secret)
    sys.stdout.write(json.dumps(world.addresses) + "\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo_project.outside", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--port",
        type=int,
        default=9000,
        help="pages and switches; the bank and the mail server take the next two (0: free ones)",
    )
    parser.add_argument("--books", default=":memory:", help="SQLite file that outlives the process")
    parser.add_argument(
        "--told", default="", help="address the bank tells, signed with BANK_WEBHOOK_SECRET"
    )
    return parser.parse_args()


def _ports(asked: argparse.Namespace) -> dict[str, int]:
    names = ("outside", "bank", "mail")
    return {name: asked.port and asked.port + n for n, name in enumerate(names)}


if __name__ == "__main__":
    main()
