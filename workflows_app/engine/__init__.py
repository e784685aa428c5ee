"""What happens: the door through which every command goes.

``Command`` and ``Run`` are the types of ``cmd`` and ``run`` in a contract.
"""

from .accept import execute
from .command import Command
from .create import create
from .edit import edit
from .inbox import receive
from .many import execute_many
from .refuse import refusals
from .run import Run

__all__ = ["Command", "Run", "create", "edit", "execute", "execute_many", "receive", "refusals"]
