"""What operators do: decisions a machine must not take."""

from .place import place, place_all
from .prune import prune
from .resolve import resolve, skip

__all__ = ["place", "place_all", "prune", "resolve", "skip"]
