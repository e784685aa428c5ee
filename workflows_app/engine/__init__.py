"""What happens: the door through which every command goes."""

from .accept import execute
from .create import create
from .edit import edit
from .many import execute_many
from .refuse import refusals

__all__ = ["create", "edit", "execute", "execute_many", "refusals"]
