"""What happens: the door through which every command goes."""

from .accept import execute
from .create import create
from .many import execute_many
from .refuse import refusals

__all__ = ["create", "execute", "execute_many", "refusals"]
