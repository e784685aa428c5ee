"""What operators do: decisions a machine must not take."""

from .erase import erase, erase_actor
from .place import place, place_all
from .prune import prune
from .resolve import resolve, skip

__all__ = ["erase", "erase_actor", "place", "place_all", "prune", "resolve", "skip"]
