"""What operators do: decisions a machine must not take."""

from .erase import erase, erase_actor
from .force_cancel import force_cancel
from .foresee import Foreseen, foresee
from .override import override
from .place import place, place_all
from .prune import prune
from .replay import replay
from .resolve import resolve
from .retry_now import retry_now
from .skip import skip

__all__ = [
    "Foreseen",
    "erase",
    "erase_actor",
    "force_cancel",
    "foresee",
    "override",
    "place",
    "place_all",
    "prune",
    "replay",
    "resolve",
    "retry_now",
    "skip",
]
