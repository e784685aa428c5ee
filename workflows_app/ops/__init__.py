"""What operators do: decisions a machine must not take."""

from .place import place, place_all
from .resolve import resolve, skip

__all__ = ["place", "place_all", "resolve", "skip"]
