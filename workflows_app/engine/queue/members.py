"""The processes of a worker: each has a role it can be found by, and dies with its parent."""

import ctypes
import os
import signal
import sys
from multiprocessing.context import ForkContext, ForkProcess
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15


class Member(ForkProcess):
    """A process of the cluster, named in ``/proc/<pid>/comm`` for its role."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._role = arguments["target"].__name__.lower()
        self._parent = os.getpid()

    def run(self) -> None:
        """Take the role, then do what it is for."""
        name_process(self._role)
        die_with(self._parent)
        super().run()

    def terminate(self) -> None:
        """End it; a member does not listen to SIGTERM, see ``leave_stopping_to_main``."""
        self.kill()


class MemberContext(ForkContext):
    """Makes members."""

    Process = Member


def name_process(role: str) -> None:
    """Be ``wf-<role>`` in process lists (at most 15 characters count)."""
    _prctl(PR_SET_NAME, f"wf-{role}".encode())


def die_with(parent: int) -> None:
    """Be killed when the parent is, so that none of us is left behind (Linux)."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we said so
        os._exit(1)


def lead_a_group() -> None:
    """Be the group that main can kill as one, and that Ctrl-C in main's terminal does not hit."""
    os.setpgid(0, 0)


def leave_stopping_to_main() -> None:
    """A SIGTERM to everybody (as systemd sends) is main's business.

    A handler that does nothing, not SIG_IGN: what a worker executes must not inherit it.
    """
    signal.signal(signal.SIGTERM, _do_nothing)


def _do_nothing(_number: int, _frame: Any) -> None:
    pass


def _prctl(option: int, argument: Any) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, argument, 0, 0, 0)
